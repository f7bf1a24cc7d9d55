// A bin: its address, its account, and what it does apart from recording.
import { api, base, curl, download, path, upload } from "./api.js";
import { formats } from "./capture.js";
import { ask, open } from "./dialog.js";
import { action, copier, el, facts, field, having, input, menu, note, part } from "./dom.js";
import { answered } from "./list.js";
import { hash } from "./place.js";
import { responses } from "./responses.js";
import { count } from "./text.js";

const kinds = [["", "none"], ["slack", "Slack"], ["discord", "Discord"], ["meta", "Meta"], ["twitter", "X (Twitter)"], ["cloudevents", "CloudEvents"]];

// head is the part above the list of a bin. server has its address, query says what is searched for, did does something and says
// so, changed is called when what it does or holds is another.
export async function head(name, server, query, did, changed) {
  const at = path(["bins", name]);
  const address = `${server.capture}/${name}`;
  const counts = part(async () => account(await api(`${at}/stats`), counts.box.querySelector("details")?.open));
  const doing = part(async () => does(await api(at)));
  const anew = () => Promise.all([counts.redraw(), doing.redraw()]);
  await anew();
  const content = el("div", "",
    el("div", "line", el("h2", "", name), el("code", "address", address), copier("Copy", address, { className: "action small", ariaLabel: "Copy the address" })),
    server.captureTLS ? el("p", "quiet", `Over TLS: ${server.captureTLS}/${name}`) : "",
    counts.box, doing.box,
    el("div", "actions",
      action("Response …", () => did(() => responses(name, changed)), { symbol: "response" }),
      menu("Set up", "shield",
        action("Verify with …", () => did(() => verify(name, changed))),
        action("Forward to …", () => did(() => forward(name, changed))),
        action("Answer verification challenges …", () => did(() => handshake(name, changed))),
        action("Sender profile …", () => did(() => sender(name)))),
      menu("Files", "download", ...formats.map(([format, title]) =>
        action(`Export as ${title}`, () => did(() => download(path(["bins", name, "export"], { format, ...query() })), `saved as ${title}`))),
      action("Import …", () => importing(name, changed), { symbol: "upload" })),
      action("Clear …", () => clearing(name, query(), changed), { symbol: "trash" })));
  return { content, recount: counts.redraw, anew };
}

// account counts what happened to the requests that named the bin.
function account(l, opened) {
  const refused = l.refused.size + l.refused.malformed + l.refused.no_room + l.refused.failed;
  const part = (n, word, kind) => (n || !kind ? el("span", kind && n ? `count ${kind}` : "count", el("b", "", n.toLocaleString("en")), ` ${word}`) : "");
  const box = el("details", "stats", el("summary", "", part(l.kept, "kept"), part(l.received, "received"), part(l.evicted, "evicted", "warn"), part(l.cleared, "cleared", "plain"),
    part(refused, "refused", "bad"), part(l.truncated, "truncated", "bad"), part(l.aborted, "aborted", "bad"), part(l.dropped, "dropped", "warn"), l.complete ? "" : el("span", "chip warn", "incomplete"), el("span", "more", "stats")),
  facts([["Received", l.received], ["Stored", `${l.stored} = ${l.kept} kept + ${l.evicted} evicted + ${l.cleared} cleared`],
    ["Refused for size", l.refused.size], ["Refused as malformed", l.refused.malformed], ["No room", l.refused.no_room], ["Store failed", l.refused.failed],
    ["Truncated", l.truncated], ["Aborted", l.aborted], ["Not told to live readers", l.dropped], ["Refusals counted since", l.since]]),
  l.complete ? "" : note("warn", "Incomplete: so many bins had something irregular that this one's refusals were not counted by themselves."));
  box.open = Boolean(opened);
  return box;
}

// does says what the bin does apart from recording.
function does(set) {
  const sequence = set.responses?.sequence ?? [];
  const said = [
    set.provider && `verifies as ${set.provider}`,
    sequence.length > 0 && `answers ${sequence.slice(0, 4).map((t) => answered({ response: t })).join(", then ")}${sequence.length > 4 ? " …" : ""}${set.responses.by ? ", each delivery" : ""}${set.responses.loop ? ", over and over" : ""}`,
    set.responses?.rules?.length && count(set.responses.rules.length, "rule"),
    set.forward && `forwards to ${set.forward}`,
    ...(set.handshakes ?? []).map((h) => `passes ${h.kind}'s handshake`),
  ].filter(Boolean);
  return said.length ? el("p", "line does", ...said.map((s) => el("span", "chip", s))) : "";
}

// configure sets what a bin does; its responses start anew.
async function configure(name, set, changed) {
  await api(path(["bins", name]), set, "PUT");
  changed();
}

