// The list of messages: authors, day lines, edits, reactions, threads, files.

import { statusLine } from "./assistant.js";
import { blocks } from "./blocks.js";
import { attempt, avatar, call, clock, day, el, icon } from "./dom.js";
import { codeBlock, emoji, mrkdwn } from "./mrkdwn.js";

const GROUP_SECONDS = 300;
const QUICK = ["+1", "eyes", "pushpin"];

function author(message, people) {
  return people[message.user] || { real_name: message.username || "Unknown", name: "unknown" };
}

function attachment(item, context) {
  const title = item.title
    ? el("div", { class: "att-title" }, item.title_link && /^https?:/i.test(item.title_link)
        ? el("a", { href: item.title_link, target: "_blank", rel: "noopener noreferrer", text: item.title })
        : document.createTextNode(item.title))
    : null;
  const node = el(
    "div",
    { class: "attachment" },
    item.pretext ? el("div", {}, mrkdwn(item.pretext, context.people)) : null,
    title,
    item.text ? el("div", { class: "text" }, mrkdwn(item.text, context.people)) : null,
    (item.fields || []).map((one) =>
      el("div", { class: "field" }, el("strong", { text: one.title || "" }), " ", mrkdwn(String(one.value || ""), context.people)),
    ),
    item.blocks ? blocks(item.blocks, context) : null,
  );
  if (/^#[0-9a-f]{6}$/i.test(item.color || "")) node.style.setProperty("--edge", item.color);
  return node;
}

function fileNode(file) {
  const body = el("div", { class: "file-body" });
  const open = el("details", { class: "file" }, el("summary", {}, icon("file"), el("span", { text: file.title || file.name }), el("span", { class: "muted", text: ` ${file.size} bytes` })), body);
  open.addEventListener("toggle", async () => {
    if (!open.open || body.childNodes.length) return;
    const found = await attempt(() => call(`files/${encodeURIComponent(file.id)}`));
    if (found) body.append(codeBlock(found.text.slice(0, 20000)));
  });
  return open;
}

function reactionRow(message, context) {
  if (!message.reactions) return null;
  return el(
    "div",
    { class: "reactions" },
    message.reactions.map((one) =>
      el("button", {
        type: "button",
        class: `reaction ${one.users.includes(context.me) ? "mine" : ""}`,
        title: one.users.map((id) => (context.people[id] || { name: id }).name).join(", "),
        text: `${emoji(one.name)} ${one.count}`,
        onclick: () => context.react(message, one.name),
      }),
    ),
  );
}

function tools(message, context) {
  const quick = QUICK.map((name) =>
    el("button", { type: "button", class: "tool", "aria-label": `React with ${name}`, text: emoji(name), onclick: () => context.react(message, name) }),
  );
  const reply = context.openThread
    ? el("button", { type: "button", class: "tool", "aria-label": "Reply in thread", onclick: () => context.openThread(message) }, icon("reply"))
    : null;
  const own = message.user === context.me
    ? [
        el("button", { type: "button", class: "tool words", text: "Edit", onclick: () => context.edit(message) }),
        el("button", { type: "button", class: "tool words", text: "Delete", onclick: () => context.remove(message) }),
      ]
    : [];
  return el("div", { class: "tools" }, quick, reply, own);
}

function body(message, context) {
  const people = context.people;
  const acting = { people, act: (action, option) => context.click(message, action, option) };
  const byPerson = !people[message.user]?.is_bot;
  const nodes = [];
  if (message.blocks && !byPerson) {
    nodes.push(el("div", { class: "card" }, blocks(message.blocks, acting)));
  } else if (message.text) {
    nodes.push(el("div", { class: "text" }, mrkdwn(message.text, people)));
  }
  nodes.push(...(message.attachments || []).map((item) => attachment(item, acting)));
  nodes.push(...message.files.map(fileNode));
  if (message.edited) nodes.push(el("span", { class: "edited", title: day(message.edited.ts), text: `edited ${clock(message.edited.ts)}` }));
  return nodes;
}

function threadLink(message, context) {
  if (!message.reply_count || !context.openThread) return null;
  const faces = message.reply_users.slice(0, 3).map((id) => avatar(context.people[id], "tiny"));
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  return el(
    "button",
    { type: "button", class: "thread-link", onclick: () => context.openThread(message) },
    faces,
    el("strong", { text: count }),
    el("span", { class: "muted", text: `last ${clock(message.latest_reply)}` }),
  );
}

function node(message, follows, context) {
  const user = author(message, context.people);
  const time = el("time", { class: "time", title: new Date(Number(message.ts) * 1000).toLocaleString(), text: clock(message.ts) });
  const head = follows
    ? null
    : el("div", { class: "who" }, el("strong", { text: user.real_name }), user.is_bot ? el("span", { class: "badge", text: "app" }) : null, time);
  const row = el(
    "article",
    {
      class: `message ${follows ? "follows" : ""} ${message.ephemeral ? "ephemeral" : ""}`,
      id: `${context.prefix}-${message.ts}`,
      "data-ts": message.ts,
    },
    el("div", { class: "gutter" }, follows ? time : avatar(user)),
    el(
      "div",
      { class: "content" },
      message.pinned ? el("div", { class: "note" }, icon("pin"), "Pinned") : null,
      head,
      body(message, context),
      message.ephemeral ? el("div", { class: "note" }, "Only visible to you") : null,
      reactionRow(message, context),
      threadLink(message, context),
      message.working && context.openThread ? statusLine(context.bot, message.working) : null,
    ),
    message.ephemeral ? null : tools(message, context),
  );
  return row;
}

// Draws `list` into `root`; a node whose message did not change stays, with its open menus.
export function drawMessages(root, list, context) {
  const atEnd = root.scrollHeight - root.scrollTop - root.clientHeight < 80;
  const kept = new Map([...root.children].map((child) => [child.dataset.key, child]));
  const next = [];
  let before = null;
  for (const message of list) {
    if (context.days && (!before || day(before.ts) !== day(message.ts))) {
      const key = `day ${day(message.ts)}`;
      next.push(kept.get(key) || el("div", { class: "day", "data-key": key }, el("span", { text: day(message.ts) })));
      before = null;
    }
    const follows = before !== null && before.user === message.user && !message.pinned && !message.ephemeral
      && !before.ephemeral && Number(message.ts) - Number(before.ts) < GROUP_SECONDS
      && !before.reply_count && !before.blocks?.some((one) => one.type !== "rich_text");
    const key = `${context.me} ${follows} ${JSON.stringify(message)}`;
    let child = kept.get(key);
    if (!child) {
      child = node(message, follows, context);
      child.dataset.key = key;
      const shown = context.drawn?.get(message.ts);
      if (shown !== undefined && shown !== (message.edited?.ts ?? "")) child.classList.add("changed");
    }
    next.push(child);
    before = message;
  }
  context.drawn = new Map(list.map((message) => [message.ts, message.edited?.ts ?? ""]));
  const active = document.activeElement;
  const focused = root.contains(active) ? active.closest(".message")?.dataset.ts : null;
  const same = next.length === root.children.length && next.every((child, n) => root.children[n] === child);
  if (!same) root.replaceChildren(...next);
  if (focused && !root.contains(document.activeElement)) {
    // The focused button belonged to a message that was edited: its successor takes the focus.
    const heir = document.getElementById(`${context.prefix}-${focused}`);
    const action = active.dataset.action;
    (action && heir?.querySelector(`[data-action="${CSS.escape(action)}"]`))?.focus();
  }
  if (atEnd || context.jump) root.scrollTop = root.scrollHeight;
  context.jump = false;
}
