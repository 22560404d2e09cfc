// A map on a plain canvas: points, circles and areas from GeoJSON, in step with a list on the page.
//
// Each feature has an id and these properties, all optional but the first:
//   label      its name, shown as text only          kind      "actual" (default), "expected" or "area"
//   tone       good | wait | bad | info | muted      icon      a name in the icon sprite
//   word       what tone and icon mean (legend)      note      a second line in the popup
//   url        where "open" leads (same site only)   named     true: the name is always shown
//   radius_m   circle of the allowed distance        accuracy_m  circle of the phone's accuracy
//   ref        id of the expected point this one belongs to: a line joins the two
//   role       of an area: "drawn" (a unit that was chosen), "frame" (what holds it) or "islands" (always named)
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

  // Official boundaries, below everything else; gives the layer and the collection it was made of.
  async function areas(box, map) {
    const none = { layer: L.featureGroup(), roles: [], whole: false };
    if (!box.dataset.areas) return none;
    const answer = await fetch(box.dataset.areas, { headers: { Accept: "application/geo+json" } });
    if (!answer.ok) throw new Error(`areas: ${answer.status}`);
    const { features, whole } = await answer.json();
    const layer = L.featureGroup(features.map(area)).addTo(map);
    layer.bringToBack();
    return { layer, roles: [...new Set(features.map((each) => each.properties.role))], whole };
  }

  function area(feature) {
    const { label, role } = feature.properties;
    const made = L.geoJSON(feature, { style: { className: `area area-${role}`, weight: role === "drawn" ? 1.5 : 2 }, interactive: role === "drawn" });
    if (role === "frame") return made;
    return made.bindTooltip(element("span", "", label), role === "islands" ? { permanent: true, direction: "right", className: "name" } : { sticky: true });
  }

  function areaLines(box, roles) {
    const words = { drawn: box.dataset.wordDrawn, frame: box.dataset.wordFrame };
    return roles.filter((role) => words[role]).map((role) => [`area-${role}`, [element("i", `area-${role}`), words[role]]]);
  }

  // Points that crowd stand as one number until the map is near enough to tell them apart.
  const Heaps = L.LayerGroup.extend({
    initialize(reach, icon, apartFrom = 17) {
      L.LayerGroup.prototype.initialize.call(this);
      Object.assign(this, { reach, icon, apartFrom, points: [], groups: [] });
    },
    put(markers) { this.points.push(...markers); this.gather(); },
    empty() { this.points = []; this.gather(); },
    onAdd(map) {
      this._map = map;
      map.on("zoomend", this.gather, this).on("moveend", this.fill, this);
      this.gather();
    },
    onRemove(map) {
      map.off("zoomend", this.gather, this).off("moveend", this.fill, this);
      this.clearLayers();
    },
    gather() {
      if (!this._map) return;
      const zoom = this._map.getZoom();
      const reach = zoom >= this.apartFrom ? 0 : this.reach;
      const cells = new Map();
      this.groups = [];
      for (const point of this.points) {
        const at = this._map.project(point.getLatLng(), zoom);
        const [column, row] = [Math.floor(at.x / this.reach), Math.floor(at.y / this.reach)];
        const near = [];
        for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) near.push(...cells.get(`${column + dx} ${row + dy}`) || []);
        let group = near.find((each) => each.at.distanceTo(at) < reach);
        if (!group) {
          group = { at, points: [] };
          this.groups.push(group);
          const here = `${column} ${row}`;
          cells.set(here, [...cells.get(here) || [], group]);
        }
        group.points.push(point);
      }
      for (const group of this.groups) group.mark = group.points.length > 1 ? this.heap(group.points) : group.points[0];
      this.fill();
    },
    heap(points) {
      const bounds = L.latLngBounds(points.map((point) => point.getLatLng()));
      const mark = L.marker(bounds.getCenter(), { icon: this.icon(points.length), zIndexOffset: 500 });
      return mark.on("click", () => this._map.fitBounds(bounds, { padding: [40, 40], maxZoom: this.apartFrom }));
    },
    // Only what is in view, or just beyond, is in the page.
    fill() {
      const view = this._map.getBounds().pad(0.3);
      const shown = new Set(this.groups.map(({ mark }) => mark).filter((mark) => view.contains(mark.getLatLng())));
      this.eachLayer((layer) => { if (!shown.has(layer)) this.removeLayer(layer); });
      shown.forEach((mark) => { if (!this.hasLayer(mark)) this.addLayer(mark); });
    },
    markOf(point) { return this.groups.find(({ points }) => points.includes(point))?.mark || point; },
    show(point, then) {
      const map = this._map;
      const apart = this.markOf(point) === point;
      map.setView(point.getLatLng(), apart ? map.getZoom() : this.apartFrom, { animate: false });
      then();
    },
  });

  function legend(box, features, roles) {
    const place = document.getElementById(`${box.id}-legend`);
    if (!place) return;
    const lines = new Map(areaLines(box, roles));
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
        if (cluster) cluster.show(marker, show);
        else { map.panTo(marker.getLatLng()); show(); }
      });
    });
  }

  function draw(box, collection) {
    const features = collection.features.filter((feature) => feature.geometry);
    const map = L.map(box, { attributionControl: false, zoomControl: false, zoomSnap: 0.5, minZoom: 4, maxZoom: 19, renderer: L.svg({ padding: 0.5 }) });
    const points = features.filter((feature) => feature.geometry.type === "Point");
    const place = (feature) => L.latLng(feature.geometry.coordinates[1], feature.geometry.coordinates[0]);
    const expectedAt = new Map(points.filter((feature) => feature.properties.kind === "expected").map((feature) => [String(feature.id), place(feature)]));
    const cluster = points.length >= CLUSTER_FROM
      ? new Heaps(45, (count) => L.divIcon({ html: element("div", "cluster", count), className: "", iconSize: [34, 34] }))
      : null;
    const shapes = L.featureGroup().addTo(map);
    const bounds = L.latLngBounds([]);
    const markers = new Map();

    for (const feature of features) {
      if (feature.geometry.type !== "Point") {
        bounds.extend(area(feature).addTo(shapes).getBounds());
        continue;
      }
      const at = place(feature);
      const marker = L.marker(at, { icon: pin(box, feature.properties), alt: feature.properties.label || "", title: feature.properties.label || "", zIndexOffset: feature.properties.kind === "expected" ? 0 : 500 });
      marker.bindPopup(() => popup(box, feature.properties));
      if (feature.properties.named) {
        marker.bindTooltip(element("span", "", feature.properties.label), { permanent: true, direction: "right", offset: [14, 0], className: "name" });
      }
      markers.set(String(feature.id), marker);
      if (!cluster) marker.addTo(map);
      bounds.extend(at);
      for (const shape of surroundings(feature, at, expectedAt)) {
        shape.addTo(shapes);
      }
      const reach = Math.max(feature.properties.radius_m || 0, feature.properties.accuracy_m || 0);
      if (reach > 0) bounds.extend(at.toBounds(reach * 2));
    }
    const fit = () => bounds.isValid() && map.fitBounds(bounds, { padding: [28, 28], maxZoom: NEAR_ZOOM, animate: false });
    if (!fit()) map.setView([16, 106.5], 5);
    if (cluster) { map.addLayer(cluster); cluster.put([...markers.values()]); }
    controls(box, map, fit);
    legend(box, features, []);
    areas(box, map).then(({ roles }) => legend(box, features, roles)).catch(console.error);
    inStep(map, markers, cluster);
    // Before the page is laid out for paper, the map already has the paper's size.
    const onPaper = (on) => { box.classList.toggle("on-paper", on); map.invalidateSize({ animate: false, pan: false }); fit(); };
    addEventListener("beforeprint", () => onPaper(true));
    addEventListener("afterprint", () => onPaper(false));
  }

  function start(box) {
    box.dataset.drawn = "yes";
    const note = box.querySelector(".map-note");
    try {
      const collection = JSON.parse(document.getElementById(`${box.id}-data`).textContent);
      note?.remove();
      draw(box, collection);
    } catch (error) {
      if (note) note.textContent = box.dataset.wordLost;
      console.error(error);
    }
  }

  window.fieldMap = { element, picture, pin, popup, circle, controls, areas, areaLines, Heaps };

  document.querySelectorAll(".map:not(.atlas)").forEach(start);
})();
