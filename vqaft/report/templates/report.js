"use strict";

const form = document.getElementById("filter");
const found = form.elements.namedItem("found");
const groups = [...document.querySelectorAll(".group")].map((element) => ({
  element,
  outcome: element.dataset.outcome,
  rows: [...element.querySelectorAll(".row")].map((row) => ({ element: row, kind: row.dataset.kind, type: row.dataset.type })),
}));
const total = groups.reduce((sum, group) => sum + group.rows.length, 0);

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

function chosen(name) {
  return form.elements.namedItem(name)?.value ?? "";
}

function contains(row, words) {
  row.text ??= folded(row.element.textContent);
  return words.every((word) => row.text.includes(word));
}

function apply() {
  const outcomes = new Set([...form.querySelectorAll("[name=outcome]:checked")].map((box) => box.value));
  const words = folded(chosen("search")).split(/\s+/).filter(Boolean);
  const kind = chosen("kind");
  const type = chosen("type");
  let shown = 0;
  for (const group of groups) {
    let here = 0;
    const wanted = outcomes.size === 0 || outcomes.has(group.outcome);
    for (const row of group.rows) {
      const fits = wanted && (!kind || row.kind === kind) && (!type || row.type === type) && contains(row, words);
      if (row.element.hidden === fits) row.element.hidden = !fits;
      here += fits ? 1 : 0;
    }
    group.element.hidden = here === 0;
    shown += here;
  }
  found.textContent = `${shown.toLocaleString("en")} of ${total.toLocaleString("en")} examples`;
}

let waiting = 0;
form.hidden = false;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(apply, 120);
});
form.addEventListener("submit", (event) => event.preventDefault());
apply();

const viewer = document.getElementById("viewer");
const large = viewer.querySelector(".large");

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.picture");
  if (button) {
    large.className = `large ${[...button.classList].find((name) => /^i\d+$/.test(name))}`;
    large.setAttribute("aria-label", button.getAttribute("aria-label").replace(/, show larger$/, ""));
    document.getElementById("viewer-caption").textContent = button.closest(".row").querySelector("h4").textContent;
    viewer.showModal();
  } else if (event.target === viewer || event.target.closest(".close")) {
    viewer.close();
  }
});
