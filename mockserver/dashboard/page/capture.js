// One capture, tab by tab.
import { api, bytes, curl, download, path, save, text as fetched } from "./api.js";
import { attempts, timing } from "./attempts.js";
import { body, wire } from "./body.js";
import { compare } from "./compare.js";
import { action, copier, copy, el, assign, link, menu, note, symbolAction, table, tabs } from "./dom.js";
import { answered, result, status } from "./list.js";
import { hash } from "./route.js";
import { finder, term } from "./search.js";
import { signature } from "./signature.js";
import { ago, exact, isText, raw, size, text } from "./text.js";

// formats are the file formats of captures.
export const formats = [["raw", "Raw HTTP"], ["curl", "curl commands"], ["har", "HAR 1.2"], ["jsonl", "JSON Lines"], ["scenario", "Scenario"], ["go", "Go test"], ["schema", "JSON Schema"]];

export function show(c, view) {
  const at = path(["captures", c.id]);
  const name = c.event;
  return el("div", "",
    el("div", "head",
      el("h2", "", `${c.method} ${c.target}`),
      el("p", "line", finder(el("span", `method ${c.method.toLowerCase()}`, c.method), term("method", c.method)), name ? finder(el("b", "", name), term("", name)) : "", c.verification ? finder(result(c.verification), term("verdict", c.verification.verdict)) : "",
        answered(c) === "" ? "" : Number(answered(c)) ? finder(status(answered(c)), term("status", String(answered(c)))) : status(answered(c))),
      el("p", "quiet", assign(el("time", "", ago(c.at)), { dateTime: c.at, title: exact(c.at) }), ` · ${size(c.size)} · in `, link(c.bin, hash({ bin: c.bin })), ` · ${c.id} · from ${c.peer}`),
      c.problems.length ? note("bad", el("b", "", "Problem with this request: "), c.problems.join("; ")) : "",
      el("div", "actions",
        action("Resend …", () => view.resend(c), { className: "action main", symbol: "send", title: "Resend (r)" }),
        menu("Copy", "copy",
          action("As curl (y)", () => view.run(async () => copy(await asCurl(c)), "copied as curl")),
          action("As raw HTTP", () => view.run(async () => copy(text(await bytes(`${at}/raw`))), "copied as raw HTTP")),
          action("Body", () => view.run(() => copy(text(raw(c.body))), "copied the body")),
          action("Link", () => view.run(() => copy(location.href), "copied the link"))),
        menu("Export", "download", ...formats.map(([format, title]) => action(title, () => view.run(() => download(`${at}/export?format=${format}`), `saved as ${title}`)))),
        link("Compare", hash({ ...view.route, show: c.id, tab: "compare" }), "action"))),
    tabs("Capture", [
      ["body", "Body", () => bodyTab(c, at)],
      ["headers", "Headers", () => headers(c, view)],
      ["raw", "Raw", () => rawTab(at, view)],
      ["signature", "Signature", () => signature(c, at)],
      ["timing", "Timing", () => timing(c, at)],
      ["response", "Response", () => response(c)],
      ["attempts", "Attempts", () => attempts(c, at)],
      ["compare", "Compare", () => compare(c, view)],
    ], view.route.tab, view.chose));
}

// asCurl returns the command that sends the request again, byte for byte as far as curl can.
export function asCurl(c) {
  return fetched(path(["captures", c.id, "export"], { format: "curl" }));
}

// typeOf returns the Content-Type in a list of header lines.
export function typeOf(headers) {
  return headers?.find(([name]) => /^content-type$/i.test(name))?.[1] ?? "";
}

async function bodyTab(c, at) {
  const checked = c.verification ? await api(`${at}/schema?provider=${encodeURIComponent(c.verification.provider)}`) : undefined;
  const decoded = await api(`${at}/content`);
  return [checked ? schema(checked) : "", parameters(decoded), decodedBody(c, decoded)].flat().filter(Boolean);
}

// parameters shows the query parameters, if there are any.
function parameters(decoded) {
  const names = Object.keys(decoded.params);
  return names.length ? fields("Query parameters, decoded", decoded.params) : "";
}

