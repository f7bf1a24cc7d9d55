// The page over the dashboard's API: what was captured and sent, as it comes in. What was captured is only ever put into the page as
// text. This file holds the parts together: the address says what is shown (place.js), a feed reads it (feed.js), a list draws
// it (list.js), and one record is open beside it (capture.js, delivery.js) or the panel of a system (system.js).
import { NeedsToken, api, base, enter, headers, path } from "./api.js";
import * as bin from "./bin.js";
import { asCurl, show as showCapture } from "./capture.js";
import { head as deliveriesHead } from "./deliveries.js";
import { show as showDelivery } from "./delivery.js";
import { ask, help } from "./dialog.js";
import { action, copier, copy, el, field, having, note, part, symbolAction } from "./dom.js";
import * as empty from "./empty.js";
import { Feed } from "./feed.js";
import { List, cellsOfAll, cellsOfBin, cellsOfDelivery } from "./list.js";
import { go, list as listPlace, place, read } from "./place.js";
import { places } from "./places.js";
import { resend } from "./resend.js";
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
let headed; // whose head that is
let record; // that is open
let listed; // which list is shown
let opened; // what is shown on the right
let missed = 0; // captures that came while nobody looked
let newest = 0; // seq of the captures that came

const deliveries = () => place.view === "deliveries";
const searched = () => Boolean(place.q || place.where);
const atTop = () => $("scroll").scrollTop < 8;

// did runs an action of a box. It shows a notice when the action worked, and the error in that box when not, until something
// goes right.
function did(box) {
  return async (does, what) => {
    try {
      await does();
      box.querySelector(":scope > .trouble")?.remove();
      if (what) say(what);
    } catch (problem) {
      failed(box, problem);
    }
  };
}

function failed(box, problem) {
  if (problem.name === "AbortError") return; // somebody went elsewhere meanwhile
  if (problem instanceof NeedsToken) $("token").hidden = false;
  box.querySelector(":scope > .trouble")?.remove();
  const shown = having(note("bad trouble", problem.message), { role: "alert" });
  shown.append(symbolAction("close", "Close", () => shown.remove()));
  box.prepend(shown);
}

let said;
function say(what) {
  $("toast").textContent = what;
  clearTimeout(said);
  said = setTimeout(() => { $("toast").textContent = ""; }, 6000);
}

// arrive shows what the address says.
async function arrive() {
  read();
  if (listPlace() !== listed) await load();
  if (place.view === "system") {
    if (opened === `system ${place.system}`) return;
    opened = `system ${place.system}`;
    record = undefined;
    await Promise.all([drawPlaces(), showSystem($("detail"), place.system, server.own)]); // the list may be that of before
  } else if (!place.show) shut();
  else if (opened !== shown()) await open();
  main.dataset.shows = place.show || place.view === "system" ? "detail" : "list";
  list.mark(place.show);
}

const shown = () => [place.view, place.show, place.tab, place.other].join(" ");

function shut() {
  record = undefined;
  opened = "";
  $("detail").replaceChildren(empty.detail(server, place.bin));
}

// load reads the list anew.
async function load(anew) {
  const elsewhere = listed !== listPlace();
  listed = listPlace();
  feed.leave();
  const parameters = deliveries() ? { provider: place.provider, state: place.state } : { q: place.q, where: place.where, body: false };
  const parts = deliveries() ? ["deliveries"] : place.bin ? ["bins", place.bin, "captures"] : ["captures"];
  const mine = feed = new Feed(parts, parameters, Object.values(parameters).some(Boolean))
  if (elsewhere) { // else what somebody types there stays
    $("q").value = place.q;
    $("where").value = place.where;
    condition(Boolean(place.where));
  }
  wrong("");
  $("scroll").scrollTop = 0;
  // The head is rendered before the list, so that the list does not move once it is there.
  const [problem, , bins] = await Promise.all([mine.load().then(() => undefined, (p) => p), did($("head"))(() => drawHead(anew)), drawPlaces()]);
  if (mine.left) return;
  if (problem && searched() && !deliveries() && !(problem instanceof NeedsToken)) wrong(problem.message);
  else if (problem) failed($("head"), problem);
  if (headed === "bin ") head.recount(bins);
  draw();
  attend();
}

function draw() {
  const cells = deliveries() ? cellsOfDelivery : place.bin ? cellsOfBin : cellsOfAll;
  list.draw(feed.items, cells, place.show);
  $("empty").hidden = feed.items.length > 0 || feed.next !== null || Boolean($("wrong").textContent);
  if (!$("empty").hidden) $("empty").replaceChildren(empty.list(place, server, did($("empty"))));
  $("older").hidden = feed.next === null;
  $("fresh").hidden = !feed.fresh.length;
  $("fresh").textContent = `${feed.waiting} new`;
}