async function verify(name, changed) {
  const [set, { items }] = await Promise.all([api(path(["bins", name])), api("/providers")]);
  const asked = (f) => {
    const { provider, secrets, url, ...rest } = set;
    return { ...rest, ...(f.provider ? { provider: f.provider, secrets: f.secrets.split(/\r?\n/).filter(Boolean), ...(f.url ? { url: f.url } : {}) } : {}) };
  };
  ask(`Verify what ${name} gets`, (f) => configure(name, asked(f), changed), (f) => curl(path(["bins", name]), asked(f), "PUT"),
    el("p", "hint", "Every request is checked as it arrives, and the result explained."),
    el("div", "fields-row", field("Provider", "provider", { options: [new Option("none", ""), ...items.map((p) => new Option(p.title, p.name))], value: set.provider ?? items[0]?.name }),
      field("Address as registered", "url", { hint: "where the scheme signs it", value: set.url ?? "", autocomplete: "off", size: 28 })),
    field("Secrets", "secrets", { hint: "one a line; any may match", rows: 2, value: (set.secrets ?? []).join("\n"), autocomplete: "off" }),
    el("div", "actions", el("button", "action main", "Verify from now on")));
}

async function forward(name, changed) {
  const set = await api(path(["bins", name]));
  const asked = (f) => ({ ...set, forward: f.forward || undefined });
  ask(`Forward what ${name} gets`, (f) => configure(name, asked(f), changed), (f) => curl(path(["bins", name]), asked(f), "PUT"),
    el("p", "hint", "Every request is stored, then passed on as it came; the consumer's response is recorded and given to the sender. Leave it empty to stop. Not together with responses of the bin's own."),
    field("To", "forward", { type: "url", value: set.forward ?? "", placeholder: "http://127.0.0.1:3000/webhooks", size: 48 }),
    el("div", "actions", el("button", "action main", "Start forwarding")));
}

async function handshake(name, changed) {
  const set = await api(path(["bins", name]));
  const now = set.handshakes?.[0];
  const asked = (f) => ({ ...set, handshakes: f.kind ? [{ kind: f.kind, ...(f.secret ? { secret: f.secret } : {}) }] : undefined });
  ask(`Verification challenges at ${name}`, (f) => configure(name, asked(f), changed), (f) => curl(path(["bins", name]), asked(f), "PUT"),
    el("p", "hint", "Requests by which this system checks an endpoint are answered as it wants them; all others as ever."),
    el("div", "fields-row", field("System", "kind", { options: kinds.map(([value, title]) => new Option(title, value)), value: now?.kind ?? "slack" }),
      field("Secret", "secret", { hint: "X needs one; Meta and Discord check with it", value: now?.secret ?? "", autocomplete: "off", size: 28 })),
    el("div", "actions", el("button", "action main", "Turn on")));
}

// sender tells what the captures say of the program that sent them.
async function sender(name) {
  const s = await api(path(["bins", name, "sender"]));
  open(`What the sender of ${name} does`,
    s.findings.length ? el("ul", "plain", ...s.findings.map((f) => el("li", "", f))) : el("p", "hint", "Nothing can be told yet."),
    facts([["Captures looked at", s.captures], ["Deliveries", s.deliveries], ["Retried", s.retried], ["Connections", s.connections],
      ["User agents", Object.entries(s.user_agents).map(([agent, n]) => `${agent} (${n})`).join(", ")],
      ["Back-off", s.back_off.map((g) => `attempt ${g.attempt}: ${g.median}`).join(", ")]]),
    s.complete ? "" : note("warn", "The bin does not hold all that it stored, so a delivery's first attempts may be missing."),
    el("pre", "hint same", curl(path(["bins", name, "sender"]))));
}

function importing(name, changed) {
  ask(`Import into ${name}`, async () => {
    const [file] = input(document.querySelector("#dialog .field")).files;
    const type = /\.(har|json)$/i.test(file.name) ? "application/json" : "application/x-ndjson";
    const out = await upload(path(["bins", name, "import"]), file, type);
    changed();
    return note(out.skipped?.length ? "warn" : "good", `${count(out.imported, "capture")} imported.`, ...(out.skipped ?? []).map((s) => el("p", "", `line ${s.line}: ${s.why}`)));
  }, () => `hookrig import ${name} FILE --server ${base}`,
  field("File", "file", { type: "file", accept: ".har,.json,.jsonl,.ndjson", required: true, hint: "HAR, or JSON Lines as an export gives them" }),
  el("div", "actions", el("button", "action main", "Import")));
}

function clearing(name, query, changed) {
  const searched = query.q || query.where;
  const at = path(["bins", name, "captures"], query);
  ask(searched ? `Delete what the search selects in ${name}?` : `Delete all captures of ${name}?`, async () => {
    await api(at, undefined, "DELETE");
    changed();
  }, () => curl(at, undefined, "DELETE"),
  el("p", "", searched ? el("code", "", query.q || query.where) : "All captures of the bin", " will be deleted, for good."),
  el("div", "actions", having(el("button", "action danger", "Delete"), { autofocus: true })));
}

// create asks for the name of a bin.
export function create(server) {
  const name = `test-${Math.random().toString(36).slice(2, 7)}`;
  ask("A bin", (f) => { location.hash = hash({ bin: f.name }); }, (f) => `curl -d '{"hello":"world"}' ${server.capture}/${f.name}`,
    el("p", "hint", "A bin is the first part of a path. It needs no setting up: it exists from its first request."),
    field("Name", "name", { value: name, required: true, pattern: "[A-Za-z0-9._\\-]{1,64}", autocomplete: "off" }),
    el("div", "actions", el("button", "action main", "Open it")));
}
