"use strict";

// One key a verdict. Keys count only outside of fields, without modifiers, and once: a key that is held down is one press.
let sent = false;

function pressed(event) {
  if (sent || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const field = event.target.closest?.("input, textarea, select");
  if (field) {
    if (event.key === "Escape") field.blur();
    if (event.key === "Enter" && field.id === "corrected") {
      event.preventDefault();
      press(document.querySelector("[value=wrong-label]"));
    }
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "e") {
    event.preventDefault();
    return document.getElementById("corrected").focus();
  }
  const wanted = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!wanted || wanted.disabled) return;
  event.preventDefault();
  press(wanted);
}

function press(element) {
  if (sent) return;
  sent = true;
  element.click();
}

document.addEventListener("keydown", pressed);
document.addEventListener("submit", () => { sent = true; });
window.addEventListener("pageshow", () => { sent = false; });

const next = document.querySelector("[data-next-picture]")?.dataset.nextPicture;
if (next) addEventListener("load", () => { new Image().src = next; });
