// The page over the desk's API: bins, captures and deliveries as they come in. What was captured is only ever put
// into the page as text.
import { follow } from "/page/stream.js";
import { clock, head, indented, text } from "/page/text.js";

const shown = 200; // list entries that are kept
const $ = (id) => document.getElementById(id);
const rig = { token: sessionStorage.getItem("token") ?? "", bin: "", captures: [], deliveries: [], chosen: "" };

// el makes an element with a class and children; strings become text.
function el(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children.map((c) => (c instanceof Node ? c : String(c))));
  return e;
}

function headers() {
  return rig.token ? { Authorization: `Bearer ${rig.token}` } : {};
}

async function api(path) {
  const response = await fetch(`/api/v1${path}`, { headers: headers() });
  if (response.status === 401) {
    $("token").hidden = false;
    throw new Error("the rig asks for its token");
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const parts = (problem.errors ?? []).map((e) => `${e.location}: ${e.message}`);
  throw new Error([problem.detail ?? response.statusText, ...parts].join("; "));
}

// place keeps what is shown in the address, so that it can be passed on: #bin=NAME&show=ID.
function place() {
  const at = new URLSearchParams();
  if (rig.bin) at.set("bin", rig.bin);
  if (rig.chosen) at.set("show", rig.chosen);
  history.replaceState(null, "", `${location.pathname}${at.size ? `#${at}` : ""}`);
}

// entry is a line of a list: a button that shows the detail of its record.
function entry(record, show, ...cells) {
  const button = el("button", "", ...cells);
  button.type = "button";
  button.dataset.id = record.id;
  if (rig.chosen === record.id) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => {
    rig.chosen = record.id;
    show(record);
    place();
    draw();
  });
  return el("li", "", button);
}

function verdict(v) {
  return v ? el("span", v.verdict === "valid" ? "good" : "bad", v.verdict) : "";
}

// answer is what a bin did about a capture, in a word.
function answer(c) {
  if (!c.reply) return "";
  return c.reply.hang ? "hang" : c.reply.reset ? "reset" : c.reply.cut ? `cut ${c.reply.cut}` : c.reply.status || 200;
}

function captureEntry(c) {
  return entry(c, showCapture, el("span", "quiet", clock(c.at)), el("span", "", `${c.method} ${c.target}`),
    c.problems.length ? el("span", "bad", c.problems[0]) : verdict(c.verification), el("span", "quiet", answer(c)));
}

// end is how a delivery's state looks.
function end(d) {
  return { delivered: "good", pending: "quiet" }[d.state] ?? "bad";
}

function deliveryEntry(d) {
  return entry(d, showDelivery, el("span", "quiet", `${d.attempts.length}×`), el("span", "", `${d.event.name} → ${d.url.replace(/^https?:\/\//, "")}`), el("span", end(d), d.state));
}

function facts(pairs) {
  const list = el("dl", "");
  for (const [name, value] of pairs) {
    if (value !== undefined && value !== null && value !== "") list.append(el("dt", "", name), el("dd", "", value));
  }
  return list;
}

// request is the heading and text of one request.
function request(m) {
  const parts = [el("h3", "", "Request"), el("pre", "", head(m))];
  if (m.body) parts.push(el("h3", "", "Body"), el("pre", "", indented(text(m.body))));
  return parts;
}

function showCapture(c) {
  const v = c.verification;
  $("detail").replaceChildren(
    el("h2", "", `Capture ${c.id}`),
    facts([["bin", c.bin], ["at", c.at], ["from", c.peer], ["answered", answer(c)],
      ["signature", v && el("span", v.verdict === "valid" ? "good" : "bad", `${v.provider}: ${v.verdict}`)], ["why", v?.explanation],
      ["problems", c.problems.join("; ")]]),
    ...request(c),
    el("h3", "", "Byte for byte"), el("pre", "", `curl ${location.origin}/api/v1/captures/${c.id}/raw`));
}

function showDelivery(d) {
  const parts = [el("h2", "", `Delivery ${d.id}`),
    facts([["event", `${d.event.name} (${d.event.id})`], ["provider", d.provider], ["to", d.url], ["state", el("span", end(d), d.state)],
      ["next attempt", d.next], ["faults", (d.faults ?? []).join(", ")]])];
  for (const a of d.attempts) {
    parts.push(el("h2", "", `Attempt ${a.n}`),
      facts([["due", a.due], ["took", `${a.took_ms} ms`], ["outcome", a.status ? `${a.outcome} ${a.status}` : a.outcome], ["error", a.error], ["fault", a.fault]]),
      ...request(a.sent));
  }
  $("detail").replaceChildren(...parts);
}

function draw() {
  const focused = document.activeElement?.dataset?.id;
  const captures = rig.captures.filter((c) => !rig.bin || c.bin === rig.bin);
  $("captures").replaceChildren(...captures.map(captureEntry));
  $("deliveries").replaceChildren(...rig.deliveries.map(deliveryEntry));
  if (focused) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus(); // the one that had it is replaced
}

async function drawBins() {
  const { items } = await api("/bins");
  const focused = document.activeElement?.dataset?.id;
  const all = [{ name: "", label: "all bins", count: items.reduce((n, b) => n + b.count, 0) }, ...items];
  $("bins").replaceChildren(...all.map((b) => {
    const button = el("button", "", el("span", "", b.label ?? b.name), el("span", "quiet", b.count));
    button.type = "button";
    button.dataset.id = `bin ${b.name}`;
    if (b.name === rig.bin) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => choose(b.name).then(place, say));
    return el("li", "", button);
  }));
  if (focused?.startsWith("bin ")) document.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
}

