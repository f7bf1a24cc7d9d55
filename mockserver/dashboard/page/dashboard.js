// The page of the dashboard: captures and deliveries, live. It inserts received data only as text.
// This file connects the parts: the URL says what to show (route.js), a feed reads it (feed.js), a
// list draws it (list.js). Beside the list is one record (capture.js, delivery.js) or a system's
// panel (system.js).
import { NeedsToken, api, base, enter, headers, path } from "./api.js";
import * as bin from "./bin.js";
import { asCurl, show as showCapture } from "./capture.js";
import { head as deliveriesHead } from "./deliveries.js";
import { show as showDelivery } from "./delivery.js";
import { ask, help } from "./dialog.js";
import { action, copier, copy, el, field, assign, latest, note, part, released, symbolAction } from "./dom.js";
import * as empty from "./empty.js";
import { Feed } from "./feed.js";
import { List, cellsOfAll, cellsOfBin, cellsOfDelivery } from "./list.js";
import { go, list as listRoute, route, read } from "./route.js";
import { sidebar } from "./sidebar.js";
import { resend } from "./resend.js";
import { servers } from "./servers.js";
import { fields, keep } from "./search.js";
import { follow } from "./stream.js";
import { show as showSystem } from "./system.js";
import { ago, count } from "./text.js";
import { theme } from "./theme.js";
import { usage } from "./usage.js";

const $ = (id) => document.getElementById(id);
const main = document.querySelector("main");

const server = { capture: "", own: "", captureTLS: "", vendor_apis: {}, providers: [] };
const list = new List($("list"), (record) => choose(record));
let feed = new Feed(["captures"], {}, false);
let head = { recount() {} };
let headed; // the key of that head
let record; // the open record
let listed; // the key of the loaded list
let opened; // the key of the content on the right
const opening = latest(); // what loads slowly must not replace what was chosen later
let missed = 0; // captures that arrived while the page was not visible
let newest = 0; // the highest seq of the captures that arrived

const deliveries = () => route.view === "deliveries";
const searched = () => Boolean(route.q || route.where);
const atTop = () => $("scroll").scrollTop < 8;

// run returns a function that runs an action. It confirms success with a notice, and shows an error
// in the box until the next success.
function run(box) {
  return async (call, what) => {
    try {
      await call();
      box.querySelector(":scope > .trouble")?.remove();
      if (what) notify(what);
    } catch (problem) {
      failed(box, problem);
    }
  };
}

function failed(box, problem) {
  if (problem.name === "AbortError") return; // the user has opened something else
  if (problem instanceof NeedsToken) $("token").hidden = false;
  box.querySelector(":scope > .trouble")?.remove();
  const shown = assign(note("bad trouble", problem.message), { role: "alert" });
  shown.append(symbolAction("close", "Close", () => shown.remove()));
  box.prepend(shown);
}

let noticeTimer;
function notify(what) {
  $("toast").textContent = what;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { $("toast").textContent = ""; }, 6000);
}

// navigate shows what the URL says.
async function navigate() {
  read();
  if (listRoute() !== listed) await load();
  if (route.view === "system") {
    if (opened === `system ${route.system}`) return;
    await Promise.all([drawSidebar(), openSystem()]); // the list stays as it is
  } else if (!route.show) shut();
  else if (opened !== shown()) await open();
  main.dataset.shows = route.show || route.view === "system" ? "detail" : "list";
  list.mark(route.show);
}

const shown = () => [route.view, route.show, route.tab, route.other].join(" ");

function shut() {
  record = undefined;
  opened = "";
  opening();
  $("detail").replaceChildren(empty.detail(server, route.bin));
}

// load reads the list again.
async function load(refresh) {
  const elsewhere = listed !== listRoute();
  listed = listRoute();
  feed.leave();
  const parameters = deliveries() ? { provider: route.provider, state: route.state } : { q: route.q, where: route.where, body: false };
  const parts = deliveries() ? ["deliveries"] : route.bin ? ["bins", route.bin, "captures"] : ["captures"];
  const mine = feed = new Feed(parts, parameters, Object.values(parameters).some(Boolean))
  if (elsewhere) { // otherwise keep what the user is typing
    $("q").value = route.q;
    $("where").value = route.where;
    // condition shows or hides the input for a jq condition.
    condition(Boolean(route.where));
  }
  wrong("");
  $("scroll").scrollTop = 0;
  // Draw the head before the list, so that the list does not move.
  const [problem, , bins] = await Promise.all([mine.load().then(() => undefined, (p) => p), run($("head"))(() => drawHead(refresh)), drawSidebar()]);
  if (mine.left) return;
  if (problem && searched() && !deliveries() && !(problem instanceof NeedsToken)) wrong(problem.message);
  else if (problem) failed($("head"), problem);
  if (headed === "bin ") head.recount(bins);
  draw();
  markSeen();
}

