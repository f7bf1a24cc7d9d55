// The page over the desk's API: what was captured and sent, as it comes in. What was captured is only ever put into the
// page as text.
import { NeedsToken, api, curl, enter, headers } from "/page/api.js";
import { asCurl, show as showCapture } from "/page/capture.js";
import { show as showDelivery } from "/page/delivery.js";
import { help, resend } from "/page/dialog.js";
import { action, copier, copy, el, having } from "/page/dom.js";
import { captureRow, deliveryRow, focusBy, shown } from "/page/list.js";
import { follow } from "/page/stream.js";
import { show as showSystem, titles } from "/page/system.js";

const $ = (id) => document.getElementById(id);

// place is what is shown; the address keeps it, so that it can be passed on. view is captures, deliveries or system.
const place = { view: "captures", bin: "", q: "", show: "", tab: "", system: "" };
const rig = { capture: "", surfaces: {}, captures: [], deliveries: [], record: undefined };

function say(problem) {
  $("state").textContent = problem instanceof Error ? problem.message : problem;
  if (problem instanceof NeedsToken) $("token").hidden = false;
}

// go shows another place, and keeps the way back.
function go(to) {
  Object.assign(place, to);
  const kept = Object.entries(place).filter(([name, value]) => value && !(name === "view" && value === "captures"));
  const hash = new URLSearchParams(kept).toString();
  if (`#${hash}` !== location.hash) history.pushState(null, "", `${location.pathname}${hash ? `#${hash}` : ""}`);
}

// arrive reads the address.
async function arrive() {
  const at = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(place)) place[name] = at.get(name) ?? (name === "view" ? "captures" : "");
  $("q").value = place.q;
  await load();
  if (place.view === "system") return turnTo(place.system);
  if (!place.show) return;
  const found = [...rig.captures, ...rig.deliveries].find((r) => r.id === place.show);
  const kind = place.view === "deliveries" ? "deliveries" : "captures";
  open(found ?? await api(`/${kind}/${encodeURIComponent(place.show)}`));
}

// load reads the list that is shown.
async function load() {
  const query = new URLSearchParams({ limit: shown });
  if (place.view === "deliveries") {
    rig.deliveries = (await api(`/deliveries?${query}`)).items;
  } else {
    if (place.q) query.set("q", place.q);
    rig.captures = (await api(`${place.bin ? `/bins/${encodeURIComponent(place.bin)}` : ""}/captures?${query}`)).items;
  }
  await drawPlaces();
  draw();
}

// open shows a record.
function open(record) {
  go({ show: record.id });
  rig.record = record;
  const view = {
    tab: place.tab, chose: (tab) => go({ tab }), open: (other) => open(other), resend: (c) => resend(c, rig.capture).catch(say),
    did: async (does, what) => { try { await does(); say(what); } catch (problem) { say(problem); } },
  };
  $("detail").replaceChildren(record.attempts ? showDelivery(record, view) : showCapture(record, view));
  draw();
}

async function turnTo(system) {
  go({ view: "system", system, show: "", tab: "" });
  draw();
  await drawPlaces();
  await showSystem($("detail"), system, rig.capture);
}

function draw() {
  const focused = document.activeElement?.dataset?.id;
  const deliveries = place.view === "deliveries";
  const rows = deliveries ? rig.deliveries.map((d) => deliveryRow(d, place.show, open)) : rig.captures.map((c) => captureRow(c, place.show, open, !place.bin));
  $("list").replaceChildren(...rows);
  $("empty").hidden = rows.length > 0;
  if (!rows.length) $("empty").replaceChildren(nothing(deliveries));
  if (focused && $("list").querySelector) $("list").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus(); // the row that had it is replaced
  $("keep").hidden = !place.q;
}

// nothing is what an empty list says: the next step, with a ready command.
function nothing(deliveries) {
  if (deliveries) {
    return el("div", "", el("h2", "", "Nothing was sent yet"), el("p", "", "Register an endpoint in a system's panel, or with"),
      el("pre", "", curl("/providers/neostore/endpoints", { url: `${rig.capture}/inbox`, events: ["Pass:*"] })));
  }
  if (place.q) return el("p", "hint", `No capture ${place.bin ? `of ${place.bin} ` : ""}holds "${place.q}".`);
  const to = `${rig.capture}/${place.bin || "inbox"}`;
  return el("div", "", el("h2", "", "Waiting for the first request"),
    el("p", "", "Every path below this address is recorded, any method:"), el("pre", "", to),
    el("p", "actions", copier("Copy the address", to), ...Object.keys(titles).map((name) => action(`Send a sample of ${titles[name]}`, () => sample(name, to)))),
    el("p", "", "Or from a terminal:"), el("pre", "", `curl -d '{"hello":"world"}' ${to}\nhookrig send neostore Pass:Installed --to ${to}`));
}

