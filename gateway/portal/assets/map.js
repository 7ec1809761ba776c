// Draw a dataset's rows on a map. No tiles: the city's own geometry is the map, and it works without internet.
import L from "leaflet";
import "leaflet/dist/leaflet.css";

const INK = "#0b5fa5";

function popup(properties) {
  const table = document.createElement("table");
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === "") continue;
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = String(value);
  }
  return table;
}

async function draw(element) {
  const status = element.parentElement.querySelector("[data-map-status]");
  const answer = await fetch(element.dataset.rows, { headers: { Accept: "application/geo+json" } });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    status.textContent = `${element.dataset.failed} ${problem.detail ?? answer.status}`;
    return;
  }
  const collection = await answer.json();
  const located = collection.features.filter((feature) => feature.geometry);
  const map = L.map(element, { attributionControl: false, preferCanvas: true, maxZoom: 19 });
  const layer = L.geoJSON(located, {
    style: { color: INK, weight: 1.5, fillOpacity: 0.15 },
    pointToLayer: (_, at) =>
      L.circleMarker(at, { radius: 4, color: "#fff", weight: 1, fillColor: INK, fillOpacity: 0.9 }),
    onEachFeature: (feature, drawn) => drawn.bindPopup(() => popup(feature.properties), { maxHeight: 260 }),
  }).addTo(map);
  const bounds = layer.getBounds();
  map.fitBounds(bounds.isValid() ? bounds.pad(0.05) : [[33, 124.5], [38.95, 132]]);
  L.control.scale({ imperial: false }).addTo(map);
  status.textContent = element.dataset.drawn.replace("{n}", located.length.toLocaleString());
  element.dataset.ready = "true";
}

for (const element of document.querySelectorAll("[data-map]")) {
  draw(element).catch((fault) => {
    element.parentElement.querySelector("[data-map-status]").textContent = `${element.dataset.failed} ${fault}`;
  });
}