function draw() {
  const cells = deliveries() ? cellsOfDelivery : route.bin ? cellsOfBin : cellsOfAll;
  list.draw(feed.items, cells, route.show);
  $("empty").hidden = feed.items.length > 0 || feed.next !== null || Boolean($("wrong").textContent);
  if (!$("empty").hidden) $("empty").replaceChildren(empty.list(route, server, run($("empty"))));
  $("older").hidden = feed.next === null;
  $("fresh").hidden = !feed.fresh.length;
  $("fresh").textContent = `${feed.waiting} new`;
}

// The part above the list stays while its key is the same, so that it keeps the focus.
const above = part(async () => {
  const key = headOf();
  const made = deliveries() ? deliveriesHead(server.providers, run($("head")))
    : route.bin ? await bin.head(route.bin, server, () => ({ q: route.q, where: route.where }), run($("head")), changed) : allHead();
  if (key === headOf()) head = made;
  return made.content;
});
const headOf = () => (deliveries() ? "deliveries" : `bin ${route.bin}`);
const searching = part(() => (searched() && !deliveries() ? searchLine() : ""));
$("head").append(above.box, searching.box);

async function drawHead(refresh) {
  const key = headOf();
  if (headed !== key) await above.redraw();
  else if (refresh) await head.refresh?.();
  headed = key;
  await Promise.all([searching.redraw(), deliveries() ? head.recount() : undefined]);
}

function allHead() {
  const address = `${server.capture}/inbox`;
  const counts = el("p", "quiet");
  return {
    content: el("div", "", el("div", "line", el("h2", "", "All bins"), el("code", "address", address), copier("Copy", address, { className: "action small", ariaLabel: "Copy the address" })),
      el("p", "hint", "Any other name works too: a bin exists from its first request."), counts),
    recount(bins) {
      if (bins) counts.textContent = `${count(bins.reduce((n, b) => n + b.count, 0), "capture")} in ${count(bins.length, "bin")}`;
    },
  };
}

// searchLine shows the current search, and offers to save it.
function searchLine() {
  const words = [route.q, route.where].filter(Boolean).join(" and jq ");
  return el("p", "line searched", el("span", "quiet", "Search:"), el("code", "", words),
    action("Save search", () => {
      ask("Save this search", (f) => {
        keep({ name: f.name, bin: route.bin, q: route.q, where: route.where });
        drawSidebar();
      }, () => location.href, field("Name", "name", { value: words.slice(0, 40), required: true, maxLength: 60, size: 40 }), el("div", "actions", el("button", "action main", "Save")));
    }, { className: "action small" }),
    action("Clear search", () => { go({ q: "", where: "" }); run($("head"))(navigate); }, { className: "action small", symbol: "close" }));
}

// changed is called when the settings or the captures of a bin have changed.
function changed() {
  run($("head"))(() => load(true));
}

async function drawSidebar() {
  const [{ items }, about, nodes] = await Promise.all([api("/bins"), api("/server"), api("/nodes")]);
  usage($("usage"), about);
  servers($("servers"), nodes.items);
  sidebar(items, server.vendor_apis, drawSidebar);
  if (headed === "bin ") head.recount(items);
  return items;
}

// choose opens a record of the list.
function choose(chosen) {
  if (route.show !== chosen.id) go({ show: chosen.id, tab: chosen.attempts ? "" : route.tab, other: "", ...(route.view === "system" ? { view: "captures", system: "" } : {}) });
  list.unread.delete(chosen.id);
  record = chosen;
  run($("detail"))(navigate);
}

// openSystem draws the panel of the system that the URL names.
async function openSystem() {
  opened = `system ${route.system}`;
  const isLatest = opening();
  record = undefined;
  const panel = await showSystem(route.system, server.own);
  await released();
  if (!isLatest()) return;
  $("detail").replaceChildren(...panel);
  $("detail").scrollTop = 0;
}

