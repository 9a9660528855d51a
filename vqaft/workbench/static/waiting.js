"use strict";

// A page that waits for a result comes back for it.
for (const waiting of document.querySelectorAll("[data-reload]")) {
  if (waiting.dataset.reload) setTimeout(() => location.reload(), Number(waiting.dataset.reload));
}
