"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fields = { level: document.getElementById("filter-level"), family: document.getElementById("filter-family"), text: document.getElementById("filter-text") };
  const chips = all("[data-chip]");
  const rules = all("[data-rule]");
  const said = document.getElementById("said");
  const opened = new Set();

  /* The address is what is shown: "#failed", "#failed&level=MUST&text=sum", or the anchor of a rule. */
  function read() {
    const parts = location.hash.slice(1).split("&").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    const wanted = { verdict: "", level: "", family: "", text: "" };
    for (const part of parts) {
      const [name, ...rest] = part.split("=");
      if (rest.length && name in wanted) wanted[name] = rest.join("=");
      else if (part !== "all" && chips.some((chip) => chip.dataset.chip === part)) wanted.verdict = part;
    }
    return wanted;
  }

  function write(wanted) {
    const parts = [wanted.verdict || "all"];
    for (const name of ["level", "family", "text"]) if (wanted[name]) parts.push(`${name}=${encodeURIComponent(wanted[name])}`);
    const hash = `#${parts.join("&")}`;
    if (hash !== location.hash) history.replaceState(null, "", hash);
    show(wanted);
  }

  function fits(rule, wanted) {
    const { verdict, level, family } = rule.dataset;
    return (!wanted.verdict || verdict === wanted.verdict) && (!wanted.level || level === wanted.level) &&
      (!wanted.family || family === wanted.family) && (!wanted.text || rule.textContent.toLowerCase().includes(wanted.text.toLowerCase()));
  }

  function show(wanted) {
    const narrowed = Boolean(wanted.verdict || wanted.level || wanted.family || wanted.text);
    let count = 0;
    for (const rule of rules) { rule.hidden = !fits(rule, wanted); if (!rule.hidden) count += 1; }
    for (const box of all("[data-holds]")) box.hidden = narrowed && !box.querySelector("[data-rule]:not([hidden])");
    for (const box of all("[data-whole]")) box.hidden = narrowed;
    for (const fold of all("details[data-holds]")) {
      if (narrowed && !fold.hidden && !fold.open) { fold.open = true; opened.add(fold); }
      if (!narrowed && opened.delete(fold)) fold.open = false;
    }
    for (const chip of chips) {
      if ((wanted.verdict || "all") === chip.dataset.chip) chip.setAttribute("aria-current", "true"); else chip.removeAttribute("aria-current");
    }
    for (const [name, field] of Object.entries(fields)) if (document.activeElement !== field) field.value = wanted[name];
    if (narrowed) document.getElementById("filters").open = Boolean(wanted.level || wanted.family || wanted.text) || document.getElementById("filters").open;
    document.getElementById("count").textContent = narrowed ? `${count} of ${rules.length} rules shown` : "";
  }

  /* A rule's anchor shows the rule, whatever it is folded into. */
  function follow() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* as it is */ }
    const rule = rules.find((one) => one.id === id);
    show(rule ? { verdict: "", level: "", family: "", text: "" } : read());
    if (!rule) return;
    for (let box = rule; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
    rule.scrollIntoView();
    rule.setAttribute("tabindex", "-1");
    rule.focus({ preventScroll: true });
  }

  async function copy(button) {
    const from = document.getElementById(button.dataset.copy);
    try { await navigator.clipboard.writeText(from.textContent.trim()); }
    catch {
      const range = document.createRange();
      range.selectNodeContents(from);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    said.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  }

  for (const button of all("[data-copy]")) button.addEventListener("click", () => copy(button));
  for (const chip of chips) chip.addEventListener("click", (event) => { event.preventDefault(); write({ ...read(), verdict: chip.dataset.chip === "all" ? "" : chip.dataset.chip }); });
  for (const [name, field] of Object.entries(fields)) field.addEventListener("input", () => write({ ...read(), [name]: field.value }));
  addEventListener("hashchange", follow);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      document.getElementById("filters").open = true;
      fields.text.focus();
    }
    if (event.key === "Escape" && typing) { fields.text.value = ""; write({ verdict: "", level: "", family: "", text: "" }); }
  });
  let folded = [];
  addEventListener("beforeprint", () => { folded = all("details.finding:not([open]), details[data-prints]:not([open])"); for (const fold of folded) fold.open = true; });
  addEventListener("afterprint", () => { for (const fold of folded) fold.open = false; folded = []; });
  follow();
})();