async function choose(bin) {
  rig.bin = bin;
  rig.captures = (await api(`${bin ? `/bins/${encodeURIComponent(bin)}` : ""}/captures?limit=${shown}`)).items;
  await drawBins();
  draw();
}

// add puts a record first, in the place of an older state of it.
function add(list, record) {
  const at = list.findIndex((r) => r.id === record.id);
  if (at >= 0) list[at] = record;
  else list.unshift(record);
  list.length = Math.min(list.length, shown);
}

let drawing = 0;
function soon() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    draw();
    drawBins().catch(say);
  });
}

function say(problem) {
  $("state").textContent = problem instanceof Error ? problem.message : problem;
}

// arrive shows what the address says.
async function arrive() {
  const at = new URLSearchParams(location.hash.slice(1));
  rig.chosen = at.get("show") ?? "";
  await choose(at.get("bin") ?? "");
  const delivery = rig.deliveries.find((d) => d.id === rig.chosen);
  if (delivery) {
    turn("deliveries");
    showDelivery(delivery);
  } else if (rig.chosen) {
    turn("captures");
    showCapture(await api(`/captures/${encodeURIComponent(rig.chosen)}`));
  }
}

async function start() {
  const about = await api("/rig");
  $("token").hidden = true;
  $("try").textContent = `curl -d hello ${about.capture}/inbox/any/path`;
  rig.deliveries = (await api(`/deliveries?limit=${shown}`)).items;
  await arrive();
  say(`recording at ${about.capture}/<bin>`);
  await follow("/api/v1/stream", headers(), {
    capture: (c) => { add(rig.captures, c); soon(); },
    delivery: (d) => { add(rig.deliveries, d); soon(); },
    skipped: () => { choose(rig.bin).catch(say); },
  }, say);
}

// turn shows one of the two lists.
function turn(to) {
  for (const name of ["captures", "deliveries"]) {
    $(name).hidden = name !== to;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === to));
  }
}

for (const name of ["captures", "deliveries"]) $(`tab-${name}`).addEventListener("click", () => turn(name));
addEventListener("hashchange", () => arrive().catch(say));
$("token").addEventListener("submit", (e) => {
  e.preventDefault();
  rig.token = new FormData(e.target).get("token");
  sessionStorage.setItem("token", rig.token);
  start().catch(say);
});
start().catch(say);
