// Receives the webhooks of Stripe. Run it: WEBHOOK_SECRET=S node handler.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = process.env.WEBHOOK_SECRET;
if (!secret) throw new Error("WEBHOOK_SECRET is not set"); // anybody could sign with an empty secret
const tolerance = 300; // seconds that a timestamp may be from now

const server = createServer((request, response) => {
  if (request.method !== "POST") return response.writeHead(405, { Allow: "POST" }).end();
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks); // the raw bytes: they are signed
    if (!signed(request.headers["stripe-signature"] ?? "", body)) {
      response.writeHead(401).end("bad signature\n");
      return;
    }
    try {
      JSON.parse(body);
    } catch {
      response.writeHead(400).end("the body is not JSON\n"); // no retry mends it
      return;
    }
    // Queue the body, respond at once, work later. An event that comes again has the same id, in the body's /id.
    response.writeHead(204).end();
  });
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/hooks`);
});

// signed reports whether one of the signatures in the header is valid and its timestamp is recent.
function signed(header, body) {
  const entries = header.split(",");
  const values = (label) => entries.filter((entry) => entry.startsWith(label)).map((entry) => entry.slice(label.length));
  const timestamp = values("t=").at(-1) ?? "";
  if (!/^[0-9]+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > tolerance) return false;
  const want = Buffer.from(createHmac("sha256", secret).update(timestamp + ".").update(body).digest("hex"));
  return values("v1=").some((value) => { // several while a secret is replaced
    const given = Buffer.from(value, "latin1");
    return given.length === want.length && timingSafeEqual(given, want); // in constant time
  });
}
