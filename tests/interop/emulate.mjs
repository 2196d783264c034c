// Starts emulate's Slack service on a free loopback port with the seed given on standard input.
// Says {"url": ...} on one line when it listens, and ends when standard input ends.

import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { createEmulator } from "emulate";

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

const lines = createInterface({ input: process.stdin });
const first = await new Promise((resolve) => lines.once("line", resolve));
const seed = JSON.parse(first);
const port = await freePort();
const baseUrl = `http://127.0.0.1:${port}`;
const emulator = await createEmulator({ service: "slack", port, baseUrl, seed });
console.log(JSON.stringify({ url: emulator.url }));
lines.once("close", () => process.exit(0));
