// Slack's mrkdwn as DOM nodes. The input is escaped as on the wire (&lt; &gt; &amp;); what is
// between < and > is a link or a mention, everything else ends in text nodes.

import { el } from "./dom.js";

const EMOJI = {
  "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎", eyes: "👀", fire: "🔥",
  rotating_light: "🚨", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️",
  pushpin: "📌", bulb: "💡", link: "🔗", book: "📖", memo: "📝", zzz: "💤", mag: "🔍",
  hourglass: "⏳", hourglass_flowing_sand: "⏳", wrench: "🔧", rocket: "🚀", tada: "🎉",
  information_source: "ℹ️", bell: "🔔", no_entry: "⛔", lock: "🔒", wave: "👋", clock3: "🕒",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", question: "❓",
  arrows_counterclockwise: "🔄", speech_balloon: "💬", raised_hands: "🙌", boom: "💥",
};

export const emoji = (name) => EMOJI[name] || `:${name}:`;

export const plain = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const safe = (url) => /^(https?:\/\/|mailto:)/i.test(url);

function outward(url, words) {
  const address = plain(url);
  const text = words === undefined ? address : plain(words);
  if (!safe(address)) return document.createTextNode(text);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer", text });
}

export function mention(userId, people) {
  const user = people[userId];
  return el("span", { class: "mention", text: `@${user ? user.name : userId}` });
}

// The channels that the person who looks may see, by id.
let places = new Map();
export function knowChannels(channels) {
  places = new Map(channels.map((one) => [one.id, one.name]));
}

function angled(inner, people) {
  const [head, words] = inner.split(/\|(.*)/s);
  if (head.startsWith("@")) return mention(head.slice(1), people);
  if (head.startsWith("#")) {
    const id = head.slice(1);
    return el("span", { class: "mention", text: `#${words ? plain(words) : places.get(id) || id}` });
  }
  if (head.startsWith("!date^")) return document.createTextNode(words ? plain(words) : "");
  if (head.startsWith("!")) {
    const name = head.startsWith("!subteam") ? words || "group" : head.slice(1);
    return el("span", { class: "mention loud", text: `@${plain(name).replace(/^@/, "")}` });
  }
  return outward(head, words);
}

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angled>[^<>]+)>",
    "(?<![\\w*])\\*(?<bold>[^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<![\\w_])_(?<italic>[^\\s_](?:[^_\\n]*[^\\s_])?)_(?![\\w_])",
    "(?<![\\w~])~(?<strike>[^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "g",
);

function inline(text, people) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const { code, angled: inner, bold, italic, strike, emoji: name } = match.groups;
    let node;
    if (code !== undefined) node = el("code", { text: plain(code) });
    else if (inner !== undefined) node = angled(inner, people);
    else if (bold !== undefined) node = el("strong", {}, inline(bold, people));
    else if (italic !== undefined) node = el("em", {}, inline(italic, people));
    else if (strike !== undefined) node = el("s", {}, inline(strike, people));
    else if (EMOJI[name]) node = el("span", { class: "emoji", title: `:${name}:`, text: EMOJI[name] });
    else continue;
    if (match.index > end) nodes.push(document.createTextNode(plain(text.slice(end, match.index))));
    nodes.push(node);
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(document.createTextNode(plain(text.slice(end))));
  return nodes;
}

export function codeBlock(text) {
  return el("pre", { tabindex: "0" }, el("code", { text }));
}

// Lines that begin with > are quotes; a blank line is kept as space.
function lines(text, people) {
  const nodes = [];
  let quote = null;
  let first = true;
  for (const line of text.split("\n")) {
    const quoted = /^(&gt;|>) ?/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = el("blockquote")));
      else quote.append(el("br"));
      quote.append(...inline(line.slice(quoted[0].length), people));
    } else {
      if (!first && !quote) nodes.push(el("br"));
      quote = null;
      nodes.push(...inline(line, people));
    }
    first = false;
  }
  return nodes;
}

export function mrkdwn(text, people) {
  const nodes = [];
  text.split("```").forEach((piece, number, all) => {
    const closed = number < all.length - 1 || number % 2 === 0;
    if (number % 2 === 1 && closed) nodes.push(codeBlock(plain(piece.replace(/^\n|\n$/g, ""))));
    else if (number % 2 === 1) nodes.push(...lines("```" + piece, people));
    else if (piece.replace(/^\n|\n$/g, "")) nodes.push(...lines(piece.replace(/^\n|\n$/g, ""), people));
  });
  return nodes;
}

export function textObject(object, people) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, people);
  // plain_text: no formatting, only emoji and line ends; escaped on the wire all the same.
  const nodes = [];
  object.text.split("\n").forEach((line, number) => {
    if (number) nodes.push(el("br"));
    nodes.push(document.createTextNode(plain(line).replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] || all)));
  });
  return nodes;
}