// decodedBody shows the decoded body, with a button for the bytes as received.
function decodedBody(c, decoded) {
  const received = raw(c.body);
  const parts = decoded.parts.length ? table("Parts", ["Name", "File", "Type", "Size", "Content"], decoded.parts.map((p) => part(p))) : "";
  const bad = decoded.problem ? note("bad", `${decoded.problem}.`) : decoded.not_json ? note("bad", `The Content-Type says JSON, but the body is not valid JSON: ${decoded.not_json}.`) : "";
  if (!decoded.steps.length) return [bad, parts, body(received, typeOf(c.headers))];
  const box = el("div", "");
  const choose = (sent) => {
    for (const b of [whole, asSent]) b.setAttribute("aria-pressed", String((b === asSent) === sent));
    box.replaceChildren(sent ? body(received, "") : body(raw(decoded.bytes), typeOf(c.headers)));
  };
  const whole = action("Decoded", () => choose(false), { className: "toggle" });
  const asSent = action("As sent", () => choose(true), { className: "toggle" });
  choose(false);
  return [bad, el("div", "bar", el("span", "chip", `decoded: ${decoded.steps.join(", ")}`), el("span", "choice", whole, asSent)), parts, box];
}

// fields makes a table of names and values. A repeated name has one row for each value.
function fields(title, values) {
  const rows = Object.entries(values).flatMap(([name, value]) => [value].flat().map((v) => [el("code", "", name), el("code", "", v)]));
  return table(title, ["Name", "Value"], rows);
}

// part makes the row of one part of a multipart body.
function part(p) {
  const content = raw(p.bytes);
  const shown = isText(content) && content.length < 2048 ? el("code", "value", text(content)) : "";
  return [el("code", "", p.name), p.filename, p.content_type, size(content.length).replace(" ", "\u00a0"),
    el("span", "", p.problem ? note("bad", `${p.problem}.`) : "", shown, " ", action("Download", () => save(new Blob([content]), p.filename || p.name || "part"), { className: "action small", symbol: "download" }))];
}

// schema says whether a body matches the schema of its event, and where it does not.
function schema(checked) {
  const undeclared = checked.undeclared?.length ? el("p", "quiet", "Not in the provider's documents: ", ...checked.undeclared.flatMap((u) => [el("code", "", u), " "])) : "";
  if (checked.valid) return note("good", `Matches the schema of ${checked.event}.`, undeclared);
  if (!checked.event) return note("", checked.problems.join("; "));
  return note("bad", el("b", "", `Does not match the schema of ${checked.event}:`), el("ul", "plain", ...checked.problems.map((p) => el("li", "", violation(p)))), undeclared);
}

// violation separates the location from the problem.
function violation(text) {
  const at = text.indexOf(": ");
  return at < 0 ? [text] : [el("code", "", text.slice(0, at)), text.slice(at)];
}

function headers(c, view) {
  const rows = c.headers.map(([name, value]) => [el("b", "", name), finder(el("code", "value", value), term(`header.${name.toLowerCase()}`, value)),
    symbolAction("copy", `Copy ${name}`, () => view.run(() => copy(value), `copied ${name}`))]);
  return table("In received order. Click a value to search for it", ["Name", "Value", ""], rows, "No header lines.");
}

async function rawTab(at, view) {
  const content = await bytes(`${at}/raw`);
  const box = el("div", "", wire(content, false));
  const marks = action("Show line ends", () => {
    const shown = marks.getAttribute("aria-pressed") !== "true";
    marks.setAttribute("aria-pressed", String(shown));
    box.replaceChildren(wire(content, shown));
  }, { className: "toggle", "aria-pressed": "false" });
  return [el("div", "bar", el("span", "quiet", `${size(content.length)}, byte for byte`), marks, copier("Copy the request", () => text(content), { className: "action small" }),
    action("Download", () => view.run(() => download(`${at}/raw`), "saved"), { className: "action small", symbol: "download" })), box, el("p", "hint", curl(`${at}/raw`))];
}

function response(c) {
  if (!c.response) return el("p", "hint", "The bin did not choose a response. The problems of the request say what the server answered.");
  const lines = [...Object.entries(c.response.headers ?? {}), ...(c.response.lines ?? [])];
  const content = c.response.body_base64 ? raw(c.response.body_base64) : new TextEncoder().encode(c.response.body ?? "");
  return [el("p", "line", status(answered(c)), c.response.delay ? el("span", "quiet", `after ${c.response.delay}`) : "", c.response.drip ? el("span", "quiet", `body sent over ${c.response.drip}`) : ""),
    table("Header lines", ["Name", "Value"], lines.map(([n, v]) => [el("b", "", n), el("code", "value", v)]), "No header lines."),
    content.length ? body(content, typeOf(lines)) : el("p", "hint", "The body is empty."),
    el("p", "hint", "To change the bin's response, use Response above the list.")];
}
