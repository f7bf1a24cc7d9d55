// Receives webhooks as they should be received, with Node's standard library.
//
// node consumer.mjs --provider stripe --secret whsec_S [--secret OLDER]... [--address 127.0.0.1:0]
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const tolerance = 300; // seconds that a signed time may be from now: older requests may be recorded ones

// --- the provider: who signs how, and what is where in its events

const digest = (secret, ...parts) => parts.reduce((mac, part) => mac.update(part), createHmac("sha256", secret)).digest("hex");

// equal compares in constant time. It compares hashes, as timingSafeEqual wants equal lengths.
function equal(given, want) {
  const hash = (text, encoding) => createHash("sha256").update(text, encoding).digest();
  return timingSafeEqual(hash(given, "latin1"), hash(want, "utf8")); // header lines are latin1 in Node
}

// bodySigned checks a label and the HMAC of the body. Each secret is tried: an older one is valid for a while.
const bodySigned = (label) => (line, body, secrets) => secrets.some((s) => equal(line, label + digest(s, body)));

const secretSent = (line, body, secrets) => secrets.some((s) => equal(line, s));

// timeSigned checks t=SECONDS,v1=SIGNATURE,v1=…: several while a secret is replaced. Other labels do not count.
function timeSigned(line, body, secrets) {
  const values = (label) => line.split(",").filter((e) => e.startsWith(label)).map((e) => e.slice(label.length));
  const at = values("t=").pop() ?? "";
  if (!/^[0-9]{1,12}$/.test(at) || Math.abs(Date.now() / 1000 - Number(at)) > tolerance) return false;
  return secrets.some((s) => values("v1=").some((v) => equal(v, digest(s, at + ".", body))));
}

const triggered = ["header x-subscribfy-triggered-at"];

// An entity is: what the names of its events begin with, a prefix, the places of its id, and places of times, of which
// the latest is the event's. A place is a path in the body, or a header line.
const providers = {
  neostore: {
    header: "x-neostore-signature", verify: bodySigned(""), name: ["__eventName"], id: "__id", maxBody: 4 << 20,
    known: /^(Customer:Upserted|Pass:(Created|Installed|Uninstalled|Updated|UpdateSent)|Redirect:Redirected)$/,
    entities: [
      ["Pass:", "pass/", ["passId"], ["__creationDate"]],
      ["Redirect:", "redirect/", ["redirectId"], ["__creationDate"]],
      ["Customer:", "customer/", ["identifiers.shopifyId"], ["__creationDate"]],
      ["Customer:", "customer/", ["identifiers.email"], ["__creationDate"]],
    ],
  },
  subscribfy: {
    header: "signature", verify: bodySigned(""), name: ["topic"], id: null, maxBody: 4 << 20,
    known: new RegExp(
      "^(wallet_pass/(created|updated|installed|removed)" +
      "|(membership|product_subscription)/(created|updated|paused|reactivated|cancelled|billing_success|billing_failure)" +
      "|membership/store_credits_changed|loyalty/((rule|tier|coupon)_(created|updated)|coupon_redeemed|rule_completed" +
      "|points_changed|tier_changed|tier_lost))$"),
    entities: [
      ["wallet_pass/", "pass/", ["data.pass_instance.serial_number"], triggered],
      ["membership/store_credits_changed", "customer/", ["data.customer.id"], triggered],
      ["membership/", "membership/", ["data.membership.id"], ["data.membership.updated_at"]],
      ["product_subscription/", "product_subscription/", ["data.product_subscription.id"], ["data.product_subscription.updated_at"]],
      ["loyalty/", "customer/", ["data.customer.id"], triggered],
      ["loyalty/", "rule/", ["data.rule.id"], ["data.rule.updated_at"]],
      ["loyalty/", "tier/", ["data.tier.id"], ["data.tier.updated_at"]],
      ["loyalty/", "coupon/", ["data.coupon.id"], ["data.coupon.updated_at"]],
    ],
  },
  ethpass: {
    header: "authorization", verify: secretSent, name: ["event"], id: null, maxBody: 4 << 20,
    known: /^pass:(create|register|unregister|expire|scan)$/,
    // An event has no time: it is as new as the newest time in it.
    entities: [["pass:", "pass/", ["result.id"], ["result.createdAt", "result.expiredAt", "result.lastScannedAt",
      "result.registrations.*.createdAt", "result.registrations.*.deletedAt"]]],
  },
  stripe: {
    header: "stripe-signature", verify: timeSigned, name: ["type"], id: "id", maxBody: 4 << 20,
    known: new RegExp(
      "^(customer\\.(subscription\\.)?(created|updated|deleted)|payment_intent\\.(created|payment_failed|succeeded)" +
      "|charge\\.(succeeded|refunded)|checkout\\.session\\.(completed|expired)|invoice\\.(paid|payment_failed))$"),
    entities: [["", "object/", ["data.object.id"], ["created"]]],
  },
  github: {
    header: "x-hub-signature-256", verify: bodySigned("sha256="), name: ["header x-github-event", "action"],
    id: "header x-github-delivery", maxBody: 25 << 20,
    known: /^(push|(issues|issue_comment|pull_request|release)\.[a-z_]+)$/, // not ping, the handshake
    entities: [
      ["issue", "issue/", ["repository.full_name", "issue.number"], ["issue.updated_at"]],
      ["pull_request.", "pull_request/", ["repository.full_name", "pull_request.number"], ["pull_request.updated_at"]],
      ["release.", "release/", ["repository.full_name", "release.tag_name"], ["release.created_at", "release.published_at"]],
      ["push", "branch/", ["repository.full_name", "ref"], ["repository.pushed_at", "head_commit.timestamp"]],
    ],
  },
};

