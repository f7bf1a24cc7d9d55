// Settings → Webhooks of a Subscribfy store, by its own API: token, URLs of each event, Test Call, Save.
import { action, el, field, form, having } from "/page/dom.js";

let category = "wallet_pass"; // that is chosen, while the page is open

export async function panel(caller, did, capture) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}/webhooks`;
  const { data } = await caller.call("GET", base);
  const choice = field("Category", "category", { options: data.categories.map((c) => new Option(c.title, c.category)), value: category });
  choice.lastChild.addEventListener("change", () => {
    category = choice.lastChild.value;
    did("", () => {});
  });
  const chosen = data.categories.find((c) => c.category === category) ?? data.categories[0];
  return el("div", "",
    token(caller, did, base, data.token), choice,
    ...chosen.events.map((event) => eventForm(caller, did, base, event, capture)),
    customers(caller, did));
}

function token(caller, did, base, now) {
  const known = now.last4 ? `The token ends in ${now.last4}; it was shown once.` : "The store has no token yet: nothing can be saved before it has.";
  return el("div", "panel", el("h3", "", "Subscribfy Token"), el("p", "", known),
    action(now.last4 ? "Regenerate" : "Generate", () => did("", async () => {
      const { data } = await caller.call("POST", `${base}/token`);
      return `The token is ${data.token}. It is not shown again.`;
    })));
}

function eventForm(caller, did, base, event, capture) {
  const urls = field(`${event.title} (${event.topic})`, "urls", { value: event.urls, placeholder: `${capture}/subscribfy`, size: 48 });
  const entered = () => urls.lastChild.value;
  return form("", () => did(`${event.topic} is saved`, () => caller.call("PUT", `${base}/${event.topic}`, { urls: entered() })),
    having(urls, { title: event.when }),
    action("Test Call", () => did("", async () => {
      const { data } = await caller.call("POST", `${base}/${event.topic}/test`, entered() ? { urls: entered() } : {});
      return data.map((o) => `${o.url}: ${o.status || o.error}`).join("; ");
    })),
    el("button", "action", "Save"));
}

function customers(caller, did) {
  const base = `/stores/${encodeURIComponent(caller.tenant)}`;
  return el("div", "panel", el("h3", "", "What happens"),
    action("A customer gets a wallet and installs it", () => did("wallet_pass/created and wallet_pass/installed happened", async () => {
      const customer = (await caller.call("POST", `${base}/customers`, {})).data;
      const wallet = (await caller.call("POST", `${base}/customers/${customer.id.split("/").pop()}/wallet`, {})).data;
      await caller.call("POST", `${base}/wallets/${wallet.pass_instance.serial_number}/install`, {});
    })));
}