// The part above the list stays while the place is the same, so that the focus stays there.
const above = part(async () => {
  const key = headOf();
  const made = deliveries() ? deliveriesHead(server.providers, did($("head")))
    : place.bin ? await bin.head(place.bin, server, () => ({ q: place.q, where: place.where }), did($("head")), changed) : allHead();
  if (key === headOf()) head = made;
  return made.content;
});
const headOf = () => (deliveries() ? "deliveries" : `bin ${place.bin}`);
const searching = part(() => (searched() && !deliveries() ? searchLine() : ""));
$("head").append(above.box, searching.box);

async function drawHead(anew) {
  const key = headOf();
  if (headed !== key) await above.redraw();
  else if (anew) await head.anew?.();
  headed = key;
  await Promise.all([searching.redraw(), deliveries() ? head.recount() : undefined]);
}

function allHead() {
  const address = `${server.capture}/inbox`;
  const counts = el("p", "quiet");
  return {
    content: el("div", "", el("div", "line", el("h2", "", "All bins"), el("code", "address", address), copier("Copy", address, { className: "action small", ariaLabel: "Copy the address" })),
      el("p", "hint", "Any other name works too: a bin exists from its first request on."), counts),
    recount(bins) {
      if (bins) counts.textContent = `${count(bins.reduce((n, b) => n + b.count, 0), "capture")} in ${count(bins.length, "bin")}`;
    },
  };
}

// searchLine says what is searched for, and offers to keep it.
function searchLine() {
  const words = [place.q, place.where].filter(Boolean).join(" and jq ");
  return el("p", "line searched", el("span", "quiet", "Search:"), el("code", "", words),
    action("Keep", () => {
      ask("Keep this search", (f) => {
        keep({ name: f.name, bin: place.bin, q: place.q, where: place.where });
        drawPlaces();
      }, () => location.href, field("Name", "name", { value: words.slice(0, 40), required: true, maxLength: 60, size: 40 }), el("div", "actions", el("button", "action main", "Keep it")));
    }, { className: "action small" }),
    action("End", () => { go({ q: "", where: "" }); did($("head"))(arrive); }, { className: "action small", symbol: "close", ariaLabel: "End the search" }));
}

// changed is called when a bin holds, or does, something else than before.
function changed() {
  did($("head"))(() => load(true));
}

async function drawPlaces() {
  const [{ items }, about] = await Promise.all([api("/bins"), api("/server")]);
  usage($("usage"), about);
  places(items, server.vendor_apis, drawPlaces);
  if (headed === "bin ") head.recount(items);
  return items;
}

// choose opens a record of the list.
function choose(chosen) {
  if (place.show !== chosen.id) go({ show: chosen.id, tab: chosen.attempts ? "" : place.tab, other: "", ...(place.view === "system" ? { view: "captures", system: "" } : {}) });
  list.unread.delete(chosen.id);
  record = chosen;
  did($("detail"))(arrive);
}

// open draws the record that the address names.
async function open() {
  opened = shown();
  const id = place.show;
  const known = [...feed.fresh, ...feed.items].find((r) => r.id === id) ?? (record?.id === id ? record : undefined);
  try {
    // Captures of a list have no body.
    record = deliveries() && known ? known : await api(path([deliveries() ? "deliveries" : "captures", id]));
  } catch (problem) {
    $("detail").replaceChildren(el("h2", "", id));
    return failed($("detail"), problem);
  }
  if (opened !== shown()) return;
  const view = {
    place: { ...place }, other: place.other, did: did($("detail")), captures: () => (deliveries() ? [] : feed.items),
    chose: (tab) => { go({ tab }); opened = shown(); },
    compare: (other) => { go({ tab: "compare", other }); opened = shown(); },
    resend: (c) => did($("detail"))(() => resend(c, server.own)),
  };
  const back = action("Back to the list", () => { go({ show: "", tab: "", other: "" }); did($("head"))(arrive); }, { className: "action back", symbol: "back" });
  $("detail").replaceChildren(back, record.attempts ? showDelivery(record, view) : showCapture(record, view));
  $("detail").scrollTop = 0;
}

// Updates of the stream wait a little, so that a burst is rendered at once.
const arrived = { capture: new Map(), delivery: new Map(), removed: [], timer: 0 };

function stash(kind, one) {
  if (kind === "removed") arrived.removed.push(one);
  else arrived[kind].set(one.id, one);
  arrived.timer ||= setTimeout(async () => {
    try {
      await take([...arrived.capture.values()], [...arrived.delivery.values()], arrived.removed);
    } catch (problem) {
      failed($("head"), problem);
    }
  }, 80);
}

