// What a place on the map tells when it is clicked: its columns by their titles, values by their meaning.
const LANGUAGE = document.documentElement.lang;

function written(value, column, zone) {
  if (column.codes?.[value]) return column.codes[value];
  if (column.type === "time") return new Date(value).toLocaleString(LANGUAGE, { timeZone: zone });
  return column.unit ? `${value} ${column.unit}` : String(value);
}

// A table of the row's values; text only, whatever a publisher wrote.
export function popup(properties, told) {
  const table = document.createElement("table");
  for (const column of told.columns) {
    const value = properties[column.name];
    if (value === null || value === undefined || value === "") continue;
    const row = table.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = column.title;
    row.append(head);
    row.insertCell().textContent = written(value, column, told.zone);
  }
  return table;
}
