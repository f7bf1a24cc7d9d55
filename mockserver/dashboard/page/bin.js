// The part of the page above the captures of a bin: address, stats, settings and actions.
import { api, base, curl, download, path, upload } from "./api.js";
import { formats } from "./capture.js";
import { ask, open } from "./dialog.js";
import { action, copier, el, facts, field, assign, input, menu, note, part } from "./dom.js";
import { answered } from "./list.js";
import { hash } from "./route.js";
import { responses } from "./responses.js";
import { count } from "./text.js";

const kinds = [["", "none"], ["slack", "Slack"], ["discord", "Discord"], ["meta", "Meta"], ["twitter", "X (Twitter)"], ["cloudevents", "CloudEvents"]];

// head makes this part. server has the addresses, query returns the current search, run calls an
// action and shows its result. changed is called when the settings or the captures have changed.
export async function head(name, server, query, run, changed) {
  const at = path(["bins", name]);
  const address = `${server.capture}/${name}`;
  const counts = part(async () => stats(await api(`${at}/stats`)));
  const current = part(async () => settings(await api(at)));
  const refresh = ()  => Promise.all([counts.redraw(), current.redraw()]);
  await refresh();
  const content = el("div", "",
    el("div", "line", el("h2", "", name), el("code", "address", address), copier("Copy", address, { className: "action small", ariaLabel: "Copy the address" })),
    server.captureTLS ? el("p", "quiet", `Over TLS: ${server.captureTLS}/${name}`) : "",
    counts.box, current.box,
    el("div", "actions",
      action("Response …", () => run(() => responses(name, changed)), { symbol: "response" }),
      menu("Set up", "shield",
        action("Verify with …", () => run(() => verify(name, changed))),
        action("Forward to …", () => run(() => forward(name, changed))),
        action("Answer verification challenges …", () => run(() => handshake(name, changed))),
        action("Sender profile …", () => run(() => sender(name)))),
      menu("Files", "download", ...formats.map(([format, title]) =>
        action(`Export as ${title}`, () => run(() => download(path(["bins", name, "export"], { format, ...query() })), `saved as ${title}`))),
      action("Import …", () => importing(name, changed), { symbol: "upload" })),
      action("Clear …", () => clearing(name, query(), changed), { symbol: "trash" })));
  return { content, recount: counts.redraw, refresh };
}

// stats shows what happened to the requests for the bin.
function stats(l) {
  const refused = l.refused.size + l.refused.malformed + l.refused.no_room + l.refused.failed;
  const part = (n, word, kind) => (n || !kind ? el("span", kind && n ? `count ${kind}` : "count", el("b", "", n.toLocaleString("en")), ` ${word}`) : "");
  return el("details", "stats", el("summary", "", part(l.kept, "kept"), part(l.received, "received"), part(l.evicted, "evicted", "warn"), part(l.cleared, "cleared", "plain"),
    part(refused, "refused", "bad"), part(l.truncated, "truncated", "bad"), part(l.aborted, "aborted", "bad"), part(l.dropped, "dropped", "warn"), l.complete ? "" : el("span", "chip warn", "incomplete"), el("span", "more", "stats")),
  facts([["Received", l.received], ["Stored", `${l.stored} = ${l.kept} kept + ${l.evicted} evicted + ${l.cleared} cleared`],
    ["Refused for size", l.refused.size], ["Refused as malformed", l.refused.malformed], ["No room", l.refused.no_room], ["Store failed", l.refused.failed],
    ["Truncated", l.truncated], ["Aborted", l.aborted], ["Not sent to live readers", l.dropped], ["Refusals counted since", l.since]]),
  l.complete ? "" : note("warn", "Incomplete: too many bins had failed requests, so those of this bin were not counted separately."));
}

// settings shows what the bin does in addition to recording.
function settings(set) {
  const sequence = set.responses?.sequence ?? [];
  const texts = [
    set.provider && `verifies as ${set.provider}`,
    sequence.length > 0 && `answers ${sequence.slice(0, 4).map((t) => answered({ response: t })).join(", then ")}${sequence.length > 4 ? " …" : ""}${set.responses.by ? ", each delivery" : ""}${set.responses.loop ? ", repeated" : ""}`,
    set.responses?.rules?.length && count(set.responses.rules.length, "rule"),
    set.forward && `forwards to ${set.forward}`,
    ...(set.handshakes ?? []).map((h) => `answers ${h.kind} challenges`),
  ].filter(Boolean);
  return texts.length ? el("p", "line does", ...texts.map((s) => el("span", "chip", s))) : "";
}

// configure replaces a bin's settings; its responses start from the first one.
async function configure(name, set, changed) {
  await api(path(["bins", name]), set, "PUT");
  changed();
}

