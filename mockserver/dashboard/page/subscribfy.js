// Settings → Webhooks of a Subscribfy store, by its own API: token, URLs of each event, Test Call, Save.
import { action, el, field, form, input, note, part } from "./dom.js";
import { section } from "./system.js";

export async function panel(caller, did, capture) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}/webhooks`;
  const { data } = await caller.call("GET", base);
  const shown = { token: "" }; // it can be seen once
  const token = part(async () => tokenPart(caller, did, base, (await caller.call("GET", base)).data.token, shown));
  const events = el("div");
  const choice = field("Category", "category", { options: data.categories.map((c) => new Option(c.title, c.category)), value: "wallet_pass" });
  const choose = () => {
    const chosen = data.categories.find((c) => c.category === input(choice).value) ?? data.categories[0];
    events.replaceChildren(...chosen.events.map((event) => eventForm(caller, did, base, event, capture)));
  };
  input(choice).addEventListener("change", choose);
  choose();
  return { parts: [token], sections: [
    section("Subscribfy Token", "It signs every call.", token.box),
    section("Webhooks", "Where each event goes: an address, or several with commas between them.", choice, events),
    section("What happens", "", el("div", "actions", action("A customer gets a wallet and installs it", () => did("wallet_pass/created and wallet_pass/installed happened", () => customer(caller)), { symbol: "plus" }))),
  ] };
}

function tokenPart(caller, did, base, now, shown) {
  const known = now.last4 ? `Token ending in ${now.last4}.` : "The store has no token yet: nothing can be saved before it has.";
  const fresh = shown.token ? note("good", "The token is ", el("code", "value", shown.token), ". Copy it now: you won't see it again.") : el("p", "", known);
  shown.token = "";
  return el("div", "", fresh, action(now.last4 ? "Regenerate" : "Generate", () => did("a token is generated", async () => {
    shown.token = (await caller.call("POST", `${base}/token`)).data.token;
  })));
}

function eventForm(caller, did, base, event, capture) {
  const urls = field(event.title, "urls", { hint: event.topic, value: event.urls, placeholder: `${capture}/subscribfy`, size: 44 });
  const entered = () => input(urls).value;
  return el("div", "event", form("", () => did(`${event.topic} is saved`, async () => {
    await caller.call("PUT", `${base}/${event.topic}`, { urls: entered() });
    event.urls = entered();
  }), urls,
  action("Test Call", () => did("Test Call", async () => {
    const { data } = await caller.call("POST", `${base}/${event.topic}/test`, entered() ? { urls: entered() } : {});
    return data.map((o) => `${o.url}: ${o.status || o.error}`).join("; ");
  })),
  el("button", "action main", "Save")), event.when ? el("p", "quiet", event.when) : "");
}

// customer has a customer come, get a wallet and install it.
async function customer(caller) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}`;
  const made = (await caller.call("POST", `${base}/customers`, {})).data;
  const wallet = (await caller.call("POST", `${base}/customers/${made.id.split("/").pop()}/wallet`, {})).data;
  await caller.call("POST", `${base}/wallets/${wallet.pass_instance.serial_number}/install`, {});
}
