// Attempts on a line, spaced by the logarithm of the time between them.
import { el } from "./dom.js";
import { svgElement } from "./icon.js";
import { span } from "./text.js";

// timeline draws points: at is a time, good the colour, text the label. due is the time of the next
// attempt, if there is one.
export function timeline(points, due) {
  if (points.length + (due ? 1 : 0) < 2) return "";
  let x = 34;
  const svg = svgElement("svg", { class: "timeline", height: 84, role: "img" });
  const circles = [];
  const all = due ? [...points, { at: due, text: "due", pending: true }] : points;
  const gaps = [];
  all.forEach((p, i) => {
    if (i) {
      const ms = Math.max(0, new Date(p.at) - new Date(all[i - 1].at));
      gaps.push(span(ms));
      const next = x + 64 + 16 * Math.log10(Math.max(1, ms));
      svg.append(svgElement("line", { x1: x, y1: 34, x2: next, y2: 34, class: p.pending ? "pending" : "" }),
        svgElement("text", { x: (x + next) / 2, y: 22, "text-anchor": "middle" }, `+${span(ms)}`));
      x = next;
    }
    circles.push(svgElement("circle", { cx: x, cy: 34, r: 8, class: p.pending ? "pending" : p.good ? "good" : "bad" }),
      svgElement("text", { x, y: 62, "text-anchor": "middle", class: "status" }, p.text),
      svgElement("text", { x, y: 77, "text-anchor": "middle" }, p.pending ? "" : `#${i + 1}`));
  });
  svg.append(...circles);
  svg.setAttribute("width", x + 34);
  svg.setAttribute("viewBox", `0 0 ${x + 34} 84`);
  svg.setAttribute("aria-label", `${points.length} attempts: ${points.map((p, i) => (i ? `after ${gaps[i - 1]} ${p.text}` : p.text)).join(", ")}`);
  return el("div", "scroll", svg);
}
