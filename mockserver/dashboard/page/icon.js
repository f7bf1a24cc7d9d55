// Icons in the colour of the text beside them. They are decoration only.
const paths = {
  back: "M10 3 5 8l5 5",
  close: "m4 4 8 8M12 4l-8 8",
  compare: "M6 2v12M10 2v12M2 5h4M10 5h4M2 9h4M10 9h4",
  copy: "M5 5V2.5h8.5V11H11M2.5 5H11v8.5H2.5z",
  down: "m4.5 6.5 3.5 3.5 3.5-3.5",
  download: "M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10",
  forward: "M2 8h11.5M9 3.5 13.5 8 9 12.5",
  link: "m6.5 9.5 3-3M7 4.5 8.5 3A3.2 3.2 0 0 1 13 7.5L11.5 9M9 11.5 7.5 13A3.2 3.2 0 0 1 3 8.5L4.5 7",
  plus: "M8 3v10M3 8h10",
  response: "M6 4 2.5 7.5 6 11M2.5 7.5H9a4.5 4.5 0 0 1 4.5 4.5v1",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14",
  send: "M2 8.5 14 2.5l-4 11.5-2.5-5zM7.5 9 14 2.5",
  shield: "m8 1.8 5 1.8v4.2c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4V3.6z",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4.2 4.5 5 13.5h6l.8-9",
  upload: "M8 10.5v-8M4.5 6 8 2.5 11.5 6M3 13.5h10",
  wave: "M2 9V7M5 11V5M8 13V3M11 11V5M14 9V7",
};

// icon returns an icon by name.
export function icon(name) {
  const svg = svgElement("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" });
  svg.append(svgElement("path", { d: paths[name] }));
  return svg;
}

// svgElement makes an SVG element.
export function svgElement(name, values, label) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(values)) e.setAttribute(k, v);
  if (label !== undefined) e.textContent = label;
  return e;
}