async function verify(name, changed) {
  const [set, { items }] = await Promise.all([api(path(["bins", name])), api("/providers")]);
  const body = (f) => {
    const { provider, secrets, url, ...rest } = set;
    return { ...rest, ...(f.provider ? { provider: f.provider, secrets: f.secrets.split(/\r?\n/).filter(Boolean), ...(f.url ? { url: f.url } : {}) } : {}) };
  };
  ask(`Verify requests to ${name}`, (f) => configure(name, body(f), changed), (f) => curl(path(["bins", name]), body(f), "PUT"),
    el("p", "hint", "Checks the signature of every request on arrival and explains the result."),
    el("div", "fields-row", field("Provider", "provider", { options: [new Option("none", ""), ...items.map((p) => new Option(p.title, p.name))], value: set.provider ?? items[0]?.name }),
      field("Registered address", "url", { hint: "if the scheme signs it", value: set.url ?? "", autocomplete: "off", size: 28 })),
    field("Secrets", "secrets", { hint: "one per line; one of them must match", rows: 2, value: (set.secrets ?? []).join("\n"), autocomplete: "off" }),
    el("div", "actions", el("button", "action main", "Turn on")));
}

async function forward(name, changed) {
  const set = await api(path(["bins", name]));
  const body = (f) => ({ ...set, forward: f.forward || undefined });
  ask(`Forward requests to ${name}`, (f) => configure(name, body(f), changed), (f) => curl(path(["bins", name]), body(f), "PUT"),
    el("p", "hint", "The bin stores every request, forwards it unchanged, and returns the consumer's response to the sender. Leave the field empty to stop. A bin that forwards cannot have responses."),
    field("To", "forward", { type: "url", value: set.forward ?? "", placeholder: "http://127.0.0.1:3000/webhooks", size: 48 }),
    el("div", "actions", el("button", "action main", "Start forwarding")));
}

async function handshake(name, changed) {
  const set = await api(path(["bins", name]));
  const now = set.handshakes?.[0];
  const body = (f) => ({ ...set, handshakes: f.kind ? [{ kind: f.kind, ...(f.secret ? { secret: f.secret } : {}) }] : undefined });
  ask(`Verification challenges at ${name}`, (f) => configure(name, body(f), changed), (f) => curl(path(["bins", name]), body(f), "PUT"),
    el("p", "hint", "The bin answers the requests with which this system verifies an endpoint. Other requests get the usual response."),
    el("div", "fields-row", field("System", "kind", { options: kinds.map(([value, title]) => new Option(title, value)), value: now?.kind ?? "slack" }),
      field("Secret", "secret", { hint: "required for X; Meta and Discord check it", value: now?.secret ?? "", autocomplete: "off", size: 28 })),
    el("div", "actions", el("button", "action main", "Turn on")));
}

// sender shows what the captures reveal about the program that sent them.
async function sender(name) {
  const s = await api(path(["bins", name, "sender"]));
  open(`Sender profile of ${name}`,
    s.findings.length ? el("ul", "plain", ...s.findings.map((f) => el("li", "", f))) : el("p", "hint", "Not enough captures yet."),
    facts([["Captures examined", s.captures], ["Deliveries", s.deliveries], ["Retried", s.retried], ["Connections", s.connections],
      ["User agents", Object.entries(s.user_agents).map(([agent, n]) => `${agent} (${n})`).join(", ")],
      ["Back-off", s.back_off.map((g) => `attempt ${g.attempt}: ${g.median}`).join(", ")]]),
    s.complete ? "" : note("warn", "The bin no longer has all its captures, so the first attempts of a delivery may be missing."),
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
  field("File", "file", { type: "file", accept: ".har,.json,.jsonl,.ndjson", required: true, hint: "HAR, or JSON Lines from an export" }),
  el("div", "actions", el("button", "action main", "Import")));
}

function clearing(name, query, changed) {
  const searched = query.q || query.where;
  const at = path(["bins", name, "captures"], query);
  ask(searched ? `Delete the captures of ${name} that match the search?` : `Delete all captures of ${name}?`, async () => {
    await api(at, undefined, "DELETE");
    changed();
  }, () => curl(at, undefined, "DELETE"),
  el("p", "", searched ? el("code", "", query.q || query.where) : "All captures of the bin", " will be deleted permanently."),
  el("div", "actions", assign(el("button", "action danger", "Delete"), { autofocus: true })));
}

// create asks for the name of a new bin.
export function create(server) {
  const name = `test-${Math.random().toString(36).slice(2, 7)}`;
  ask("New bin", (f) => { location.hash = hash({ bin: f.name }); }, (f) => `curl -d '{"hello":"world"}' ${server.capture}/${f.name}`,
    el("p", "hint", "A bin is the first segment of a path. It needs no setup: it exists from its first request."),
    field("Name", "name", { value: name, required: true, pattern: "[A-Za-z0-9._\\-]{1,64}", autocomplete: "off" }),
    el("div", "actions", el("button", "action main", "Open")));
}
