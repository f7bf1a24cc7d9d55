// The program under test: it welcomes the owner of every pass that is installed. It receives the
// events of The Wallet Crew at /hooks and tells the CRM, with a webhook, whom to welcome.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// start returns the server, on a free port: secret signs its events, crm is the CRM's URL.
export async function start(secret, crm) {
  const seen = new Set();
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return response.writeHead(405, { Allow: "POST" }).end();
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the sender is no longer there
    }
    const body = Buffer.concat(chunks);
    const want = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
    const given = Buffer.from(request.headers["x-neostore-signature"] ?? "", "latin1");
    if (given.length !== want.length || !timingSafeEqual(given, want)) {
      response.writeHead(401).end();
      return;
    }
    let event;
    try {
      event = JSON.parse(body);
    } catch {
      response.writeHead(400).end(); // no retry mends it
      return;
    }
    if (event?.__eventName === "Pass:Installed" && !seen.has(event.__id)) {
      seen.add(event.__id);
      const message = { type: "welcome", pass: event.passId };
      try {
        await fetch(crm, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) });
      } catch {
        seen.delete(event.__id);
        response.writeHead(500).end(); // the event comes again
        return;
      }
    }
    response.writeHead(204).end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}
