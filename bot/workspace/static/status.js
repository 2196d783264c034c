// The dialog behind the connection light: what was delivered to the app, and trouble on demand.

import { attempt, call, el, icon, redraw } from "./dom.js";

const TROUBLE = [
  ["Rate-limit the next 3 posts", { do: "ratelimited", method: "chat.postMessage", calls: 3, retry_after: 2 }],
  ["Fail the next 3 calls with 500", { do: "server_error", method: "*", calls: 3 }],
  ["Know none of the next 3 methods", { do: "unknown_method", method: "*", calls: 3 }],
  ["Let the next 3 calls hang", { do: "hang", method: "*", calls: 3 }],
  ["Lose the answer to the next post", { do: "lost_answer", method: "chat.postMessage", calls: 1 }],
  ["Ask the app to reconnect", { do: "disconnect", reason: "refresh_requested" }],
  ["Cut the app's connections", { do: "drop" }],
];
const LASTING = [
  ["deaf", "Connections look alive but carry nothing"],
  ["mute_pings", "Pings are not answered"],
  ["refuse_connections", "New connections are refused"],
];

let open = null;

const send = (fields) => attempt(() => call("faults", fields));

function outcome(delivery) {
  if (delivery.acked) return `${Math.round(delivery.ack_seconds * 1000)} ms`;
  return delivery.given_up ? "given up" : "waiting";
}

function rows(deliveries) {
  return deliveries.slice(0, 40).map((one) => {
    const last = one.attempts[one.attempts.length - 1];
    return el(
      "tr",
      { class: one.acked ? "" : "bad" },
      el("td", { text: one.event_type }),
      el("td", { text: outcome(one) }),
      el("td", { text: one.attempts.length > 1 ? `${one.attempts.length - 1}× again` : "" }),
      el("td", { class: "muted", text: last && last.via ? last.via.replace(/^http:\/\/[^/]+/, "http") : "" }),
    );
  });
}

function fill(snapshot) {
  const { faults, deliveries } = snapshot;
  const active = faults.pending.map((one) => `${one.method}: ${one.kind}, ${one.calls} left`);
  open.list.replaceChildren(...rows(deliveries));
  open.empty.hidden = deliveries.length > 0;
  open.active.textContent = active.join(" · ");
  for (const [name] of LASTING) open.switches.get(name).checked = faults[name];
}

export function drawStatus(button, snapshot) {
  const count = snapshot.connections.length;
  const http = snapshot.deliveries.some((one) => one.attempts.some((a) => (a.via || "").startsWith("http")));
  const on = count > 0 || http;
  const trouble = snapshot.faults.pending.length > 0 || LASTING.some(([name]) => snapshot.faults[name]);
  const state = trouble ? "trouble" : on ? "on" : "off";
  button.className = `status ${state}`;
  const words = trouble ? "Trouble is on" : on ? "Bot connected" : "Bot not connected";
  redraw(button, words, () => [el("span", { class: "dot" }), el("span", { class: "status-words", text: words })]);
  button.setAttribute("aria-label", `${words}. Deliveries and faults`);
  if (open) fill(snapshot);
}

export function openStatus(snapshot) {
  const switches = new Map();
  const list = el("tbody");
  const empty = el("p", { class: "muted", text: "Nothing has been sent to the app yet." });
  const active = el("p", { class: "active" });
  const lasting = LASTING.map(([name, text]) => {
    const box = el("input", { type: "checkbox", onchange: () => send({ do: "set", [name]: box.checked }) });
    switches.set(name, box);
    return el("label", { class: "switch" }, box, el("span", { text }));
  });
  const node = el(
    "dialog",
    { class: "dialog wide", "aria-label": "Deliveries and faults" },
    el(
      "header",
      { class: "modal-head" },
      el("h2", { text: "Behind the scenes" }),
      el("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => node.close() }, icon("close")),
    ),
    el(
      "div",
      { class: "modal-body" },
      el("h3", { text: "Make trouble" }),
      el("p", { class: "muted", text: "What Slack does on a bad day. The bot should lose nothing and say nothing twice." }),
      el(
        "div",
        { class: "actions" },
        TROUBLE.map(([text, fields]) => el("button", { type: "button", class: "button", text, onclick: () => send(fields) })),
        el("button", { type: "button", class: "button primary", text: "All back to normal", onclick: () => send({ do: "clear" }) }),
      ),
      lasting,
      active,
      el("h3", { text: "Sent to the bot" }),
      empty,
      el("div", { class: "table" }, el("table", {}, list)),
    ),
  );
  node.addEventListener("close", () => {
    open = null;
    node.remove();
  });
  open = { list, empty, active, switches };
  document.body.append(node);
  fill(snapshot);
  node.showModal();
}
