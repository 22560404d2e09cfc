// The rows of a list under the keys: j and k move, x ticks, Enter opens. Everything works without.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("#records tbody tr")];
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  function move(by) {
    const all = rows();
    const at = all.findIndex((row) => row.classList.contains("is-current"));
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    if (!next) return;
    all.forEach((row) => row.classList.toggle("is-current", row === next));
    next.querySelector(".row-title a")?.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  function tick() {
    document.querySelector("#records tr.is-current .tick input")?.click();
  }
  const keys = { j: () => move(1), k: () => move(-1), x: tick };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const action = keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#records tbody tr");
    if (row) rows().forEach((each) => each.classList.toggle("is-current", each === row));
  });
})();