async function take(captures, sent, removed) {
  arrived.timer = 0;
  arrived.removed = [];
  arrived.capture.clear();
  arrived.delivery.clear();
  const here = deliveries() ? sent : captures.filter((c) => !place.bin || c.bin === place.bin);
  const mine = feed;
  const found = here.length ? await mine.arrive(here) : [];
  const looking = !deliveries() && atTop() && !document.hidden && document.hasFocus();
  const fresh = deliveries() ? captures.filter((c) => c.seq > newest) : found;
  newest = captures.reduce((seq, c) => Math.max(seq, c.seq), newest);
  if (!looking && fresh.length) {
    missed += fresh.length;
    list.miss(fresh);
    titled();
  }
  const lost = removed.filter((r) => (r.kind === "delivery") === deliveries());
  if (mine === feed && (lost.map((r) => mine.remove(r)).some(Boolean) || here.length)) {
    if (atTop()) mine.show();
    draw();
  }
  const open = (deliveries() ? sent : captures).find((r) => r.id === place.show);
  if (open && record?.id === open.id && (record.attempts || JSON.stringify(record.response) !== JSON.stringify(open.response))) refresh(open);
  if (record && lost.some((r) => r.seqs?.includes(record.seq) || (r.bin === record.bin && record.seq <= r.up_to))) leftOver();
  recount();
}

// leftOver says that what is open is not there any more.
function leftOver() {
  $("detail").querySelector(":scope > .left-over")?.remove();
  $("detail").prepend(having(note("left-over", "The server no longer has this record: it was deleted, or made room for others."), { role: "status" }));
}

// refresh draws a record of which more is known now, and keeps the focus.
function refresh(more) {
  record = more;
  opened = "";
  const focused = $("detail").contains(document.activeElement) ? document.activeElement.id : "";
  did($("detail"))(async () => {
    await open();
    if (focused) $(focused)?.focus();
  });
}

let recounting = 0;
// recount brings the numbers up to date, once a second at most.
function recount() {
  recounting ||= setTimeout(async () => {
    recounting = 0;
    try {
      await Promise.all([drawPlaces(), headed === "bin " ? undefined : head.recount()]);
    } catch (problem) {
      if ($("state").dataset.state === "live") failed($("head"), problem); // else it is known that the server is away
    }
  }, 400);
}

function titled() {
  document.title = `${missed ? `(${missed}) ` : ""}hookrig`;
}

// attend notes that somebody looks at the list.
function attend() {
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

// restarted says whether the server knows less than the stream has told: then it was started anew, without its records.
async function restarted(last) {
  const [captures, sent] = await Promise.all([api("/captures?limit=1"), api("/deliveries?limit=1")]);
  const [c, d] = last.split("-").map(Number);
  return (captures.items[0]?.seq ?? 0) < c || (sent.items[0]?.seq ?? 0) < d;
}

// fromHere is an address of the server as it is reached from where the page is: what the server calls loopback is its own machine.
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
    capture: (c) => stash("capture", c), delivery: (d) => stash("delivery", d), removed: (r) => stash("removed", r),
    skipped: () => did($("head"))(() => load(true)), missed: () => did($("head"))(() => load(true)), restarted,
  }, connection);
  await did($("detail"))(arrive);
  await following;
  $("token").hidden = false; // it only ends when the token is not taken any more
}

// Keys: the focus moves, nothing scrolls away; in a field they are text.
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || e.target.closest("dialog, [popover]")) return;
  if (e.key === "Escape" && e.target.closest("#search, #detail")) {
    (list.row(place.show) ?? $("list").querySelector(".row"))?.focus();
    return;
  }
  if (e.target.closest("input, select, textarea")) return;
  const capture = record && !record.attempts && place.show ? record : undefined;
  const does = {
    "/": () => { $("q").focus(); $("q").select(); }, j: () => list.focusBy(1), k: () => list.focusBy(-1), "?": help,
    r: capture && (() => did($("detail"))(() => resend(capture, server.own))),
    y: capture && (() => did($("detail"))(async () => copy(await asCurl(capture)), "copied as curl")),
  }[e.key];
  if (!does) return;
  e.preventDefault();
  does();
});

$("search").addEventListener("submit", (e) => {
  e.preventDefault();
  const to = { view: "captures", system: "", show: place.view === "captures" ? place.show : "", q: $("q").value.trim(), where: $("where").value.trim() };
  go(to);
  listed = ""; // the same search once more looks once more
  did($("head"))(arrive);
});
$("q").addEventListener("search", () => { if (!$("q").value && place.q) $("search").requestSubmit(); });
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
  attend();
  $("list").querySelector(".row")?.focus();
});
$("older").addEventListener("click", async () => {
  $("older").disabled = true;
  const mine = feed;
  await did($("below"))(() => mine.older((seq) => { $("searching").textContent = `searching below number ${seq} …`; }));
  $("older").disabled = false;
  if (mine !== feed) return;
  $("searching").textContent = mine.next === null ? `That is all: ${count(mine.items.length, "entry", "entries")}.` : "";
  draw();
});
$("scroll").addEventListener("scroll", attend, { passive: true });
$("create").addEventListener("click", () => bin.create(server));
$("help").addEventListener("click", help);
addEventListener("hashchange", () => did($("detail"))(arrive));
addEventListener("focus", attend);
document.addEventListener("visibilitychange", attend);
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
