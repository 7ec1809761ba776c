// Draw a dataset's rows on a map. No tiles: the city's own geometry is the map, and it works without internet.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import { popup } from "./popup.js";

const LANGUAGE = document.documentElement.lang;
const AGAIN = 15_000;
const SETTLED = 400;
const KOREA = [[33, 124.5], [38.95, 132]];

function colours() {
  const style = getComputedStyle(document.documentElement);
  return { ink: style.getPropertyValue("--blue").trim(), paper: style.getPropertyValue("--paper").trim() };
}

function rowsLayer(told) {
  const { ink, paper } = colours();
  const options = { radius: 5, color: paper, weight: 1, fillColor: ink, fillOpacity: 0.9 };
  return L.geoJSON(null, {
    style: ({ geometry }) => (/Point$/.test(geometry.type) ? {} : { color: ink, weight: 1.5, fillOpacity: 0.15 }),
    pointToLayer: (_, at) => L.circleMarker(at, options),
    onEachFeature: (feature, drawn) =>
      drawn.bindPopup(() => popup(feature.properties, told), { maxHeight: 260, minWidth: 180 }),
  });
}

// The box of all rows, [[south, west], [north, east]]; one that crosses the antimeridian goes on to the east.
function extent([west, south, east, north]) {
  return [[south, west], [north, west > east ? east + 360 : east]];
}

// What is seen, as the API asks for it; undefined where that is the whole world or across its edge.
function box(map) {
  const seen = map.getBounds();
  const sides = [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
  if (sides[0] < -180 || sides[1] < -90 || sides[2] > 180 || sides[3] > 90) return undefined;
  return sides.map((side) => side.toFixed(5)).join(",");
}

class Refused extends Error {
  constructor(answer) {
    super(`${answer.status}`);
    this.limited = answer.status === 429;
    this.seconds = Number(answer.headers.get("Retry-After")) || 30;
  }
}

// Rows that the page brought itself, or those that the API gives of what is in view.
async function read(told, within, signal) {
  if (told.items) return { items: told.items, total: told.total };
  const asked = new URLSearchParams({ limit: told.most });
  if (within) {
    asked.set("bbox", within);
    asked.set("count", "exact");
  }
  const answer = await fetch(`${told.rows}?${asked}`, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Refused(answer);
  const page = await answer.json();
  return { items: page.items, total: page.count ?? told.total };
}

class View {
  constructor(element) {
    this.told = JSON.parse(element.dataset.map);
    this.element = element;
    this.status = element.parentElement.querySelector("[data-map-status]");
    this.map = L.map(element, { attributionControl: false, preferCanvas: true, zoomControl: false, maxZoom: 19 });
    const { words } = this.told;
    L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.map.fitBounds(this.told.bbox ? extent(this.told.bbox) : KOREA, { maxZoom: 15, padding: [16, 16] });
    this.map.on("popupopen", ({ popup: opened }) => {
      opened.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", words.close);
    });
    this.layer = rowsLayer(this.told).addTo(this.map);
  }

  // All rows where they are few; where they are more, the box of all and what lies in view.
  async start() {
    const many = this.told.total > this.told.most;
    if (many && this.told.bbox) {
      const line = { color: colours().ink, weight: 1, dashArray: "6 6", fill: false, interactive: false };
      L.rectangle(extent(this.told.bbox), line).addTo(this.map);
    }
    await this.draw();
    if (many) this.map.on("moveend", () => this.later(SETTLED));
    if (this.told.moving) setInterval(() => document.hidden || this.draw(), AGAIN);
  }

  later(milliseconds) {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.draw(), milliseconds);
  }

  // A popup that someone reads is not taken away by what is newer.
  async draw() {
    if (this.element.querySelector(".leaflet-popup")) return;
    this.asking?.abort();
    this.asking = new AbortController();
    const within = this.told.total > this.told.most ? box(this.map) : undefined;
    try {
      this.show(await read(this.told, within, this.asking.signal));
    } catch (fault) {
      if (fault.name !== "AbortError") this.fail(fault);
    }
  }

  show({ items, total }) {
    const { words } = this.told;
    const located = items.filter((item) => item.geometry);
    this.layer.clearLayers();
    this.layer.addData(located.map(({ geometry, ...properties }) => ({ type: "Feature", geometry, properties })));
    const n = located.length;
    const whole = total === this.told.total ? words.drawn : words.here;
    const said = [items.length === 0 ? words.none : items.length < total ? words.some : whole];
    if (n < items.length) said.push(words.unplaced);
    this.say(said.join(" "), { n, total, all: this.told.total, rest: items.length - n });
    this.element.dataset.drawn = n;
  }

  fail(fault) {
    if (!fault.limited) return this.say(this.told.words.failed, {});
    this.later(fault.seconds * 1000);
    return this.say(this.told.words.limited, { seconds: fault.seconds });
  }

  say(words, numbers) {
    this.status.textContent = words.replace(/\{(\w+)\}/g, (_, name) => numbers[name].toLocaleString(LANGUAGE));
  }
}

for (const element of document.querySelectorAll("[data-map]")) new View(element).start();
