// The part of the page above the deliveries: the filter, and the clock that retries follow.
import { api, curl } from "./api.js";
import { action, el, field, input, part } from "./dom.js";
import { hash, route } from "./route.js";
import { count, exact } from "./text.js";

const states = ["pending", "delivered", "exhausted", "stopped", "dropped"];
const steps = [["1 min", "1m"], ["1 h", "1h"], ["1 day", "24h"]];

// head returns this part, and a function that updates the clock. run calls an action and shows its
// result.
export function head(providers, run) {
  const choose = (name, all, options) => {
    const f = field(name === "state" ? "State" : "Provider", name, { options: [new Option(all, ""), ...options.map((o) => new Option(o, o))], value: route[name] });
    input(f).addEventListener("change", (e) => { location.hash = hash({ ...route, show: "", tab: "", [name]: e.target.value }); });
    return f;
  };
  const selects = [choose("state", "any state", states), choose("provider", "any provider", providers)];
  const time = part(async () => clock(await api("/clock"), run, time));
  const content = el("div", "", el("div", "line", el("h2", "", "Deliveries")),
    el("div", "fields-row", ...selects), time.box);
  return { content, recount() {
    for (const s of selects) input(s).value = route[input(s).name];
    return time.redraw();
  } };
}

// clock shows a virtual clock with buttons to advance it, or the pending deliveries of a real
// clock.
function clock(c, run, time) {
  if (!c.virtual) return el("p", "quiet", c.pending ? `${count(c.pending, "delivery", "deliveries")} pending${c.next ? `, the next attempt ${exact(c.next)}` : ""}` : "");
  const move = (label, advance) => action(label, () => run(async () => {
    await api("/clock/advance", { advance }, "POST");
    await time.redraw();
  }, `the clock moved by ${label}`), { className: "action small", title: curl("/clock/advance", { advance }) });
  return el("div", "clock", el("p", "", el("b", "", "Virtual clock "), new Date(c.now).toISOString()),
    el("p", "quiet", c.pending ? `${count(c.pending, "delivery", "deliveries")} pending${c.next ? `, the next attempt ${exact(c.next)}` : ""}` : "No delivery is pending."),
    el("div", "actions", el("span", "quiet", "Advance by"), ...steps.map(([label, by]) => move(label, by)),
      c.next ? move("to the next attempt", `${Math.max(0, (new Date(c.next) - new Date(c.now)) / 1000 + 0.001).toFixed(3)}s`) : "",
      action("Wait until nothing is due", () => run(async () => {
        await api("/clock/settle", undefined, "POST");
        await time.redraw();
      }, "nothing is due"), { className: "action small", title: curl("/clock/settle", undefined, "POST") })));
}
