// Keeps an open page up to date: rows come and go, and in what stays only the bits that changed are
// exchanged, so that what is typed, opened or focused stays as it is. The page works without this.
(function () {
  "use strict";
  const live = document.getElementById("live");
  const main = document.getElementById("content");
  const address = document.body.dataset.events + location.search;
  let source = null;

  function exchange(now, then) {
    const fresh = new Map();
    for (const bit of then.querySelectorAll("[data-bit]")) fresh.set(bit.dataset.bit, bit);
    for (const bit of now.querySelectorAll("[data-bit]")) {
      const next = fresh.get(bit.dataset.bit);
      if (next && next.innerHTML !== bit.innerHTML) bit.replaceChildren(...next.childNodes);
    }
  }

  function rows(now, then) {
    const wanted = new Set([...then.children].map((row) => row.id));
    for (const row of [...now.children]) if (!wanted.has(row.id)) row.remove();
    [...then.children].forEach((row, place) => {
      const known = document.getElementById(row.id);
      const here = now.children[place] || null;
      if (known === null) now.insertBefore(document.importNode(row, true), here);
      else if (known !== here) now.insertBefore(known, here);
    });
  }

  function update(event) {
    const then = new DOMParser().parseFromString(JSON.parse(event.data), "text/html");
    const content = then.getElementById("content");
    if (content.dataset.token !== main.dataset.token) {
      location.reload(); // Another process: this page's forms are none of its own.
      return;
    }
    for (const list of main.querySelectorAll("[data-list]")) {
      rows(list, content.querySelector(`[data-list="${list.dataset.list}"]`));
    }
    exchange(main, content);
    live.textContent = "live";
  }

  function listen() {
    source = new EventSource(address);
    source.onmessage = update;
    source.onerror = () => { live.textContent = "not live: the sandbox does not answer"; };
  }

  // A browser has few connections to one host: a page that nobody looks at holds none.
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) listen();
  });
  listen();
  const told = document.getElementById("told");
  if (told) told.focus();
})();
