// One capture, tab by tab.
import { api, bytes, curl, headers, quoted } from "/page/api.js";
import { action, copier, el, facts, field, form, having, table, tabs } from "/page/dom.js";
import { answered, verdict } from "/page/list.js";
import { clock, hex, indented, isText, raw, size, span, text } from "/page/text.js";

export function show(c, view) {
  const path = `/captures/${encodeURIComponent(c.id)}`;
  return el("div", "",
    el("h2", "", `${c.method} ${c.target}`),
    el("p", "line", verdict(c.verification), ...c.problems.map((p) => el("span", "chip bad", p)),
      el("span", "quiet", `${c.id} · ${clock(c.at)} · ${size(c.body ? raw(c.body).length : 0)} · answered ${answered(c)}`)),
    el("p", "actions",
      action("Resend (r)", () => view.resend(c)),
      copier("Copy as curl (y)", () => asCurl(c)),
      copier("Copy the address", () => location.href),
      having(el("a", "action", "Download"), { href: `/api/v1${path}/raw`, download: `${c.id}.http` })),
    tabs("Capture", [
      ["body", "Body", () => body(c, path)],
      ["headers", "Headers", () => table("Header lines, in order", ["Name", "Value"], c.headers.map(([n, v]) => [n, el("code", "", v)]), "No header lines.")],
      ["raw", "Raw", () => rawTab(path)],
      ["signature", "Signature", () => signature(c, path)],
      ["timing", "Timing", () => timing(c)],
      ["reply", "Reply", () => reply(c)],
      ["attempts", "Attempts", () => attempts(c, path, view)],
    ], view.tab, view.chose));
}

// asCurl is the command that sends the request again, byte for byte as far as curl can.
export async function asCurl(c) {
  const response = await fetch(`/api/v1/captures/${encodeURIComponent(c.id)}/export?format=curl`, { headers: headers() });
  if (response.ok) return response.text();
  const lines = c.headers.filter(([name]) => !/^(host|content-length|transfer-encoding)$/i.test(name)).map(([n, v]) => `-H ${quoted(`${n}: ${v}`)}`);
  return [`curl -X ${c.method}`, ...lines, c.body ? `--data-binary ${quoted(text(raw(c.body)))}` : "", "URL"].filter(Boolean).join(" ");
}

async function body(c, path) {
  const content = raw(c.body);
  if (!content.length) return el("p", "hint", "The body is empty.");
  const shown = isText(content) ? indented(text(content)) : hex(content);
  const judged = c.verification ? await api(`${path}/schema?provider=${c.verification.provider}`) : undefined;
  const schema = judged?.event && el("p", judged.valid ? "good" : "bad",
    judged.valid ? `It fits the schema of ${judged.event}.` : `It does not fit the schema of ${judged.event}: ${judged.problems.join("; ")}`);
  return [schema ?? "", el("pre", "", shown)].filter(Boolean);
}

async function rawTab(path) {
  const content = await bytes(`${path}/raw`);
  return [el("p", "hint", `${content.length} bytes, as they came. `), el("pre", "", isText(content) ? text(content) : hex(content)),
    el("p", "hint", curl(`${path}/raw`))];
}

async function signature(c, path) {
  const v = c.verification;
  const { items } = await api("/providers");
  const out = el("div", "");
  const judge = async ({ provider, secret }) => {
    try {
      out.replaceChildren(explained(await api(`${path}/verify`, { provider, secret })));
    } catch (problem) {
      out.replaceChildren(el("p", "bad", problem.message));
    }
  };
  return [v ? explained(v) : el("p", "hint", "The bin names no provider, so nothing was judged on arrival."),
    form("Judge it with", judge, field("Provider", "provider", { options: items.map((p) => p.name), value: v?.provider ?? items[0]?.name }),
      field("Secret", "secret", { required: true, autocomplete: "off" }), el("button", "action", "Judge")), out];
}

function explained(v) {
  return el("div", "", el("p", "line", verdict(v), el("span", "quiet", v.provider)), v.explanation ? el("p", "", v.explanation) : "");
}

function timing(c) {
  return facts([["arrived", new Date(c.at).toISOString()], ["sequence", c.seq], ["from", c.peer], ["version", c.version],
    ["TLS", c.tls && `${c.tls.version}, ${c.tls.cipher}`], ["reply after", c.reply?.delay], ["reply over", c.reply?.drip]]);
}

function reply(c) {
  if (!c.reply) return el("p", "hint", "It was given no reply of the bin's own.");
  const lines = [...Object.entries(c.reply.headers ?? {}), ...(c.reply.lines ?? [])];
  return [facts([["status", answered(c)]]), table("Header lines", ["Name", "Value"], lines, "No header lines of its own."),
    c.reply.body ? el("pre", "", indented(c.reply.body)) : el("p", "hint", "No body.")];
}

// attempts are the captures of the same delivery, with the time between them.
async function attempts(c, path, view) {
  const { items } = await api(`${path}/attempts`);
  const rows = items.map((a, i) => [
    i + 1, a.id === c.id ? `${a.id} (this one)` : action(a.id, () => view.open(a)), clock(a.at),
    i ? `+${span(new Date(a.at) - new Date(items[i - 1].at))}` : "", answered(a), verdict(a.verification) || "",
  ]);
  return [timeline(items.map((a) => ({ at: a.at, good: (a.reply?.status || 200) < 300 && !a.reply?.hang && !a.reply?.reset, text: answered(a) }))),
    table("Attempts of this delivery", ["#", "Capture", "At", "After", "Answered", "Signature"], rows)];
}

// timeline draws attempts along a line, spaced by the order of magnitude of the time between them.
export function timeline(points) {
  if (points.length < 2) return "";
  const svgNS = "http://www.w3.org/2000/svg";
  const make = (name, values, label) => {
    const e = document.createElementNS(svgNS, name);
    for (const [k, v] of Object.entries(values)) e.setAttribute(k, v);
    if (label !== undefined) e.textContent = label;
    return e;
  };
  let x = 20;
  const svg = make("svg", { class: "timeline", height: 64, role: "img" });
  points.forEach((p, i) => {
    if (i) {
      const ms = Math.max(1, new Date(p.at) - new Date(points[i - 1].at));
      const next = x + 50 + 14 * Math.log10(ms);
      svg.append(make("line", { x1: x, y1: 24, x2: next, y2: 24 }), make("text", { x: (x + next) / 2, y: 16, "text-anchor": "middle" }, span(ms)));
      x = next;
    }
    svg.append(make("circle", { cx: x, cy: 24, r: 7, class: p.good ? "good" : "bad" }), make("text", { x, y: 50, "text-anchor": "middle" }, p.text));
  });
  svg.setAttribute("width", x + 30);
  svg.setAttribute("viewBox", `0 0 ${x + 30} 64`);
  svg.setAttribute("aria-label", `${points.length} attempts: ${points.map((p) => p.text).join(", ")}`);
  return el("div", "scroll", svg);
}