// open draws the record that the URL names.
async function open() {
  opened = shown();
  const isLatest = opening();
  const id = route.show;
  const known = [...feed.fresh, ...feed.items].find((r) => r.id === id) ?? (record?.id === id ? record : undefined);
  let answer;
  try {
    // The captures in the list have no bodies.
    answer = deliveries() && known ? known : await api(path([deliveries() ? "deliveries" : "captures", id]));
  } catch (problem) {
    if (!isLatest()) return;
    $("detail").replaceChildren(el("h2", "", id));
    return failed($("detail"), problem);
  }
  await released();
  if (!isLatest()) return;
  record = answer;
  const view = {
    route: { ...route }, other: route.other, run: run($("detail")), captures: () => (deliveries() ? [] : feed.items),
    chose: (tab) => { go({ tab }); opened = shown(); },
    compare: (other) => { go({ tab: "compare", other }); opened = shown(); },
    resend: (c) => run($("detail"))(() => resend(c, server.own)),
  };
  const back = action("Back to the list", () => { go({ show: "", tab: "", other: "" }); run($("head"))(navigate); }, { className: "action back", symbol: "back" });
  $("detail").replaceChildren(back, record.attempts ? showDelivery(record, view) : showCapture(record, view));
  $("detail").scrollTop = 0;
}

// Updates of the stream wait a short time, so that a burst is drawn in one step.
const arrived = { capture: new Map(), delivery: new Map(), removed: [], timer: 0 };

function enqueue(kind, one) {
  if (kind === "removed") arrived.removed.push(one);
  else arrived[kind].set(one.id, one);
  arrived.timer ||= setTimeout(async () => {
    try {
      await released();
      await update([...arrived.capture.values()], [...arrived.delivery.values()], arrived.removed);
    } catch (problem) {
      failed($("head"), problem);
    }
  }, 80);
}

async function update(captures, sent, removed) {
  arrived.timer = 0;
  arrived.removed = [];
  arrived.capture.clear();
  arrived.delivery.clear();
  const here = deliveries() ? sent : captures.filter((c) => !route.bin || c.bin === route.bin);
  const mine = feed;
  const found = here.length ? await mine.arrive(here) : [];
  const visible =  !deliveries() && atTop() && !document.hidden && document.hasFocus();
  const fresh = deliveries() ? captures.filter((c) => c.seq > newest) : found;
  newest = captures.reduce((seq, c) => Math.max(seq, c.seq), newest);
  if (!visible && fresh.length) {
    missed += fresh.length;
    list.miss(fresh);
    titled();
  }
  const lost = removed.filter((r) => (r.kind === "delivery") === deliveries());
  if (mine === feed && (lost.map((r) => mine.remove(r)).some(Boolean) || here.length)) {
    if (atTop()) mine.show();
    draw();
  }
  const open = (deliveries() ? sent : captures).find((r) => r.id === route.show);
  if (open && record?.id === open.id && (record.attempts || JSON.stringify(record.response) !== JSON.stringify(open.response))) refresh(open);
  if (record && lost.some((r) => r.seqs?.includes(record.seq) || (r.bin === record.bin && record.seq <= r.up_to))) showDeleted();
  recount();
}

// showDeleted says that the open record was deleted.
function showDeleted() {
  $("detail").querySelector(":scope > .left-over")?.remove();
  $("detail").prepend(assign(note("left-over", "The server no longer has this record: it was deleted or evicted."), { role: "status" }));
}

// refresh draws an updated record and keeps the focus.
function refresh(more) {
  record = more;
  opened = "";
  const focused = $("detail").contains(document.activeElement) ? document.activeElement.id : "";
  run($("detail"))(async () => {
    await open();
    if (focused) $(focused)?.focus();
  });
}

let recounting = 0;
// recount updates the numbers, at most every 0.4 seconds.
function recount() {
  recounting ||= setTimeout(async () => {
    recounting = 0;
    try {
      await Promise.all([drawSidebar(), headed === "bin " ? undefined : head.recount()]);
    } catch (problem) {
      // Otherwise the page shows that it is reconnecting.
      if ($("state").dataset.state === "live") failed($("head"), problem);
    }
  }, 400);
}

function titled() {
  document.title = `${missed ? `(${missed}) ` : ""}hookrig`;
}

// markSeen resets the count of missed captures when the list is visible.
function markSeen() {
  if (deliveries() || document.hidden || !document.hasFocus() || !atTop()) return;
  missed = 0;
  titled();
}

function wrong(text) {
  $("wrong").textContent = text;
  for (const input of [$("q"), $("where")]) input.setAttribute("aria-invalid", String(Boolean(text)));
}

// condition opens the line for a jq condition, or closes it.
function condition(shown) {
  $("condition").hidden = !shown;
  $("more").setAttribute("aria-expanded", String(shown));
}

function connection(state, why = "") {
  $("state").dataset.state = state;
  $("state").textContent = { live: "live", lost: "reconnecting …" }[state];
  $("state").title = why || `recording at ${server.capture}`;
}

