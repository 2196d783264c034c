// An app built on Slack's own Socket Mode client for Node, which tells on standard output what
// reaches it, one JSON object a line, and takes orders on standard input:
//   {"ack": false}              acknowledge nothing from now on
//   {"answers": {...}}          what is sent back with the acknowledgement of commands and submissions
//   end of input                disconnect and leave

import { createInterface } from "node:readline";
import { LogLevel, SocketModeClient } from "@slack/socket-mode";

const tell = (what) => console.log(JSON.stringify(what));
let ack = true;
let answers = {};

const client = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

client.on("connected", () => tell({ state: "connected" }));
client.on("reconnecting", () => tell({ state: "reconnecting" }));
client.on("slack_event", async (envelope) => {
  tell({
    type: envelope.type,
    body: envelope.body,
    envelope_id: envelope.envelope_id,
    retry_num: envelope.retry_num,
    retry_reason: envelope.retry_reason,
  });
  if (ack) await envelope.ack(envelope.accepts_response_payload ? answers[envelope.type] : undefined);
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    if ("ack" in order) ack = order.ack;
    if ("answers" in order) answers = order.answers;
    tell({ state: "ordered" });
  })
  .on("close", async () => {
    await client.disconnect();
    process.exit(0);
  });

await client.start();
tell({ state: "started" });
