// Keys for the ceremony's screen: what they do, its links and buttons do without them.
// Right, Page Down, space: on. Left, Page Up: back. 1 to 5: that step. F: the whole screen.
"use strict";
(() => {
  const follow = (link) => { if (link) location.assign(link.href); };
  const go = (way) => follow(document.querySelector(`[data-go="${way}"]`));
  const FORWARD = ["ArrowRight", "PageDown", " "], BACK = ["ArrowLeft", "PageUp"];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, button, summary")) return;
    if (event.key === " " && event.target.closest("a")) return;
    if (FORWARD.includes(event.key)) { event.preventDefault(); go("next"); }
    else if (BACK.includes(event.key)) { event.preventDefault(); go("back"); }
    else if (/^[1-5]$/.test(event.key)) follow(document.querySelector(`[data-step="${event.key}"]`));
    else if (event.key.toLowerCase() === "f") document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  });

  const form = document.querySelector("[data-dice]");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[name=digit]")];
  const key = `dice-${form.dataset.dice}`;
  const keep = () => sessionStorage.setItem(key, boxes.map((box) => box.value || " ").join(""));
  const now = form.querySelector(".now");
  function tell(box) {
    document.querySelectorAll("[data-reader]").forEach((reader) => reader.classList.toggle("is-now", reader.dataset.reader === box.dataset.who));
    now.textContent = box.getAttribute("aria-label");
  }
  // A reload in the middle of the throws loses none of them.
  const held = sessionStorage.getItem(key);
  if (held && boxes.every((box) => !box.value)) boxes.forEach((box, at) => { box.value = (held[at] || "").trim(); });
  boxes.forEach((box, at) => {
    box.addEventListener("focus", () => { box.select(); tell(box); });
    box.addEventListener("input", () => {
      box.value = box.value.trim().slice(-1);
      keep();
      if (box.value) (boxes[at + 1] || form.querySelector("button")).focus();
    });
    box.addEventListener("keydown", (event) => {
      const to = event.key === "ArrowLeft" || (event.key === "Backspace" && !box.value) ? at - 1 : event.key === "ArrowRight" ? at + 1 : null;
      if (to === null || !boxes[to]) return;
      event.preventDefault();
      boxes[to].focus();
    });
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
  (boxes.find((box) => !box.value) || boxes[0]).focus();
})();
