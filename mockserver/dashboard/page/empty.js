// What is shown where nothing is yet: the next step, with a command that is ready.
import { api, curl, path } from "./api.js";
import { action, command, el } from "./dom.js";
import { titles } from "./system.js";

const samples = { neostore: "Pass:Installed", subscribfy: "wallet_pass/created", ethpass: "pass:create" };

// list is what an empty list says.
export function list(place, server, did) {
  const to = `${server.capture}/${place.bin || "inbox"}`;
  if (place.view === "deliveries") {
    return el("div", "", el("h2", "", place.state || place.provider ? "No delivery is like that" : "Nothing was sent yet"),
      el("p", "", "Register an endpoint in a system's panel, on the left, or with"), command(curl("/providers/neostore/endpoints", { url: `${server.own}/${place.bin || "inbox"}`, events: ["Pass:*"] })),
      el("p", "", "and have something happen:"), command(curl("/providers/neostore/events", { event: "Pass:Created" })));
  }
  if (place.q || place.where) {
    return el("div", "", el("h2", "", "Nothing is found"), el("p", "", `No capture ${place.bin ? `of ${place.bin} ` : ""}is what you search for.`),
      el("p", "hint", "All words and fields must hold. What arrives and fits appears here by itself."));
  }
  return el("div", "", el("h2", "", "Waiting for the first request"),
    el("p", "", "Every path below this address is recorded, any method:"), command(to),
    el("p", "", "Send a signed sample:"),
    el("div", "actions", ...Object.keys(titles).filter((name) => server.vendor_apis[name]).map((name) => action(`Send a sample of ${titles[name]}`,
      () => did(() => api(path(["providers", name, "send"]), { event: samples[name], to: `${server.own}/${place.bin || "inbox"}` })), { symbol: "send" }))),
    el("p", "", "Or from a terminal:"), command(`curl -d '{"hello":"world"}' ${to}`), command(`hookrig send neostore Pass:Installed --to ${to}`));
}

// detail is what the right side says while nothing is open.
export function detail(server, bin) {
  const key = (k, what) => [el("dt", "", ...k.split(" ").map((one) => el("kbd", "", one))), el("dd", "", what)];
  return el("div", "blank", el("h2", "", "Choose an entry to see it"),
    el("p", "quiet", "Body, header lines, the bytes themselves, why its signature is right or wrong, its retries, and how it differs from others."),
    el("dl", "keys", ...key("j k", "next and previous entry"), ...key("Enter", "open it"), ...key("/", "search"), ...key("r", "resend"), ...key("y", "copy as curl"), ...key("?", "all keys")),
    el("h3", "", "To record something"), command(`curl -d '{"hello":"world"}' ${server.capture}/${bin || "inbox"}`),
    el("h3", "", "To receive a signed event of a system"), command(`hookrig send neostore Pass:Installed --to ${server.capture}/${bin || "inbox"}`));
}
