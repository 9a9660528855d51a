"use strict";

// Trusted types: this is the only place that turns the server's HTML (escaped there) into elements.
const policy = window.trustedTypes?.createPolicy("vqaft", { createHTML: (html) => html }) ?? { createHTML: (html) => html };

function parsed(html) {
  return new DOMParser().parseFromString(policy.createHTML(html), "text/html").body;
}

function announce(words) {
  const announcer = document.getElementById("announcer");
  if (announcer && words && announcer.textContent !== words) announcer.textContent = words;
}

// Sign in: the code is in the link's fragment, which no server and no log ever sees.
function signIn() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  const form = document.getElementById("sign-in");
  if (!form) return;
  form.elements.namedItem("code").value = code;
  form.requestSubmit();
}

// Times: the server writes UTC; people read their own zone, and "3 minutes ago" for what is near.
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function tellTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-relative]")) {
    const at = new Date(time.dateTime);
    const seconds = Math.round((at - Date.now()) / 1000);
    const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[3];
    const far = Math.abs(seconds) > 7 * 86400;
    const words = far ? clock.format(at) : relative.format(Math.round(seconds / size), unit);
    if (time.textContent !== words) time.textContent = words;
    time.title = clock.format(at);
  }
}

// Polling: one fragment a region; only the parts that changed are replaced, so focus, selection and open details stay.
class Region {
  constructor(element) {
    this.element = element;
    this.url = element.dataset.poll;
    this.tag = "";
    this.wait_s = 2;
    this.failures = 0;
    this.written = new Map([...element.querySelectorAll("[data-part]")].map((part) => [part.id, part.outerHTML]));
    this.timer = setTimeout(() => this.ask(), 500);
  }

  async ask() {
    clearTimeout(this.timer);
    if (!this.element.isConnected) return;
    if (!document.hidden) await this.fetched();
    this.timer = setTimeout(() => this.ask(), 1000 * Math.min(30, this.wait_s * 2 ** this.failures));
  }

  async fetched() {
    try {
      const headers = { "vqaft-fragment": "1", ...(this.tag && { "if-none-match": this.tag }) };
      const answer = await fetch(this.url, { headers, cache: "no-store", redirect: "error" });
      if (answer.status === 401) return location.reload();
      if (answer.status === 200) this.show(await answer.text());
      this.tag = answer.headers.get("etag") ?? "";
      this.failures = 0;
    } catch {
      this.failures += 1;
    }
    document.getElementById("offline").hidden = this.failures < 2;
  }

  show(html) {
    const body = parsed(html);
    const root = body.querySelector("[data-next]");
    this.wait_s = Number(root?.dataset.next) || this.wait_s;
    announce(root?.dataset.announce);
    for (const part of body.querySelectorAll("[data-part]")) this.replace(part);
  }

  replace(part) {
    const old = document.getElementById(part.id);
    const html = part.outerHTML;
    if (!old || this.written.get(part.id) === html) return;
    this.written.set(part.id, html);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...old.querySelectorAll("details[open][id]")].map((element) => element.id);
    const scrolled = [...old.querySelectorAll("[tabindex][id]")].map((element) => [element.id, element.scrollTop]);
    old.replaceWith(document.importNode(part, true));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, top] of scrolled) document.getElementById(id)?.scrollTo({ top, behavior: "instant" });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    tellTimes(document.getElementById(part.id));
  }
}

// What cannot be undone is asked about first.
function confirmed(event) {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.sure) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = form.dataset.confirm;
  dialog.querySelector("[value=yes]").textContent = event.submitter?.textContent.trim() || "Yes";
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.sure = "1";
    form.requestSubmit();
  };
  dialog.showModal();
}

// Forms with data-into: sent by the script, the answer put into the page. Parts of it replace those of the same id.
async function sendInto(event) {
  const form = event.target;
  if (event.defaultPrevented || !form.dataset.into) return;
  event.preventDefault();
  const target = document.getElementById(form.dataset.into);
  const buttons = [...form.querySelectorAll("button")];
  form.setAttribute("aria-busy", "true");
  for (const button of buttons) button.disabled = true;
  announce(form.dataset.busy);
  try {
    const headers = { "vqaft-fragment": "1" };
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form), headers });
    if (answer.status === 401) return location.reload();
    showIn(target, parsed(await answer.text()));
  } catch {
    const problem = document.createElement("p");
    problem.className = "message bad";
    problem.textContent = "The server does not answer. Try again.";
    target.replaceChildren(problem);
    announce(problem.textContent);
  } finally {
    form.removeAttribute("aria-busy");
    for (const button of buttons) button.disabled = false;
  }
}

function showIn(target, body) {
  for (const part of body.querySelectorAll("[data-part]")) {
    if (document.getElementById(part.id)) document.getElementById(part.id).replaceWith(document.importNode(part, true));
    if (document.getElementById(part.id)) part.remove();
  }
  announce(body.querySelector("[data-announce]")?.dataset.announce);
  target.replaceChildren(...document.importNode(body, true).childNodes);
  tellTimes(target);
  document.dispatchEvent(new CustomEvent("vqaft:shown", { detail: target }));
}

signIn();
const regions = [...document.querySelectorAll("[data-poll]")].map((element) => new Region(element)); // before times are told
tellTimes();
setInterval(tellTimes, 5000);
document.addEventListener("visibilitychange", () => document.hidden || regions.forEach((region) => region.ask()));
document.addEventListener("submit", confirmed);
document.addEventListener("submit", sendInto);
for (const choice of document.querySelectorAll("select[data-submit]")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}
