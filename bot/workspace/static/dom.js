// Small helpers: elements without markup strings, icons, and calls to the control API.
// Text only ever enters the page as a text node, so nothing a message says can become markup.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  send: "M5 12h13M12.5 6l6 6-6 6",
  clip: "M8 12.5l6-6a3 3 0 0 1 4.3 4.3l-7.6 7.5a5 5 0 0 1-7-7L11 4",
  reply: "M9 8l-4 4 4 4M5 12h9a5 5 0 0 1 5 5v1",
  pin: "M9 4h6l-1 6 3 3H7l3-3zM12 13v7",
  bookmark: "M7 4h10v16l-5-4-5 4z",
  lock: "M7 11h10v8H7zM9 11V8a3 3 0 0 1 6 0v3",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  recall: "M17 9.2A6.2 6.2 0 1 0 18.2 13M18 5.4v4.2h-4.2",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  smile: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16M9 14.2a4 4 0 0 0 6 0M9.5 10h.01M14.5 10h.01",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `i i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const $ = (id) => document.getElementById(id);
export const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const TOKEN = meta("control-token");

export async function call(path, fields) {
  const options = { headers: { "X-Control-Token": TOKEN } };
  if (fields !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(fields);
  }
  const response = await fetch(`/control/${path}`, options);
  const body = await response.json().catch(() => ({ ok: false, error: response.statusText }));
  if (!response.ok || body.ok === false) {
    throw new Error(body.error || body.detail || `the workspace answered ${response.status}`);
  }
  return body;
}

export const streamAddress = () => `/control/stream?token=${encodeURIComponent(TOKEN)}`;

export function toast(text) {
  const note = el("div", { class: "toast", text });
  $("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

const PLAIN = {
  timeout: "The app did not answer within 3 seconds.",
  no_connection: "The app is not connected.",
  connection_lost: "The connection to the app was lost.",
};

// Runs something that talks to the server and shows a failure in plain words.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(PLAIN[error.message] || `That did not work: ${error.message}`);
    return null;
  }
}

// Replaces what `root` shows, when `state` differs from what it was drawn from. Whoever had the
// keyboard focus keeps it: the new element with the same data-focus takes over.
export function redraw(root, state, build) {
  const key = JSON.stringify(state);
  if (root.dataset.drawn === key) return;
  root.dataset.drawn = key;
  const active = document.activeElement;
  const focus = root.contains(active) ? active.dataset.focus : null;
  root.replaceChildren(...build());
  if (focus) root.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

export function avatar(user, size = "") {
  if (user && user.is_bot && user.is_recall) {
    return el("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("recall"));
  }
  const name = user ? user.real_name : "?";
  const letters = name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const tone = user ? user.tone : 0;
  return el("span", { class: `avatar tone-${tone} ${size}`, "aria-hidden": "true", text: letters });
}

export function clock(ts) {
  const date = new Date(Number(ts) * 1000);
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function day(ts) {
  const date = new Date(Number(ts) * 1000);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}