const samples = { neostore: "Pass:Installed", subscribfy: "wallet_pass/created", ethpass: "pass:create" };

async function sample(provider, to) {
  try {
    await api(`/providers/${provider}/send`, { event: samples[provider], to });
  } catch (problem) {
    say(problem);
  }
}

// entry is a line on the left: a button that goes somewhere.
function entry(id, label, count, current, does) {
  const button = having(el("button", "", el("span", "", label), count === undefined ? "" : el("span", "quiet", count)), { type: "button" });
  button.dataset.id = id;
  if (current) button.setAttribute("aria-current", "page");
  button.addEventListener("click", () => Promise.resolve(does()).catch(say));
  return el("li", "", button);
}

const reload = (to) => { $("detail").replaceChildren(); go({ show: "", tab: "", system: "", ...to }); $("q").value = place.q; return load(); };

async function drawPlaces() {
  const { items } = await api("/bins");
  const focused = document.activeElement?.dataset?.id;
  const captures = place.view === "captures";
  const all = { name: "", count: items.reduce((n, b) => n + b.count, 0) };
  $("bins").replaceChildren(...[all, ...items].map((b) => entry(`bin ${b.name}`, b.name || "all bins", b.count, captures && b.name === place.bin,
    () => reload({ view: "captures", bin: b.name, q: "" }))));
  $("sent").replaceChildren(entry("sent", "deliveries", undefined, place.view === "deliveries", () => reload({ view: "deliveries", bin: "", q: "" })));
  $("systems").replaceChildren(...Object.keys(titles).filter((name) => rig.surfaces[name]).map((name) =>
    entry(`system ${name}`, titles[name], undefined, place.system === name, () => turnTo(name))));
  $("searches").replaceChildren(...kept().map((q) => entry(`search ${q}`, q, undefined, captures && q === place.q, () => reload({ view: "captures", bin: "", q }))));
  if (focused) document.querySelector(`nav [data-id="${CSS.escape(focused)}"]`)?.focus();
}

// kept are the searches that this browser keeps.
function kept() {
  return JSON.parse(localStorage.getItem("searches") ?? "[]");
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
  drawing ||= setTimeout(() => {
    drawing = 0;
    if (place.q && place.view === "captures") load().catch(say);
    else {
      draw();
      drawPlaces().catch(say);
    }
  }, 50);
}

async function start() {
  const about = await api("/rig");
  $("token").hidden = true;
  Object.assign(rig, { capture: about.capture, surfaces: about.surfaces });
  await arrive();
  say(`recording at ${about.capture}/<bin>`);
  await follow("/api/v1/stream", headers(), {
    capture: (c) => { if (!place.q && (!place.bin || c.bin === place.bin)) add(rig.captures, c); soon(); },
    delivery: (d) => {
      add(rig.deliveries, d);
      if (place.view === "deliveries") {
        if (d.id === place.show) open(d);
        soon();
      }
    },
    skipped: () => { load().catch(say); },
  }, say);
}

// Keys: the focus moves, nothing scrolls away; in a field they are text.
addEventListener("keydown", (e) => {
  if (e.key === "Escape" && e.target === $("q")) $("list").querySelector(".row")?.focus();
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, select, textarea, dialog")) return;
  const capture = rig.record && !rig.record.attempts && place.show ? rig.record : undefined;
  const does = {
    "/": () => $("q").focus(), j: () => focusBy($("list"), 1), k: () => focusBy($("list"), -1), "?": help,
    r: capture && (() => resend(capture, rig.capture).catch(say)),
    y: capture && (async () => { await copy(await asCurl(capture)); say("copied as curl"); }),
  }[e.key];
  if (!does) return;
  e.preventDefault();
  does();
});

$("search").addEventListener("submit", (e) => {
  e.preventDefault();
  reload({ view: "captures", q: $("q").value.trim() }).catch(say);
});
$("q").addEventListener("search", () => { if (!$("q").value) reload({ q: "" }).catch(say); });
$("keep").addEventListener("click", () => {
  localStorage.setItem("searches", JSON.stringify([place.q, ...kept().filter((q) => q !== place.q)].slice(0, 12)));
  drawPlaces().catch(say);
});
$("help").addEventListener("click", help);
$("theme").addEventListener("click", () => theme({ "": "dark", dark: "light", light: "" }[localStorage.getItem("theme") ?? ""]));
addEventListener("popstate", () => arrive().catch(say));
$("token").addEventListener("submit", (e) => {
  e.preventDefault();
  enter(new FormData(e.target).get("token"));
  start().catch(say);
});

// theme is the browser's unless one is chosen.
function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", name);
  $("theme").title = `Theme: ${name || "as the system"}`;
}
theme(localStorage.getItem("theme") ?? "");
start().catch(say);
