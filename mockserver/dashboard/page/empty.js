// What the page shows when a list is empty or nothing is open: the next step, with a command.
import { api, curl, path } from "./api.js";
import { action, command, el } from "./dom.js";
import { titles } from "./system.js";

const samples = { neostore: "Pass:Installed", subscribfy: "wallet_pass/created", ethpass: "pass:create" };

// list makes the content of an empty list.
export function list(route, server, run) {
  const to = `${server.capture}/${route.bin || "inbox"}`;
  if (route.view === "deliveries") {
    return el("div", "", el("h2", "", route.state || route.provider ? "No matching delivery" : "Nothing was sent yet"),
      el("p", "", "Register an endpoint in the panel of a system, on the left, or with"), command(curl("/providers/neostore/endpoints", { url: `${server.own}/${route.bin || "inbox"}`, events: ["Pass:*"] })),
      el("p", "", "Then emit an event:"), command(curl("/providers/neostore/events", { event: "Pass:Created" })));
  }
  if (route.q || route.where) {
    return el("div", "", el("h2", "", "No matches"), el("p", "", `No capture ${route.bin ? `in ${route.bin} ` : ""}matches the search.`),
      el("p", "hint", "A capture must match all words and fields. New matches appear here."));
  }
  return el("div", "", el("h2", "", "Waiting for the first request"),
    el("p", "", "Records requests to this URL and to every path below it, with any method:"), command(to),
    el("p", "", "Send a signed sample:"),
    el("div", "actions", ...Object.keys(titles).filter((name) => server.vendor_apis[name]).map((name) => action(`Send a sample of ${titles[name]}`,
      () => run(() => api(path(["providers", name, "send"]), { event: samples[name], to: `${server.own}/${route.bin || "inbox"}` })), { symbol: "send" }))),
    el("p", "", "Or from a terminal:"), command(`curl -d '{"hello":"world"}' ${to}`), command(`hookrig send neostore Pass:Installed --to ${to}`));
}

// detail makes the content of the right side while nothing is open.
export function detail(server, bin) {
  const key = (k, what) => [el("dt", "", ...k.split(" ").map((one) => el("kbd", "", one))), el("dd", "", what)];
  return el("div", "blank", el("h2", "", "Select an entry"),
    el("p", "quiet", "It shows the body, header lines and raw bytes of a request, the signature check, the retries, and the differences from other requests."),
    el("dl", "keys", ...key("j k", "next and previous entry"), ...key("Enter", "open it"), ...key("/", "search"), ...key("r", "resend"), ...key("y", "copy as curl"), ...key("?", "all keys")),
    el("h3", "", "Record a request"), command(`curl -d '{"hello":"world"}' ${server.capture}/${bin || "inbox"}`),
    el("h3", "", "Receive a signed event"), command(`hookrig send neostore Pass:Installed --to ${server.capture}/${bin || "inbox"}`));
}
