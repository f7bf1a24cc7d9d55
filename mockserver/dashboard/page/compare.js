// The differences of two captures, by their meaning.
import { api, curl, path } from "./api.js";
import { el, field, input, latest, note, table } from "./dom.js";
import { ago, clock, count } from "./text.js";

// compare shows how a capture differs from another one, which you can choose from the loaded
// captures.
export async function compare(c, view) {
  const others = view.captures().filter((o) => o.id !== c.id).sort((a, b) => similarity(b, c) - similarity(a, c) || distance(a, c) - distance(b, c));
  const chosen = others.find((o) => o.id === view.other) ?? (view.other ? await api(path(["captures", view.other])) : others[0]);
  if (!chosen) return el("p", "hint", "There is no other capture yet.");
  if (!others.includes(chosen)) others.unshift(chosen);
  const choice = field("Compare with", "other", { options: others.slice(0, 200).map((o) => new Option(named(o, c), o.id)), value: chosen.id });
  const result = el("div");
  const begin = latest();
  const draw = async (other) => {
    const isLatest = begin();
    const [first, second] = other.seq < c.seq ? [other, c] : [c, other]; // the older one first
    const at = path(["captures", first.id, "diff", second.id]);
    let content;
    try {
      content = [...differences(await api(at), first, second), el("p", "hint", curl(at))];
    } catch (problem) {
      content = [note("bad", problem.message)];
    }
    if (isLatest()) result.replaceChildren(...content);
  };
  input(choice).addEventListener("change", (e) => {
    const other = others.find((o) => o.id === e.target.value);
    view.compare(other.id);
    draw(other);
  });
  await draw(chosen);
  return [el("div", "bar", choice), result];
}

// similarity says how much two captures have in common: the same event counts more than the same
// bin.
function similarity(o, c) { return (o.event === c.event ? 2 : 0) + (o.bin === c.bin ? 1 : 0); }

// distance sorts captures by their distance, and those before the capture first.
function distance(o, c) { return o.seq < c.seq ? c.seq - o.seq : 1e9 + o.seq - c.seq; }

function named(o, c) {
  const when = `${clock(o.at).slice(0, 8)}, ${ago(o.at)}`;
  return `${o.id} · ${o.event || o.target}${o.bin === c.bin ? "" : ` in ${o.bin}`} · ${when}`;
}

const groups = [["Body", (d) => d.where === "body" || d.where.startsWith("body ")], ["Header lines", (d) => /^headers?\b/.test(d.where)], ["Request line", () => true]];

function differences(r, first, second) {
  const drift = r.drift ?? [];
  const left = [...r.differences];
  const tables = groups.flatMap(([title, belongs]) => {
    const rows = left.filter(belongs);
    rows.forEach((d) => left.splice(left.indexOf(d), 1));
    if (!rows.length) return [];
    return table(title, ["Where", "How", `Before (${first.id})`, `After (${second.id})`], rows.map((d) => [
      el("code", "", d.where.replace(/^(body|header) /, "")), el("span", "line", el("span", `chip ${kindOf(d)}`, d.kind), drifted(d, drift) ? el("span", "chip bad", "schema change") : ""),
      value(d.before), value(d.after)]));
  });
  return [summary(r), drift.length ? table("Schema changes", ["Where", "How", "Before", "After"],
    drift.map((d) => [el("code", "", d.where || "the body"), el("span", "chip bad", d.kind), d.before, d.after])) : "", ...tables,
  r.omitted ? el("p", "hint", `${count(r.omitted, "more difference")} left out.`) : ""].filter(Boolean);
}

function summary(r) {
  if (r.same_bytes) return note("good", "The same, byte for byte.");
  if (r.same_meaning) return note("good", `The same in meaning, but written differently in ${count(r.differences.length, "place")}.`);
  return note("", `They differ in ${count(r.differences.length + r.omitted, "place")}.`);
}

function kindOf(d) {
  return { added: "good", removed: "bad", changed: "warn" }[d.kind] ?? "";
}

// drifted says whether a difference is a change in the shape of the body.
function drifted(d, drift) {
  const at = d.where.replace(/^body ?/, "");
  return d.where.startsWith("body") && drift.some((c) => at === c.where || at.replace(/\/\d+(?=\/|$)/g, "/*") === c.where);
}

function value(of) {
  return of === null ? el("span", "quiet", "–") : el("code", "value", of);
}