// restarted says whether the server has fewer records than the stream has sent: then it was
// restarted without them.
async function restarted(last) {
  const [captures, sent] = await Promise.all([api("/captures?limit=1"), api("/deliveries?limit=1")]);
  const [c, d] = last.split("-").map(Number);
  return (captures.items[0]?.seq ?? 0) < c || (sent.items[0]?.seq ?? 0) < d;
}

// fromHere returns a server URL as the page can reach it: it replaces loopback by the page's host.
function fromHere(address) {
  const at = new URL(address);
  const loopback = (name) => name === "localhost" || name === "[::1]" || /^127\./.test(name);
  if (loopback(at.hostname) && !loopback(location.hostname)) at.hostname = location.hostname;
  return at.href.replace(/\/$/, "");
}

async function start() {
  try {
    const about = await api("/server");
    $("token").hidden = true;
    Object.assign(server, { capture: fromHere(about.capture), own: about.capture, captureTLS: about.capture_tls, vendor_apis: about.vendor_apis, providers: about.providers });
  } catch (problem) {
    connection("lost", problem.message);
    return failed($("head"), problem);
  }
  const following = follow(`${base}/api/v1/stream?body=false`, headers, {
    capture: (c) => enqueue("capture", c), delivery: (d) => enqueue("delivery", d), removed: (r) => enqueue("removed", r),
    skipped: () => run($("head"))(() => load(true)), missed: () => run($("head"))(() => load(true)), restarted,
  }, connection);
  await run($("detail"))(navigate);
  await following;
  $("token").hidden = false; // it only ends when the server refuses the token
}

// Keys move the focus. In an input they are text.
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || e.target.closest("dialog, [popover]")) return;
  if (e.key === "Escape" && e.target.closest("#search, #detail")) {
    (list.row(route.show) ?? $("list").querySelector(".row"))?.focus();
    return;
  }
  if (e.target.closest("input, select, textarea")) return;
  const capture = record && !record.attempts && route.show ? record : undefined;
  const keyHandler = {
    "/": () => { $("q").focus(); $("q").select(); }, j: () => list.focusBy(1), k: () => list.focusBy(-1), "?": help,
    r: capture && (() => run($("detail"))(() => resend(capture, server.own))),
    y: capture && (() => run($("detail"))(async () => copy(await asCurl(capture)), "copied as curl")),
  }[e.key];
  if (!keyHandler) return;
  e.preventDefault();
  keyHandler();
});

$("search").addEventListener("submit", (e) => {
  e.preventDefault();
  const to = { view: "captures", system: "", show: route.view === "captures" ? route.show : "", q: $("q").value.trim(), where: $("where").value.trim() };
  go(to);
  listed = ""; // submitting the same search reads the list again
  run($("head"))(navigate);
});
$("q").addEventListener("search", () => { if (!$("q").value && route.q) $("search").requestSubmit(); });
$("more").addEventListener("click", () => {
  condition($("condition").hidden);
  if (!$("condition").hidden) $("where").focus();
});
$("fields").addEventListener("toggle", (e) => {
  if (e.newState !== "open" || $("fields-text").firstChild) return;
  fields().then((content) => $("fields-text").replaceChildren(...content), (problem) => $("fields-text").replaceChildren(note("bad", problem.message)));
});
$("fresh").addEventListener("click", () => {
  feed.show();
  $("scroll").scrollTop = 0;
  draw();
  markSeen();
  $("list").querySelector(".row")?.focus();
});
$("older").addEventListener("click", async () => {
  $("older").disabled = true;
  const mine = feed;
  await run($("below"))(() => mine.older((seq) => { $("searching").textContent = `searching below seq ${seq} …`; }));
  $("older").disabled = false;
  if (mine !== feed) return;
  $("searching").textContent = mine.next === null ? `End of the list: ${count(mine.items.length, "entry", "entries")}.` : "";
  draw();
});
$("scroll").addEventListener("scroll", markSeen, { passive: true });
$("create").addEventListener("click", () => bin.create(server));
$("help").addEventListener("click", help);
addEventListener("hashchange", () => run($("detail"))(navigate));
addEventListener("focus", markSeen);
document.addEventListener("visibilitychange", markSeen);
$("token").addEventListener("submit", (e) => {
  e.preventDefault();
  enter(new FormData(e.target).get("token"));
  start();
});
setInterval(() => {
  for (const time of document.querySelectorAll("time")) time.textContent = ago(time.dateTime);
}, 5000);

theme($("theme"));
start();
