// What a test needs of `hookrig serve`, with Node's standard library. Copy it into your tests.
import { AssertionError } from "node:assert";
import { randomUUID } from "node:crypto";

const server = process.env.HOOKRIG_SERVER ?? "http://127.0.0.1:8080";
const token = process.env.HOOKRIG_TOKEN; // of a server that asks for one

// call calls the API. It returns the status and the decoded response.
async function call(method, path, body) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(`${server}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok && response.status !== 408) { // 408: a wait that ran out of time
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return { status: response.status, body: await response.json() };
}

// send sends an event, as `hookrig send` does, and checks the consumer's status: 401, "2xx".
// Options: to, secret, set, faults, seed, tenant.
export async function send(provider, event, { expect = "2xx", ...options }) {
  const sent = await call("POST", `providers/${provider}/send`, { event, ...options });
  const attempt = sent.body.items[0].attempts.at(-1);
  const got = String(attempt.status || attempt.outcome);
  if (got !== String(expect) && got[0] + "xx" !== expect) {
    throw new AssertionError({ message: `${event} to ${options.to}: want ${expect}, got ${got} ${attempt.error ?? ""}` });
  }
  return sent.body.items[0];
}

// newBin returns a bin: a URL that records what is sent to it. Its name is new, so tests do not
// disturb each other.
export async function newBin(prefix) {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const url = `${(await call("GET", "server")).body.capture}/${name}`;

  // wait returns the captures that match a jq condition, as soon as there are so many. Options:
  // count, max, timeout ("5s"), settle (how long no other may arrive).
  async function wait(where = "", options = {}) {
    const query = new URLSearchParams({ where, count: 1, ...options });
    const { status, body } = await call("GET", `bins/${name}/wait?${query}`);
    if (status === 408) {
      const near = body.nearest.flatMap((miss) => [`  nearest: ${miss.capture.method} ${miss.capture.target}`, ...miss.differences.map((d) => `    ${d}`)]);
      throw new AssertionError({ message: [body.reason, ...near].join("\n") });
    }
    return body.matched;
  }

  // never checks that nothing arrives that matches.
  const never = (where = "", settle = "300ms") => wait(where, { count: 0, max: 0, settle });
  return { name, url, wait, never };
}
