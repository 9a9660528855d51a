"use strict";

const picked = document.getElementById("image");
const drop = document.getElementById("drop");
const preview = document.getElementById("preview");
const dropWords = document.getElementById("drop-words");
const ask = document.getElementById("ask");
let shown = "";

function show(file) {
  if (shown) URL.revokeObjectURL(shown);
  shown = file ? URL.createObjectURL(file) : "";
  preview.hidden = !file;
  dropWords.hidden = Boolean(file);
  if (!file) return;
  preview.src = shown;
  preview.alt = `Chosen image: ${file.name}`;
}

function take(files) {
  const image = [...files].find((file) => file.type.startsWith("image/") || /\.(heic|heif|tiff?|avif)$/i.test(file.name));
  if (!image) return false;
  const carried = new DataTransfer();
  carried.items.add(image);
  picked.files = carried.files;
  show(image);
  document.getElementById("question").focus();
  return true;
}

// A format that the browser cannot show is still sent: the server decodes more of them.
preview.addEventListener("error", () => {
  preview.hidden = true;
  dropWords.hidden = false;
  dropWords.textContent = picked.files[0]?.name ?? "";
});
picked.addEventListener("change", () => show(picked.files[0]));
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  if (event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (take(event.clipboardData?.files ?? [])) event.preventDefault();
});
ask.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask.requestSubmit();
});
if (picked.files.length) show(picked.files[0]);
