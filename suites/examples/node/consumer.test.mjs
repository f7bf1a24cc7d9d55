import { beforeEach, afterEach, test } from "node:test";

import { start } from "./consumer.mjs";
import { newBin, send } from "./hookrig.mjs";

let crm, consumer, hooks;

beforeEach(async () => {
  crm = await newBin("crm");
  consumer = await start("S", crm.url);
  hooks = { to: `http://127.0.0.1:${consumer.address().port}/hooks`, secret: "S" };
});

afterEach(() => {
  consumer.closeAllConnections();
  consumer.close();
});

test("an installed pass is welcomed once", async () => {
  await send("neostore", "Pass:Installed", { set: { "/passId": "P-1" }, faults: ["duplicate"], ...hooks });
  await crm.wait('.body.type == "welcome" and .body.pass == "P-1"', { count: 1, max: 1, settle: "300ms" });
});

test("a forged event is refused", async () => {
  await send("neostore", "Pass:Installed", { faults: ["signature:tampered"], expect: 401, ...hooks });
  await crm.never();
});
