// The dialog for a bin's responses: presets, or a sequence of responses.
import { api, curl, path } from "./api.js";
import { ask } from "./dialog.js";
import { action, check, el, field, input, note, symbolAction } from "./dom.js";
import { headerLines } from "./resend.js";

// Common responses.
const presets = [
  ["200", { sequence: [{ status: 200 }] }],
  ["500 once, then 200", { sequence: [{ status: 500 }, { status: 200 }] }],
  ["503 → 200, each delivery", { sequence: [{ status: 503, headers: { "Retry-After": "5" } }, { status: 200 }], by: "delivery" }],
  ["410 gone", { sequence: [{ status: 410 }] }],
  ["slow", { sequence: [{ status: 200, delay: "10s" }] }],
  ["hang", { sequence: [{ hang: true }] }],
  ["reset", { sequence: [{ reset: true }] }],
  ["cut in the body", { sequence: [{ status: 200, body: "half of this", cut: "body" }] }],
];

const kinds = { "": "answer", hang: "hang: never answer", reset: "reset the connection", head: "cut in the head", body: "cut in the body" };

// responses asks for the responses of a bin.
export async function responses(bin, done) {
  const at = path(["bins", bin, "responses"]);
  const script = await api(at);
  const list = el("div", "sequence");
  const loop = check("Repeat the sequence", "loop");
  const by = check("Run the sequence per delivery", "by");
  const fill = (s) => {
    list.replaceChildren(...(s.sequence?.length ? s.sequence : [{ status: 200 }]).map((t) => responseFields(t, list)));
    input(loop).checked = Boolean(s.loop);
    input(by).checked = s.by === "delivery";
    // number names the responses by their position.
    number(list);
  };
  const body = () => ({
    sequence: [...list.children].map(read), ...(input(loop).checked ? { loop: true } : {}), ...(input(by).checked ? { by: "delivery" } : {}),
    ...(script.rules?.length ? { rules: script.rules } : {}), ...(script.deliveries?.length ? { deliveries: script.deliveries } : {}),
  });
  const made = ask(`Response for ${bin}`, async () => {
    await api(at, body(), "PUT");
    done();
  }, () => curl(at, body(), "PUT"),
  el("div", "presets", el("span", "quiet", "Presets:"), ...presets.map(([title, s]) => action(title, () => { fill(s); made.update(); }, { className: "action small" }))),
  script.rules?.length ? note("", `The bin also has ${script.rules.length} rules, which are checked first. They stay as they are.`) : "",
  script.deliveries?.length ? note("", `The first ${script.deliveries.length} deliveries have their own responses. They stay as they are.`) : "",
  list,
  el("div", "actions", action("Add a response", () => { list.append(responseFields({ status: 200 }, list)); number(list); made.update(); }, { symbol: "plus" })),
  el("div", "checks", by, loop),
  el("div", "actions", el("button", "action main", "Save"),
    action("Reset to 200", async () => {
      await api(at, undefined, "DELETE");
      document.getElementById("dialog").close();
      done();
    })));
  fill(script);
  made.update();
}

// responseFields makes the fields of one response.
function responseFields(t, list) {
  const kind = t.hang ? "hang" : t.reset ? "reset" : t.cut ?? "";
  const head = [...Object.entries(t.headers ?? {}), ...(t.lines ?? [])].map(([n, v]) => `${n}: ${v}`).join("\n");
  const box = el("fieldset", "response", el("legend", ""), el("div", "fields-row",
    field("How", "kind", { options: Object.entries(kinds).map(([value, title]) => new Option(title, value)), value: kind }),
    field("Status", "status", { type: "number", min: 200, max: 599, value: t.status || 200 }),
    field("Delay", "delay", { value: t.delay ?? "", size: 6, placeholder: "1.5s" }),
    field("Send body over", "drip", { value: t.drip ?? "", size: 6, placeholder: "30s" })),
  el("div", "fields-row grow", field("Header lines", "head", { rows: 2, value: head, placeholder: "Retry-After: 5" }), field("Body", "body", { rows: 2, value: t.body ?? "" })),
  symbolAction("trash", "Remove this response", () => {
    if (list.children.length > 1) box.remove();
    number(list);
    list.dispatchEvent(new Event("input", { bubbles: true }));
  }));
  const shown = () => {
    const none = ["hang", "reset"].includes(box.querySelector("[name=kind]").value);
    for (const f of box.querySelectorAll("[name=status], [name=drip], [name=head], [name=body]")) f.disabled = none;
  };
  box.addEventListener("change", shown);
  shown();
  return box;
}

// number says which response is which.
function number(list) {
  [...list.children].forEach((box, i, all) => {
    box.querySelector("legend").textContent = all.length === 1 ? "The response" : i === 0 ? "First" : i === all.length - 1 ? "Then, for all later requests" : "Then";
  });
}

// read returns the response in the fields.
function read(box) {
  const value = (name) => box.querySelector(`[name=${name}]`).value;
  const kind = value("kind");
  const delay = value("delay").trim() ? { delay: value("delay").trim() } : {};
  if (kind === "hang" || kind === "reset") return { [kind]: true, ...delay };
  const lines = headerLines(value("head"));
  return {
    status: Number(value("status")), ...delay, ...(lines.length ? { lines } : {}), ...(value("body") ? { body: value("body") } : {}),
    ...(value("drip").trim() ? { drip: value("drip").trim() } : {}), ...(kind ? { cut: kind } : {}),
  };
}
