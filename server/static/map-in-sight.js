// What draws a map is fetched once a map comes into sight: most readers of a record never look there.
"use strict";

(() => {
  const { style, scripts } = document.currentScript.dataset;

  function fetched(tag, told, before) {
    const part = Object.assign(document.createElement(tag), told);
    const done = new Promise((resolve, reject) => { part.onload = resolve; part.onerror = reject; });
    document.head.insertBefore(part, before);
    return done;
  }

  async function draw() {
    await fetched("link", { rel: "stylesheet", href: style }, document.querySelector("link[rel=stylesheet]"));
    for (const src of scripts.split(" ")) await fetched("script", { src }, null);
  }

  function lost() {
    for (const box of document.querySelectorAll(".map")) box.querySelector(".map-note").textContent = box.dataset.wordLost;
  }

  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((each) => each.isIntersecting)) return;
    watch.disconnect();
    draw().catch(lost);
  }, { rootMargin: "200px" });
  for (const box of document.querySelectorAll(".map")) watch.observe(box);
})();
