// The part above the list of deliveries: which of them, and the clock that their retries follow.
import { api, curl } from "./api.js";
import { action, el, field, input, part } from "./dom.js";
import { hash, place } from "./place.js";
import { count, exact } from "./text.js";

const states = ["pending", "delivered", "exhausted", "stopped", "dropped"];
const steps = [["1 min", "1m"], ["1 h", "1h"], ["1 day", "24h"]];

// head returns the content, and a function that brings the clock up to date. did does something and says so near the list.
export function head(providers, did) {
  const choose = (name, all, options) => {
    const f = field(name === "state" ? "State" : "Provider", name, { options: [new Option(all, ""), ...options.map((o) => new Option(o, o))], value: place[name] });
    input(f).addEventListener("change", (e) => { location.hash = hash({ ...place, show: "", tab: "", [name]: e.target.value }); });
    return f;
  };
  const selects = [choose("state", "any state", states), choose("provider", "any provider", providers)];
  const time = part(async () => clock(await api("/clock"), did, time));
  const content = el("div", "", el("div", "line", el("h2", "", "Deliveries")),
    el("div", "fields-row", ...selects), time.box);
  return { content, recount() {
    for (const s of selects) input(s).value = place[input(s).name];
    return time.redraw();
  } };
}

// clock shows a virtual clock, which moves when it is told to; a real one needs no words.
function clock(c, did, time) {
  if (!c.virtual) return el("p", "quiet", c.pending ? `${count(c.pending, "delivery", "deliveries")} pending${c.next ? `, the next attempt ${exact(c.next)}` : ""}` : "");
  const move = (label, advance) => action(label, () => did(async () => {
    await api("/clock/advance", { advance }, "POST");
    await time.redraw();
  }, `the clock moved by ${label}`), { className: "action small", title: curl("/clock/advance", { advance }) });
  return el("div", "clock", el("p", "", el("b", "", "Virtual clock "), new Date(c.now).toISOString()),
    el("p", "quiet", c.pending ? `${count(c.pending, "delivery", "deliveries")} pending${c.next ? `, the next attempt ${exact(c.next)}` : ""}` : "Nothing is pending."),
    el("div", "actions", el("span", "quiet", "Advance by"), ...steps.map(([label, by]) => move(label, by)),
      c.next ? move("to the next attempt", `${Math.max(0, (new Date(c.next) - new Date(c.now)) / 1000 + 0.001).toFixed(3)}s`) : "",
      action("Until nothing is due", () => did(async () => {
        await api("/clock/settle", undefined, "POST");
        await time.redraw();
      }, "nothing is due"), { className: "action small", title: curl("/clock/settle", undefined, "POST") })));
}
