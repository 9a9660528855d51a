"use strict";

const form = document.getElementById("filter");
const found = form.elements.namedItem("found");
const groups = [...document.querySelectorAll(".group")].map((element) => {
  const blocks = [...element.querySelectorAll(".image")].map((block) => ({
    element: block,
    rows: [...block.querySelectorAll(".row")].map((row) => ({ element: row, kind: row.dataset.kind, type: row.dataset.type })),
  }));
  return { element, outcome: element.dataset.outcome, blocks, rows: blocks.flatMap((block) => block.rows) };
});
const total = groups.reduce((sum, group) => sum + group.rows.length, 0);

function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

function chosen(name) {
  return form.elements.namedItem(name)?.value ?? "";
}

function contains(row, words) {
  row.text ??= folded([row.element.textContent, ...[...row.element.querySelectorAll("[title]")].map((part) => part.title)].join(" "));
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
    for (const block of group.blocks) {
      let inside = 0;
      for (const row of block.rows) {
        const fits = wanted && (!kind || row.kind === kind) && (!type || row.type === type) && contains(row, words);
        if (row.element.hidden === fits) row.element.hidden = !fits;
        inside += fits ? 1 : 0;
      }
      block.element.hidden = inside === 0;
      here += inside;
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

function entry(row) {
  const item = document.createElement("li");
  item.textContent = `${row.querySelector("h4").textContent} (${row.dataset.outcome})`;
  return item;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.picture");
  if (button) {
    const picture = [...button.classList].find((name) => /^i\d+$/.test(name));
    large.className = `large ${picture}`;
    large.setAttribute("aria-label", button.getAttribute("aria-label").replace(/, show larger$/, ""));
    const blocks = [...document.querySelectorAll(`button.${picture}`)].map((found) => found.closest(".image"));
    const rows = blocks.flatMap((block) => [...block.querySelectorAll(".row")]);
    document.getElementById("viewer-caption").textContent = rows.length === 1 ? "1 question on this image" : `${rows.length} questions on this image`;
    document.getElementById("viewer-questions").replaceChildren(...rows.map(entry));
    viewer.showModal();
  } else if (event.target === viewer || event.target.closest(".close")) {
    viewer.close();
  }
});
