// The dialog that sends a capture again: unchanged, signed again, or changed.
import { Verbatim, api, curl, path } from "./api.js";
import { body } from "./body.js";
import { typeOf } from "./capture.js";
import { ask } from "./dialog.js";
import { check, el, field, assign, note, table } from "./dom.js";
import { base64, isText, raw, span, text } from "./text.js";

// resend asks for the URL and the changes, sends the capture, and shows the response.
export async function resend(c, capture) {
  const { items } = await api("/providers");
  const at = path(["captures", c.id, "resend"]);
  const content = raw(c.body);
  const was = isText(content) ? text(content) : undefined;
  const signing = assign(el("div", "fields-row", field("Provider", "provider", { options: items.map((p) => new Option(p.title, p.name)), value: c.provider || items[0]?.name }),
    field("Secret", "secret", { autocomplete: "off", size: 34, hint: "default: the bin's, or the endpoint's that matches" })), { hidden: true });
  const changing = assign(el("div", "", el("div", "fields-row", field("Method", "method", { value: c.method, size: 8 })),
    field("Members of the JSON body", "set", { rows: 2, hint: "/pointer = JSON, one per line", placeholder: '/id = "another"\n/amount = 12.50' }),
    field("Header lines", "headers", { rows: 2, hint: "Name: value sets, -Name removes; one per line", placeholder: "X-Test: 1\n-User-Agent" }),
    was === undefined ? el("p", "hint", "The body is not text, so it cannot be edited here.") : field("Body", "body", { rows: 6, value: was })), { hidden: true });
  const body = (f) => ({ url: f.url, ...(f.resign ? { resign: { provider: f.provider, ...(f.secret ? { secret: f.secret } : {}) } } : {}), ...(f.change ? changes(f, c, was) : {}) });
  const { form } = ask(`Resend ${c.id}`, async (f) => answer(await api(at, body(f))), (f) => curl(at, body(f)),
    field("To", "url", { value: `${capture}/${c.bin}`, required: true, size: 52, type: "url" }),
    el("div", "checks", check("Sign again", "resign"), check("Change the request", "change")), signing, changing,
    el("div", "actions", el("button", "action main", "Resend")));
  form.addEventListener("change", () => {
    signing.hidden = !form.elements.resign.checked;
    changing.hidden = !form.elements.change.checked;
  });
}

// changes returns the differences between the form and the capture.
function changes(f, c, was) {
  const out = {};
  if (f.method && f.method !== c.method) out.method = f.method;
  if (f.body !== undefined && f.body !== was.replaceAll("\r\n", "\n") && f.body.replaceAll("\r\n", "\n") !== was.replaceAll("\r\n", "\n")) out.body = base64(f.body);
  const set = lines(f.set).map((line) => {
    const [, pointer, value] = line.match(/^(\/\S*|)\s*=\s*(.+)$/) ?? [];
    if (value === undefined) throw new Error(`${line}: want a JSON pointer, = and a JSON value, as in /id = "another"`);
    try {
      JSON.parse(value);
    } catch (problem) {
      throw new Error(`${line}: ${value} is not JSON (put text in double quotes): ${problem.message}`);
    }
    return [pointer, value];
  });
  if (set.length) out.set = set.map(([pointer, value]) => ({ pointer, value: new Verbatim(value) }));
  const headers = headerLines(f.headers, true);
  if (headers.length) out.headers = headers;
  return out;
}

function lines(of) { return (of ?? "").split(/\r?\n/).map((l) => l.trim()).filter(Boolean); }

// headerLines reads "Name: value" lines. With removing, -Name removes a header line.
export function headerLines(of, removing) {
  return lines(of).map((line) => {
    if (removing && /^-[^:\s]+$/.test(line)) return [line.slice(1), null];
    const at = line.indexOf(":");
    if (at < 1) throw new Error(`${line}: want a header line such as X-Test: 1${removing ? ", or -X-Test to remove one" : ""}`);
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

function answer(a) {
  if (!a.status) return note("bad", `${a.outcome}: ${a.error}`);
  const rows = a.changed.map((d) => [el("code", "", d.where), d.kind, d.before ?? "–", d.after ?? "–"]);
  return [note(a.status < 300 ? "good" : "bad", `answered ${a.status} in ${span(a.took_ms)}`),
    el("details", "plain", el("summary", "", "The response"), el("pre", "", (a.response?.headers ?? []).map(([n, v]) => `${n}: ${v}`).join("\n")), body(raw(a.response?.body), typeOf(a.response?.headers))),
    rows.length ? el("details", "plain", el("summary", "", "Differences from the capture"), table("Differences from the capture", ["Where", "How", "Before", "After"], rows)) : ""].filter(Boolean);
}
