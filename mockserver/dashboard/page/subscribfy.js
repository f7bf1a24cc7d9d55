// The Subscribfy panel, like Settings → Webhooks of a store: token, URLs of each event, Test Call,
// Save. It calls the emulated vendor API.
import { action, el, field, form, input, note, part } from "./dom.js";
import { section } from "./system.js";

export async function panel(caller, run, capture) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}/webhooks`;
  const { data } = await caller.call("GET", base);
  const shown = { token: "" }; // shown once
  const token = part(async () => tokenPart(caller, run, base, (await caller.call("GET", base)).data.token, shown));
  const events = el("div");
  const choice = field("Category", "category", { options: data.categories.map((c) => new Option(c.title, c.category)), value: "wallet_pass" });
  const choose = () => {
    const chosen = data.categories.find((c) => c.category === input(choice).value) ?? data.categories[0];
    events.replaceChildren(...chosen.events.map((event) => eventForm(caller, run, base, event, capture)));
  };
  input(choice).addEventListener("change", choose);
  choose();
  return { parts: [token], sections: [
    section("Subscribfy Token", "The store signs every call with it.", token.box),
    section("Webhooks", "The URLs of each event, separated by commas.", choice, events),
    section("Events", "", el("div", "actions", action("Create a customer who installs a wallet", () => run("wallet_pass/created and wallet_pass/installed happened", () => customer(caller)), { symbol: "plus" }))),
  ] };
}

function tokenPart(caller, run, base, now, shown) {
  const known = now.last4 ? `Token ending in ${now.last4}.` : "The store has no token yet. Generate one before you save a URL.";
  const fresh = shown.token ? note("good", "The token is ", el("code", "value", shown.token), ". Copy it now: you won't see it again.") : el("p", "", known);
  shown.token = "";
  return el("div", "", fresh, action(now.last4 ? "Regenerate" : "Generate", () => run("a new token was generated", async () => {
    shown.token = (await caller.call("POST", `${base}/token`)).data.token;
  })));
}

function eventForm(caller, run, base, event, capture) {
  const urls = field(event.title, "urls", { hint: event.topic, value: event.urls, placeholder: `${capture}/subscribfy`, size: 44 });
  const entered = () => input(urls).value;
  return el("div", "event", form("", () => run(`${event.topic} is saved`, async () => {
    await caller.call("PUT", `${base}/${event.topic}`, { urls: entered() });
    event.urls = entered();
  }), urls,
  action("Test Call", () => run("Test Call", async () => {
    const { data } = await caller.call("POST", `${base}/${event.topic}/test`, entered() ? { urls: entered() } : {});
    return data.map((o) => `${o.url}: ${o.status || o.error}`).join("; ");
  })),
  el("button", "action main", "Save")), event.when ? el("p", "quiet", event.when) : "");
}

// customer creates a customer with an installed wallet.
async function customer(caller) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}`;
  const made = (await caller.call("POST", `${base}/customers`, {})).data;
  const wallet = (await caller.call("POST", `${base}/customers/${made.id.split("/").pop()}/wallet`, {})).data;
  await caller.call("POST", `${base}/wallets/${wallet.pass_instance.serial_number}/install`, {});
}
