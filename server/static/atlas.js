// The map of many visits: layers from addresses of their own, a list in step with the view, a grid
// of degrees. Stands on map.js and its pins. Each feature's `s` names its sign in the page's styles;
// `count` makes it a number that stands for several.
"use strict";

(() => {
  const { element, picture, pin, popup, circle, controls, areas, areaLines, Heaps } = window.fieldMap;
  const box = document.getElementById("atlas");
  const styles = JSON.parse(document.getElementById("atlas-styles").textContent);
  const shown = document.getElementById("atlas-in-view");
  const MOST_LISTED = 60;
  const NEAR_ZOOM = 15;

  // Degrees at the edges: as many lines as fit without crowding.
  const Graticule = L.LayerGroup.extend({
    onAdd(map) {
      L.LayerGroup.prototype.onAdd.call(this, map);
      map.on("moveend resize", this.draw, this);
      this.draw();
    },
    draw() {
      const map = this._map;
      if (!map) return;
      const edge = map.getBounds();
      const wide = edge.getEast() - edge.getWest();
      const most = Math.min(8, map.getSize().x / 70); // so many degrees can be told along the edge
      const step = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5].find((each) => wide / each <= most) || 10;
      const digits = Math.max(0, Math.ceil(-Math.log10(step)) + (step === 0.25 ? 1 : 0));
      this.clearLayers();
      const line = (points) => this.addLayer(L.polyline(points, { className: "degree-line", weight: 1, interactive: false }));
      const label = (at, text, axis) => this.addLayer(L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: `degree degree-${axis}`, html: element("span", "", text), iconSize: null }) }));
      for (let lon = Math.ceil(edge.getWest() / step) * step; lon < edge.getEast(); lon += step) {
        line([[edge.getSouth(), lon], [edge.getNorth(), lon]]);
        label([edge.getSouth(), lon], `${lon.toFixed(digits)}°Đ`.replace("Đ", box.dataset.wordEast), "lon");
      }
      for (let lat = Math.ceil(edge.getSouth() / step) * step; lat < edge.getNorth(); lat += step) {
        line([[lat, edge.getWest()], [lat, edge.getEast()]]);
        label([lat, edge.getWest()], `${lat.toFixed(digits)}°${box.dataset.wordNorth}`, "lat");
      }
    },
  });

  const North = L.Control.extend({
    options: { position: "topright" },
    onAdd() {
      const arrow = element("div", "north-arrow", box.dataset.wordNorth);
      arrow.prepend(picture(box, "arrow-up"));
      arrow.setAttribute("aria-label", box.dataset.wordArrow);
      return arrow;
    },
  });

  function told(properties) {
    const style = styles[properties.s] || {};
    const count = properties.count ? `${properties.count} ${box.dataset.wordPoints}` : "";
    const households = properties.s === "hamlet" && properties.count ? box.dataset.wordHouseholds.replace("{n}", properties.count) : "";
    const label = properties.label || count;
    return { ...properties, ...style, label, note: properties.note || households || (properties.label ? count : "") };
  }

  // Heaps of different layers over one place stand side by side.
  const BESIDE = { drawn: [40, 19], received: [19, 19], found: [-1, 30] };
  function heap(name, count, tone) {
    return L.divIcon({ html: element("div", `heap heap-${name} ${tone}`, count), className: "", iconSize: [38, 38], iconAnchor: BESIDE[name] });
  }

  function sign(name, properties) {
    if (properties.count && properties.s !== "hamlet") return heap(name, properties.count, properties.tone ? `tone-${properties.tone}` : "");
    const kind = properties.s === "hamlet" ? "expected" : "actual";
    return pin(box, { ...properties, kind });
  }

  class Layer {
    constructor(name, address, map) {
      Object.assign(this, { name, address, map, markers: new Map(), grouped: false });
      this.heap = new Heaps(name === "drawn" ? 24 : 40, (count) => heap(name, count, ""));
      this.rings = L.featureGroup();
    }

    async read(view) {
      const url = new URL(this.address, location.href);
      if (view) url.searchParams.set("bbox", view);
      const answer = await fetch(url, { headers: { Accept: "application/geo+json" } });
      if (!answer.ok) throw new Error(`${this.name}: ${answer.status}`);
      const collection = await answer.json();
      this.grouped = collection.grouped;
      this.heap.empty();
      this.rings.clearLayers();
      this.markers.clear();
      const made = collection.features.map((feature) => this.marker(feature));
      this.heap.put(made);
      return made;
    }

    marker({ id, geometry, properties }) {
      const [lon, lat] = geometry.coordinates;
      const full = told(properties);
      const marker = L.marker([lat, lon], { icon: sign(this.name, full), alt: full.label, title: full.label });
      marker.full = full;
      marker.bindPopup(() => popup(box, full));
      marker.on("click", () => pick(id, true));
      marker.on("mouseover", () => mark(id, true)).on("mouseout", () => mark(id, false));
      if (full.radius_m) this.rings.addLayer(circle([lat, lon], full.radius_m, "info", true));
      this.markers.set(id, marker);
      return marker;
    }

    show(on) {
      for (const part of [this.heap, this.rings]) on ? this.map.addLayer(part) : this.map.removeLayer(part);
      this.on = on;
    }
  }

  const layers = [];
  let borders = { roles: [] };
  const rowOf = (id) => document.querySelector(`[data-map-id="${CSS.escape(id)}"]`);

  function mark(id, on) {
    rowOf(id)?.classList.toggle("is-near", on);
    const layer = layers.find((each) => each.markers.has(id));
    const marker = layer?.markers.get(id);
    if (marker) layer.heap.markOf(marker).getElement?.()?.classList.toggle("is-selected", on);
  }

  function pick(id, fromMap) {
    document.querySelectorAll(".is-selected[data-map-id]").forEach((old) => old.classList.remove("is-selected"));
    const row = rowOf(id);
    row?.classList.add("is-selected");
    if (fromMap) { row?.scrollIntoView({ block: "nearest" }); return; }
    const layer = layers.find((each) => each.on && each.markers.has(id));
    const marker = layer?.markers.get(id);
    if (marker) layer.heap.show(marker, () => marker.openPopup());
  }

  function followRows() {
    document.addEventListener("click", (event) => {
      const row = event.target.closest?.("[data-map-id]");
      if (row && !event.target.closest("a, input, summary")) pick(row.dataset.mapId, false);
    });
    for (const [kind, on] of [["mouseover", true], ["mouseout", false]]) {
      document.addEventListener(kind, (event) => {
        const row = event.target.closest?.("[data-map-id]");
        if (row) mark(row.dataset.mapId, on);
      });
    }
  }

  function line(id, full) {
    const row = element("li");
    row.dataset.mapId = id;
    const word = element("span", `state tone-${full.tone || "muted"}`);
    word.append(picture(box, full.icon || "circle"), ` ${full.word || full.note || ""}`);
    const name = element(full.url ? "a" : "span", "", full.label);
    if (full.url) name.href = full.url;
    row.append(word, " ", name);
    return row;
  }

  // Only what lies in the view is listed: communes are rows of the table, all else lines below it.
  function follow(map) {
    const view = map.getBounds();
    const inside = [];
    const seen = new Map();
    for (const layer of layers) {
      for (const [id, marker] of layer.markers) {
        const within = layer.on && view.contains(marker.getLatLng());
        seen.set(id, within);
        if (within && !(rowOf(id)?.closest("table"))) inside.push([id, marker.full]);
      }
    }
    document.querySelectorAll("table [data-map-id]").forEach((row) => { row.hidden = seen.get(row.dataset.mapId) === false; });
    const rows = inside.slice(0, MOST_LISTED).map(([id, full]) => line(id, full));
    if (inside.length > MOST_LISTED) rows.push(element("li", "fine", box.dataset.wordMore.replace("{n}", inside.length - MOST_LISTED)));
    shown.replaceChildren(...rows);
    document.getElementById("atlas-count").textContent = inside.length;
  }

  function legend() {
    const lines = new Map(areaLines(box, borders.roles));
    for (const layer of layers) {
      if (!layer.on) continue;
      if (layer.grouped || layer.markers.size > 1) lines.set(`heap-${layer.name}`, [element("i", `heap heap-${layer.name}`), `${box.dataset[`word${layer.name}`]}: ${box.dataset.wordCell}`]);
      for (const { full } of layer.markers.values()) {
        if (full.s === "hamlet") lines.set("hamlet", [element("i", "expected"), box.dataset.wordHamlet]);
        else if (full.word) lines.set(full.s, [picture(box, full.icon), `${box.dataset[`word${layer.name}`]}: ${full.word}`, full.tone]);
        if (full.radius_m) lines.set("radius", [element("i", "ring"), box.dataset.wordRadius]);
      }
    }
    document.getElementById("atlas-legend").replaceChildren(...[...lines.values()].map(([mark_, word, tone]) => {
      const row = element("span", tone ? `tone-${tone}` : "");
      row.append(mark_, word);
      return row;
    }));
  }

  async function start() {
    const map = L.map(box, { attributionControl: Boolean(box.dataset.tiles), zoomControl: false, zoomSnap: 0.25, minZoom: 4, maxZoom: 19, renderer: L.svg({ padding: 0.5 }) });
    if (box.dataset.tiles) {
      L.tileLayer(box.dataset.tiles, { maxZoom: 19, attribution: new URL(box.dataset.tiles.replace("{s}", "a"), location.href).host }).addTo(map);
      map.attributionControl.setPrefix(false);
    }
    map.setView([16, 106.5], 5);
    box.querySelector(".map-note")?.remove();
    for (const [name, address] of Object.entries(JSON.parse(box.dataset.sources))) layers.push(new Layer(name, address, map));
    const bounds = L.latLngBounds([]);
    const made = await Promise.all(layers.map((layer) => layer.read()));
    made.flat().forEach((marker) => bounds.extend(marker.getLatLng()));
    borders = await areas(box, map);
    if (borders.whole) bounds.extend(borders.layer.getBounds());
    const fit = () => bounds.isValid() && map.fitBounds(bounds, { padding: [40, 40], maxZoom: NEAR_ZOOM, animate: false });
    fit();
    new Graticule().addTo(map);
    map.addControl(new North());
    controls(box, map, fit);
    const refresh = () => { follow(map); legend(); };
    for (const layer of layers) {
      const tick = document.querySelector(`[data-layer="${layer.name}"]`);
      layer.show(tick.checked);
      tick.addEventListener("change", () => { layer.show(tick.checked); refresh(); });
    }
    refresh();
    followRows();
    let turn = 0;
    map.on("moveend", async () => {
      const mine = ++turn;
      const many = layers.filter((layer) => layer.grouped && layer.name !== "found" || layer.narrowed);
      await Promise.all(many.map((layer) => { layer.narrowed = true; return layer.read(map.getBounds().pad(0.1).toBBoxString()); }));
      if (mine === turn) refresh();
    });
    // Before the page is laid out for paper, the map already has the paper's size.
    let before = null;
    const onPaper = (on) => { box.classList.toggle("on-paper", on); map.invalidateSize({ animate: false, pan: false }); };
    addEventListener("beforeprint", () => { before = [map.getCenter(), map.getZoom()]; onPaper(true); fit(); });
    addEventListener("afterprint", () => { onPaper(false); if (before) map.setView(...before, { animate: false }); });
    box.dataset.drawn = "yes";
  }

  start().catch((error) => {
    const note = element("p", "map-note", box.dataset.wordLost);
    box.append(note);
    console.error(error);
  });
})();