// --- the event: what a verified request says

// parse reads what the consumer needs, so unknown members do not matter. It throws when that is not there.
function parse(provider, headers, body) {
  const root = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  const find = (place) => values(headers, root, place);
  const texts = (places) => places.map((p) => find(p).find((v) => ["string", "number"].includes(typeof v)) ?? "").map(String).filter((t) => t !== "");
  const event = {
    id: provider.id ? texts([provider.id]).join("") : createHash("sha256").update(body).digest("hex"),
    name: texts(provider.name).join("."),
  };
  if (!event.id || !event.name) throw new Error("the event has no id or no name");
  event.known = provider.known.test(event.name);
  if (!event.known) return event;
  const entity = provider.entities.find(([events, , id]) => event.name.startsWith(events) && texts(id).length === id.length);
  if (!entity) throw new Error("the event lacks an id");
  const [, prefix, id, times] = entity;
  event.entity = prefix + texts(id).join("/");
  event.at = Math.max(...times.flatMap(find).map(time).filter((t) => !Number.isNaN(t)));
  if (event.at === -Infinity) throw new Error("the event lacks a time");
  return event;
}

// values returns the values at a place that are not null; * is each element of a list.
function values(headers, root, place) {
  if (place.startsWith("header ")) return [headers[place.slice("header ".length)]].filter(Boolean);
  let found = [root];
  for (const name of place.split(".")) {
    found = found.flatMap((v) => (name === "*" && Array.isArray(v) ? v : v !== null && typeof v === "object" && Object.hasOwn(v, name) ? [v[name]] : []));
  }
  return found.filter((v) => v !== null && v !== undefined);
}

// time returns a time in RFC 3339 or in seconds since 1970 as milliseconds, or NaN.
const time = (value) => (/^[0-9]{1,12}$/.test(value) ? Number(value) * 1000 : typeof value === "string" ? Date.parse(value) : NaN);

