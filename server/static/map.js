// A map on a plain canvas: points, circles and areas from GeoJSON, in step with a list on the page.
//
// Each feature has an id and these properties, all optional but the first:
//   label      its name, shown as text only          kind      "actual" (default), "expected" or "area"
//   tone       good | wait | bad | info | muted      icon      a name in the icon sprite
//   word       what tone and icon mean (legend)      note      a second line in the popup
//   url        where "open" leads (same site only)   named     true: the name is always shown
//   radius_m   circle of the allowed distance        accuracy_m  circle of the phone's accuracy
//   ref        id of the expected point this one belongs to: a line joins the two
"use strict";

(() => {
  const CLUSTER_FROM = 80;
  const NEAR_ZOOM = 16;

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function picture(box, name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${box.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  function pin(box, properties) {
    const expected = properties.kind === "expected";
    const mark = element("div", `pin tone-${properties.tone || (expected ? "info" : "muted")}${expected ? " pin-expected" : ""}`);
    mark.append(picture(box, properties.icon || (expected ? "geo-alt" : "circle")));
    return L.divIcon({ html: mark, className: "", iconSize: [26, 26] });
  }

  function popup(box, properties) {
    const body = element("div");
    body.append(element("p", "fw-bold", properties.label || ""));
    if (properties.word) body.append(element("p", `state tone-${properties.tone || "muted"}`, properties.word));
    if (properties.note) body.append(element("p", "", properties.note));
    if (properties.url && properties.url.startsWith("/") && !properties.url.startsWith("//")) {
      const link = element("a", "", box.dataset.wordOpen);
      link.href = properties.url;
      body.append(link);
    }
    return body;
  }

  function circle(at, radius, tone, dashed) {
    return L.circle(at, { radius, className: `shape tone-${tone}`, weight: 1.5, dashArray: dashed ? "5 4" : null, interactive: false });
  }

  // What belongs to one point besides itself: its circles, and the line to where it should be.
  function surroundings(feature, at, expectedAt) {
    const { radius_m: radius, accuracy_m: accuracy, ref, tone = "muted" } = feature.properties;
    const shapes = [];
    if (radius > 0) shapes.push(circle(at, radius, "info", true));
    if (accuracy > 0) shapes.push(circle(at, accuracy, tone, false));
    if (expectedAt.has(String(ref))) {
      shapes.push(L.polyline([expectedAt.get(String(ref)), at], { className: `shape tone-${tone}`, weight: 2, interactive: false }));
    }
    return shapes;
  }

  function legend(box, features) {
    const place = document.getElementById(`${box.id}-legend`);
    if (!place) return;
    const lines = new Map();
    for (const { properties } of features) {
      if (properties.kind === "expected") {
        lines.set("expected", [element("i", "expected"), box.dataset.wordExpected]);
      } else if (properties.word) {
        lines.set(properties.word, [picture(box, properties.icon || "circle"), properties.word, properties.tone]);
      } else if (properties.kind !== "area" && properties.ref !== undefined) {
        lines.set("actual", [picture(box, properties.icon || "circle"), box.dataset.wordActual, properties.tone]);
      }
      if (properties.radius_m > 0) lines.set("radius", [element("i", "ring"), box.dataset.wordRadius]);
    }
    place.replaceChildren(...[...lines.values()].map(([mark, word, tone]) => {
      const line = element("span", tone ? `tone-${tone}` : "");
      line.append(mark, word);
      return line;
    }));
  }

  function controls(box, map, fit) {
    L.control.zoom({ zoomInTitle: box.dataset.wordIn, zoomOutTitle: box.dataset.wordOut }).addTo(map);
    L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
    const Fit = L.Control.extend({
      options: { position: "topleft" },
      onAdd() {
        const bar = element("div", "leaflet-bar leaflet-control");
        const button = element("a");
        button.href = "#";
        button.title = box.dataset.wordFit;
        button.setAttribute("role", "button");
        button.setAttribute("aria-label", box.dataset.wordFit);
        button.append(picture(box, "map"));
        L.DomEvent.disableClickPropagation(bar).on(button, "click", (event) => { L.DomEvent.stop(event); fit(); });
        bar.append(button);
        return bar;
      },
    });
    map.addControl(new Fit());
    map.on("popupopen", ({ popup: opened }) => {
      opened.getElement()?.querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", box.dataset.wordClose);
    });
  }

  // The list beside the map: choosing a row shows its point, choosing a point marks its row.
  function inStep(map, markers, cluster) {
    const rows = new Map([...document.querySelectorAll("[data-map-id]")].map((row) => [row.dataset.mapId, row]));
    function select(id, scroll) {
      document.querySelectorAll("[data-map-id].is-selected, .map .is-selected").forEach((old) => old.classList.remove("is-selected"));
      rows.get(id)?.classList.add("is-selected");
      markers.get(id)?.getElement()?.classList.add("is-selected");
      if (scroll) rows.get(id)?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    markers.forEach((marker, id) => {
      marker.on("click", () => select(id, true));
      marker.on("add", () => marker.getElement()?.classList.toggle("is-selected", Boolean(rows.get(id)?.classList.contains("is-selected"))));
    });
    rows.forEach((row, id) => {
      row.addEventListener("click", (event) => {
        const marker = markers.get(id);
        if (!marker || event.target.closest("a, button, input, label, summary")) return;
        const show = () => { marker.openPopup(); select(id, false); };
        if (cluster) cluster.zoomToShowLayer(marker, show);
        else { map.panTo(marker.getLatLng()); show(); }
      });
    });
  }

  function draw(box, collection) {
    const features = collection.features.filter((feature) => feature.geometry);
    const map = L.map(box, { attributionControl: Boolean(box.dataset.tiles), zoomControl: false, zoomSnap: 0.5, minZoom: 4, maxZoom: 19, renderer: L.svg({ padding: 0.5 }) });
    if (box.dataset.tiles) {
      L.tileLayer(box.dataset.tiles, { maxZoom: 19 }).addTo(map);
      map.attributionControl.setPrefix(false);
    }
    const points = features.filter((feature) => feature.geometry.type === "Point");
    const place = (feature) => L.latLng(feature.geometry.coordinates[1], feature.geometry.coordinates[0]);
    const expectedAt = new Map(points.filter((feature) => feature.properties.kind === "expected").map((feature) => [String(feature.id), place(feature)]));
    const cluster = points.length >= CLUSTER_FROM
      ? L.markerClusterGroup({ maxClusterRadius: 45, chunkedLoading: true, showCoverageOnHover: false, iconCreateFunction: (group) => L.divIcon({ html: element("div", "cluster", group.getChildCount()), className: "", iconSize: [34, 34] }) })
      : null;
    const shapes = L.featureGroup().addTo(map);
    const bounds = L.latLngBounds([]);
    const markers = new Map();

    for (const feature of features) {
      if (feature.geometry.type !== "Point") {
        const area = L.geoJSON(feature, { style: { className: "area", weight: 1 }, interactive: Boolean(feature.properties.label) });
        if (feature.properties.label) area.bindTooltip(element("span", "", feature.properties.label), { sticky: true });
        area.addTo(shapes);
        bounds.extend(area.getBounds());
        continue;
      }
      const at = place(feature);
      const marker = L.marker(at, { icon: pin(box, feature.properties), alt: feature.properties.label || "", title: feature.properties.label || "", zIndexOffset: feature.properties.kind === "expected" ? 0 : 500 });
      marker.bindPopup(() => popup(box, feature.properties));
      if (feature.properties.named) {
        marker.bindTooltip(element("span", "", feature.properties.label), { permanent: true, direction: "right", offset: [14, 0], className: "name" });
      }
      markers.set(String(feature.id), marker);
      marker.addTo(cluster || map);
      bounds.extend(at);
      for (const shape of surroundings(feature, at, expectedAt)) {
        shape.addTo(shapes);
      }
      const reach = Math.max(feature.properties.radius_m || 0, feature.properties.accuracy_m || 0);
      if (reach > 0) bounds.extend(at.toBounds(reach * 2));
    }
    if (cluster) map.addLayer(cluster);

    const fit = () => bounds.isValid() && map.fitBounds(bounds, { padding: [28, 28], maxZoom: NEAR_ZOOM, animate: false });
    if (!fit()) map.setView([16, 106.5], 5);
    controls(box, map, fit);
    legend(box, features);
    inStep(map, markers, cluster);
    addEventListener("beforeprint", () => { map.invalidateSize({ animate: false }); fit(); });
    addEventListener("afterprint", () => map.invalidateSize({ animate: false }));
  }

  async function read(box) {
    const block = document.getElementById(`${box.id}-data`);
    if (block) return JSON.parse(block.textContent);
    const answer = await fetch(box.dataset.src, { headers: { Accept: "application/geo+json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async function start(box) {
    box.dataset.drawn = "yes";
    const note = box.querySelector(".map-note");
    try {
      const collection = await read(box);
      note?.remove();
      draw(box, collection);
    } catch (error) {
      if (note) note.textContent = box.dataset.wordLost;
      console.error(error);
    }
  }

  window.fieldMap = { element, picture, pin, popup, circle, controls };

  const startAll = () => document.querySelectorAll(".map:not([data-drawn]):not(.atlas)").forEach(start);
  startAll();
  document.addEventListener("htmx:after:swap", startAll);
})();
