// Comfort on top of pages that already work: nothing here is needed to read or to send a form.
// Loaded in the head without defer, so that what needs scripts never flashes.
"use strict";
document.documentElement.classList.add("scripted");

(() => {
  const root = document.documentElement;
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  // A slow line must not make anyone press twice.
  function markBusy(form, button) {
    root.classList.add("is-busy");
    form.dataset.sent = "yes";
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    button.dataset.label = button.innerHTML;
    button.textContent = button.dataset.busyLabel || button.textContent;
  }
  function calm() {
    root.classList.remove("is-busy");
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
    document.querySelectorAll("[aria-busy=true][data-label]").forEach((button) => {
      button.innerHTML = button.dataset.label;
      button.removeAttribute("aria-busy");
    });
  }
  addEventListener("pageshow", calm);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.target === "_blank") return;
    if (form.dataset.sent) return event.preventDefault();
    form.classList.remove("is-dirty");
    // After this turn of the loop: the pressed button's own name and value must still be sent.
    if (form.method === "post") setTimeout(() => markBusy(form, event.submitter), 0);
  });

  // Half-typed work is not lost by a stray tap.
  document.addEventListener("input", (event) => event.target.closest("form[data-guard]")?.classList.add("is-dirty"));
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-guard].is-dirty")) event.preventDefault();
  });

  // A browser in another language writes days its own way: under such a box stands the day as pages write it.
  const daysDiffer = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "2-digit", year: "numeric" }).format(new Date(2024, 10, 30)) !== "30/11/2024";
  function sayDay(box) {
    const [, year, month, day, time] = /^(\d+)-(\d\d)-(\d\d)(?:T(\d\d:\d\d))?/.exec(box.value) || [];
    let said = box.nextElementSibling;
    if (!said?.matches(".day-said")) box.after((said = Object.assign(document.createElement("p"), { className: "form-text day-said" })));
    said.textContent = day ? `${time ? `${time} ` : ""}${day}/${month}/${year}` : "";
  }
  if (daysDiffer) {
    const dated = "input[type=date], input[type=datetime-local]";
    addEventListener("DOMContentLoaded", () => document.querySelectorAll(dated).forEach(sayDay));
    document.addEventListener("input", (event) => event.target.matches(dated) && sayDay(event.target));
  }

  // One letter presses the link or button that names it.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (!/^[\w/]$/.test(event.key)) return;
    const target = document.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input:not([type=checkbox]), textarea, select")) target.focus();
    else target.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest("details[open]") || document.querySelector(".menu[open]");
    open?.removeAttribute("open");
    open?.querySelector("summary").focus();
  });

  // Boxes in a table: all at once, and how many are ticked.
  function countTicks(name) {
    const boxes = [...document.querySelectorAll("input[type=checkbox]")].filter((box) => box.name === name);
    const ticked = boxes.filter((box) => box.checked).length;
    document.querySelectorAll("[data-check-all]").forEach((all) => {
      if (all.dataset.checkAll !== name) return;
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    });
    document.querySelectorAll("[data-ticked]").forEach((place) => {
      if (place.dataset.ticked === name) place.textContent = ticked;
    });
  }
  document.addEventListener("change", (event) => {
    const all = event.target.dataset.checkAll;
    if (all) {
      document.querySelectorAll("input[type=checkbox]").forEach((box) => {
        if (box.name === all) box.checked = event.target.checked;
      });
    }
    if (event.target.type === "checkbox") countTicks(all || event.target.name);
    if (event.target.dataset.reveal) {
      document.getElementById(event.target.dataset.reveal).type = event.target.checked ? "text" : "password";
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (!button) return;
    event.preventDefault();
    if ("print" in button.dataset) return window.mapsDrawn ? mapsDrawn().then(print) : print();
    navigator.clipboard?.writeText(button.dataset.copy).then(() => button.classList.add("is-done"));
  });

  // What was chosen stands beside our own words for choosing it.
  document.addEventListener("change", ({ target }) => {
    const names = target.type === "file" && target.closest(".file-pick")?.querySelector(".file-names");
    if (names) names.textContent = [...target.files].map((file) => file.name).join(", ") || names.dataset.none;
  });

  document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());

  // What is wider than its place is moved by the arrow keys too.
  function reachable() {
    document.querySelectorAll(".table-box, .grid, .raw").forEach((box) => {
      if (box.scrollWidth > box.clientWidth || box.matches("[role=region]")) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }
  for (const moment of ["load", "resize", "htmx:after:swap"]) addEventListener(moment, reachable);

  // htmx: the same token as the forms, one sign of work, one sentence when the line is lost.
  let waiting = 0;
  document.addEventListener("htmx:config:request", (event) => {
    event.detail.ctx.request.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
  });
  const refreshes = (event) => event.detail?.ctx?.sourceElement?.dataset?.refresh;
  document.addEventListener("htmx:before:request", (event) => {
    waiting += 1;
    if (!refreshes(event)) root.classList.add("is-busy");
  });
  document.addEventListener("htmx:finally:request", () => {
    waiting = Math.max(0, waiting - 1);
    if (!waiting) calm();
  });
  document.addEventListener("htmx:error", (event) => {
    if (refreshes(event)) return;
    document.getElementById("messages").replaceChildren(document.getElementById("lost-line").content.cloneNode(true));
    document.getElementById("messages").scrollIntoView({ block: "nearest" });
  });

  // What is marked so is asked for again while somebody can see it: data-refresh="30" (seconds).
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-refresh]").forEach((part) => {
    const { id } = part;
    let due = Date.now() + part.dataset.refresh * 1000;
    const look = () => {
      const shown = document.getElementById(id);
      if (!shown || document.hidden || Date.now() < due) return;
      due = Date.now() + shown.dataset.refresh * 1000;
      shown.dispatchEvent(new CustomEvent("refresh"));
    };
    setInterval(look, 1000);
    document.addEventListener("visibilitychange", look);
  }));
})();
