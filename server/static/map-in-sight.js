// What draws a map is fetched once a map comes into sight: most readers of a record never look there.
// Our own button prints once it is drawn; the browser's does not wait, and prints the places in words.
"use strict";

(() => {
  const { style, scripts } = document.currentScript.dataset;
  let drawing = null;

  function fetched(tag, told, before) {
    const part = Object.assign(document.createElement(tag), told);
    const done = new Promise((resolve, reject) => { part.onload = resolve; part.onerror = reject; });
    document.head.insertBefore(part, before);
    return done;
  }

  async function fetchAll() {
    await fetched("link", { rel: "stylesheet", href: style }, document.querySelector("link[rel=stylesheet]"));
    for (const src of scripts.split(" ")) await fetched("script", { src }, null);
  }

  function lost() {
    for (const box of document.querySelectorAll(".map")) box.querySelector(".map-note").textContent = box.dataset.wordLost;
  }

  function draw() {
    watch.disconnect();
    drawing ??= fetchAll().catch(lost);
    return drawing;
  }

  const watch = new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) draw(); }, { rootMargin: "200px" });
  for (const box of document.querySelectorAll(".map")) watch.observe(box);
  window.mapsDrawn = draw;
})();