// newer reports whether an event happened after another of its entity, whatever order they arrive in. Nothing follows a
// deletion. Of events of the same time a creation is the first; the others are ordered by name.
function newer(e, other) {
  const created = (e) => /[^a-z]([Cc]reated?|opened)$/.test(e.name) && e.name !== "issue_comment.created";
  for (const order of [(e) => Number(e.name.endsWith("deleted")), (e) => e.at, (e) => Number(!created(e)), (e) => e.name]) {
    if (order(e) !== order(other)) return order(e) > order(other);
  }
  return false;
}

// --- the records: in memory, where a real consumer has a database

const seen = new Set();
const ids = [];
const states = new Map();

// add makes the effect of an event, once. Nothing else runs in between: there is no await. In a database that is a
// transaction, with a unique key.
function add(event) {
  if (seen.has(event.id)) return;
  seen.add(event.id);
  ids.push(event.id);
  const current = states.get(event.entity);
  if (!current || newer(event, current)) states.set(event.entity, event);
}

// state returns the name of the newest event of an entity. An id is enough if no other entity has it.
function state(entity) {
  const found = [...states].filter(([name]) => `/${name}`.endsWith(`/${entity}`));
  return found.length === 1 ? found[0][1].name : null;
}

// --- HTTP

// receive handles one webhook and returns the status of the response.
async function receive(provider, secrets, request) {
  let body;
  try {
    body = await read(request, provider.maxBody);
  } catch {
    return 400; // half a body
  }
  if (request.method !== "POST") return 405;
  if (request.headers["content-encoding"]) return 415; // no provider of the table compresses
  if (!body) return 413;
  const lines = request.headersDistinct[provider.header] ?? [];
  // A repeated header is refused: programs in front of this one may read another of its lines.
  if (lines.length !== 1 || !provider.verify(lines[0], body, secrets)) return 401;
  let event;
  try {
    event = parse(provider, request.headers, body);
  } catch {
    return 400; // the sender is the provider, but it will never send another body
  }
  if (event.known) add(event); // others are acknowledged: providers add events, and send again what is not acknowledged
  return 204;
}

// read returns the raw bytes of the body, which are signed, or nothing if they are too many. It reads these all the same: a
// sender that is still sending would miss the response. Text is not made of parts: characters may be split.
async function read(request, most) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size <= most) parts.push(part);
  }
  return size <= most ? Buffer.concat(parts) : undefined;
}

function main() {
  const { values: flags } = parseArgs({
    options: {
      address: { type: "string", default: "127.0.0.1:0" },
      provider: { type: "string" },
      secret: { type: "string", multiple: true, default: [] },
      limit: { type: "string", default: "10" }, // seconds that a sender may take
    },
  });
  const provider = Object.hasOwn(providers, flags.provider ?? "") ? providers[flags.provider] : undefined;
  if (!provider || flags.secret.length === 0 || flags.secret.includes("")) {
    console.error(`want --provider, one of ${Object.keys(providers).join(", ")}, and --secret, which is not empty: anybody could sign with an empty secret`);
    process.exit(2);
  }
  const server = createServer({ requestTimeout: flags.limit * 1000, connectionsCheckingInterval: 500 }, async (request, response) => {
    const json = (value) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
    const path = request.url.split("?")[0];
    if (path === "/hooks" || path === "/hooks/") {
      const status = await receive(provider, flags.secret, request);
      response.writeHead(status, status === 405 ? { Allow: "POST" } : {}).end(); // details would help a forger
    } else if (path === "/effects") json({ count: ids.length, ids });
    else if (path.startsWith("/states/")) json({ state: state(decode(path.slice("/states/".length))) });
    else if (path === "/healthz") json({ status: "ok" });
    else response.writeHead(404).end();
  });
  const at = flags.address.lastIndexOf(":");
  server.listen({ host: flags.address.slice(0, at), port: Number(flags.address.slice(at + 1)), backlog: 1024 }, () => {
    const { address, port } = server.address();
    console.log(`listening on http://${address}:${port}/hooks`);
  });
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

main();
