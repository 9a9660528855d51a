"use strict";
const cards = [...document.querySelectorAll(".card")];
const filters = document.getElementById("filters");
const text = new Map(cards.map((card) => [card, card.querySelector(".text").textContent.toLowerCase()]));

function apply() {
  const values = new FormData(filters);
  const wanted = (values.get("search") || "").trim().toLowerCase();
  let shown = 0;
  for (const card of cards) {
    const fits = ["outcome", "kind", "type"].every((name) => !values.get(name) || card.dataset[name] === values.get(name));
    card.hidden = !(fits && text.get(card).includes(wanted));
    shown += card.hidden ? 0 : 1;
  }
  filters.querySelector("output").value = `${shown} of ${cards.length}`;
}

filters.hidden = false;
filters.addEventListener("input", apply);
filters.addEventListener("submit", (event) => event.preventDefault());

const dialog = document.getElementById("large");
document.querySelector(".cards").addEventListener("click", (event) => {
  const button = event.target.closest("button.picture");
  if (!button) return;
  dialog.querySelector("div").replaceChildren(button.querySelector("svg").cloneNode(true));
  dialog.showModal();
});
