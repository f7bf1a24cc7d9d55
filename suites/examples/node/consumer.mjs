// The program under test: it welcomes the owner of every pass that is installed. It receives the
// events of The Wallet Crew at /hooks and tells the CRM, with a webhook, whom to welcome.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// start returns the server, on a free port: secret signs its events, crm is the CRM's URL.
export async function start(secret, crm) {
  const seen = new Set();
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const want = Buffer.from(createHmac("sha256", secret).update(body).digest("hex"));
    const given = Buffer.from(request.headers["x-neostore-signature"] ?? "", "latin1");
    if (given.length !== want.length || !timingSafeEqual(given, want)) {
      response.writeHead(401).end();
      return;
    }
    const event = JSON.parse(body);
    if (event.__eventName === "Pass:Installed" && !seen.has(event.__id)) {
      seen.add(event.__id);
      const message = { type: "welcome", pass: event.passId };
      await fetch(crm, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(message) });
    }
    response.writeHead(204).end();
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}
