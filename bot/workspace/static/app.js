// The page: which channel, thread and person are shown, kept in the address after #.

import { drawHelp, pinMenu } from "./assistant.js";
import { ask, blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { $, attempt, avatar, call, el, icon, meta, redraw, streamAddress } from "./dom.js";
import { drawMessages } from "./messages.js";
import { showModal } from "./modal.js";
import { knowChannels, mrkdwn, plain } from "./mrkdwn.js";
import { drawStatus, openStatus } from "./status.js";

const names = meta("people").split(",").filter(Boolean);
const place = new URLSearchParams(location.hash.slice(1));
const at = {
  as: names.includes(place.get("as")) ? place.get("as") : names[0],
  channel: place.get("channel") || "",
  thread: place.get("thread") || "",
  home: place.get("home") === "1",
};
const linked = /^\/archives\/(\w+)\/p(\d+)(\d{6})$/.exec(location.pathname);
if (linked) {
  at.channel = linked[1];
  const parent = new URLSearchParams(location.search).get("thread_ts");
  at.thread = parent || "";
  at.focus = `${linked[2]}.${linked[3]}`;
}
const seen = {};
let snap = null;
let people = {};
const mainList = { prefix: "m", days: true, jump: true };
const threadList = { prefix: "t", jump: true };

function remember() {
  const words = new URLSearchParams({ as: at.as, channel: at.channel });
  if (at.thread) words.set("thread", at.thread);
  if (at.home) words.set("home", "1");
  history.replaceState(null, "", `/#${words}`);
}

async function go(changes) {
  Object.assign(at, changes);
  if ("channel" in changes || "as" in changes) mainList.jump = true;
  if ("thread" in changes) {
    threadList.jump = true;
    // A narrow window hides the room behind the thread, and forgets where it was.
    if (matchMedia("(max-width: 1080px)").matches) mainList.jump = true;
  }
  remember();
  await refresh();
}

let running = false;
let again = false;
async function refresh() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  do {
    again = false;
    const words = new URLSearchParams({ as: at.as, channel: at.channel, thread: at.thread });
    const next = await attempt(() => call(`snapshot?${words}`));
    if (next) {
      snap = next;
      draw();
    }
  } while (again);
  running = false;
}

function title(channel) {
  if (channel.is_im) return people[channel.user]?.real_name || "Direct message";
  return channel.name;
}

function channelButton(channel) {
  const open = snap.channel && channel.id === snap.channel.id;
  if (open) seen[channel.id] = channel.latest;
  const unread = !open && Number(channel.latest || 0) > Number(seen[channel.id] || 0);
  const mark = channel.is_im
    ? avatar(people[channel.user], "tiny")
    : channel.is_private
      ? icon("lock")
      : el("span", { class: "hash", "aria-hidden": "true", text: "#" });
  return el(
    "button",
    {
      type: "button",
      class: `channel ${open ? "open" : ""} ${unread ? "unread" : ""} ${channel.is_archived ? "archived" : ""}`,
      "aria-current": open ? "page" : null,
      "data-focus": channel.id,
      onclick: () => {
        $("layout").classList.remove("show-side");
        go({ channel: channel.id, thread: "", home: false, focus: "" });
      },
    },
    mark,
    el("span", { class: "channel-name", text: title(channel) }),
    unread ? el("span", { class: "unread-dot", "aria-label": "unread" }) : null,
  );
}

function drawSide() {
  const rooms = snap.channels.filter((channel) => !channel.is_im);
  const direct = snap.channels.filter((channel) => channel.is_im);
  const bot = people[snap.bot];
  const knowsBot = direct.some((channel) => channel.user === snap.bot);
  const app = knowsBot
    ? null
    : el(
        "button",
        {
          type: "button",
          class: "channel",
          "data-focus": "app",
          onclick: async () => {
            $("layout").classList.remove("show-side");
            await attempt(() => call("home", { as: at.as, tab: "messages" }));
            await refresh();
            const opened = snap.channels.find((channel) => channel.is_im && channel.user === snap.bot);
            if (opened) go({ channel: opened.id, thread: "", home: false });
          },
        },
        avatar(bot, "tiny"),
        el("span", { class: "channel-name", text: bot.real_name }),
      );
  redraw($("channels"), [snap.channels, at.channel, at.as], () => [
    el("h2", { text: "Channels" }),
    ...rooms.map(channelButton),
    el("h2", { text: "Direct messages" }),
    ...direct.map(channelButton),
    ...(app ? [app] : []),
  ]);
  redraw($("whoami"), [at.as, people], () => [
    el("h2", { id: "you-are", text: "You are" }),
    el(
      "div",
      { class: "people", role: "radiogroup", "aria-labelledby": "you-are" },
      names.map((name) => {
        const user = Object.values(people).find((one) => one.name === name);
        return el(
          "button",
          {
            type: "button",
            class: "person",
            role: "radio",
            "aria-checked": String(at.as === name),
            "data-focus": name,
            onclick: () => go({ as: name }),
          },
          avatar(user, "small"),
          el("span", { text: user ? user.real_name.split(" ")[0] : name }),
        );
      }),
    ),
  ]);
}

function drawTabs(channel) {
  const direct = channel && channel.is_im && channel.user === snap.bot;
  if (!direct) at.home = false;
  $("tabs").hidden = !direct;
  if (!direct) return;
  const tab = (words, home) =>
    el("button", {
      type: "button",
      role: "tab",
      class: "tab",
      "data-focus": words,
      "aria-selected": String(at.home === home),
      text: words,
      onclick: () => {
        attempt(() => call("home", { as: at.as, tab: home ? "home" : "messages" }));
        go({ home, thread: "" });
      },
    });
  redraw($("tabs"), [at.home, at.as], () => [
    tab("Home", true),
    tab("Messages", false),
    ...(snap.agent_view ? [] : [newThread()]),
  ]);
}

// The older assistant pane has threads of its own; an agent answers in the Messages tab.
function newThread() {
  return el("button", {
    type: "button",
    class: "button new-thread",
    "data-focus": "new-thread",
    text: "New conversation",
    onclick: async () => {
      const made = await attempt(() => call("assistant", { as: at.as, beside: at.beside || "" }));
      if (made) go({ home: false, thread: made.ts });
    },
  });
}

function drawHome() {
  const view = snap.home;
  const context = {
    people,
    act: (action, option) => attempt(() => call("click", { as: at.as, view_id: view.id, action, option })),
  };
  const shown = view
    ? el("div", { class: "home card" }, blocks(view.blocks, context))
    : el("p", { class: "empty", text: "The app has not published a home tab for you." });
  shown.dataset.key = JSON.stringify(view);
  if ($("messages").firstChild?.dataset?.key !== shown.dataset.key) $("messages").replaceChildren(shown);
}

const acting = (prefix) => ({
  people,
  bot: people[snap.bot].real_name,
  me: snap.me,
  click: (message, action, option) =>
    attempt(() => call("click", { as: at.as, channel: snap.channel.id, ts: message.ts, action, option })),
  react: (message, name) =>
    attempt(() => call("react", { as: at.as, channel: snap.channel.id, ts: message.ts, name })),
  remove: async (message) => {
    const sure = await ask("Delete this message?", "It is gone for everybody.", "Delete", "Keep", true);
    if (sure) attempt(() => call("delete", { as: at.as, channel: snap.channel.id, ts: message.ts }));
  },
  edit: (message) => edit(message, prefix),
});

function edit(message, prefix) {
  const node = $(`${prefix}-${message.ts}`).querySelector(".content");
  const names = (all, id) => (people[id] ? `@${people[id].name}` : all);
  const box = el("textarea", { class: "edit-box", rows: 3, "aria-label": "Edit message" });
  box.value = plain(message.text.replace(/<@(\w+)>/g, names).replace(/<#\w+\|([^>]+)>/g, "#$1"));
  const done = () => {
    form.remove();
    node.hidden = false;
  };
  const form = el(
    "div",
    { class: "content" },
    box,
    el(
      "div",
      { class: "actions" },
      el("button", { type: "button", class: "button", text: "Cancel", onclick: done }),
      el("button", {
        type: "button",
        class: "button primary",
        text: "Save",
        onclick: async () => {
          const fields = { as: at.as, channel: snap.channel.id, ts: message.ts, text: box.value };
          if (await attempt(() => call("edit", fields))) done();
        },
      }),
    ),
  );
  node.hidden = true;
  node.after(form);
  box.focus();
}

function drawThread() {
  const root = snap.thread.length ? snap.thread[0] : null;
  if (!root) return;
  const shown = snap.channel.assistant[root.ts];
  $("thread-where").textContent = shown?.title || $("room-name").textContent;
  drawHelp($("help-thread"), people[snap.bot].real_name, shown, shown?.suggested, (text) =>
    attempt(() => call("say", { as: at.as, channel: at.channel, thread_ts: root.ts, text })),
  );
  Object.assign(threadList, acting("t"));
  drawMessages($("replies"), snap.thread, threadList);
}

function drawMarks() {
  const marks = snap.channel ? snap.channel.bookmarks : [];
  const pins = snap.channel && !at.home ? snap.channel.pins : [];
  $("marks").hidden = marks.length + pins.length === 0;
  redraw($("marks"), [marks, pins, at.channel], () => [
    ...marks.map((one) =>
      el("a", { class: "mark", href: one.link, target: "_blank", rel: "noopener noreferrer" }, icon("bookmark"), el("span", { text: one.title })),
    ),
    ...(pins.length ? [pinMenu(pins, (pin) => go({ thread: pin.thread_ts, focus: pin.ts }))] : []),
  ]);
}

function draw() {
  people = snap.users;
  people[snap.bot].is_recall = true;
  knowChannels(snap.channels);
  if (snap.channel) at.channel = snap.channel.id;
  Object.values(people).forEach((user, number) => (user.tone = number % 6));
  const channel = snap.channels.find((one) => snap.channel && one.id === snap.channel.id);
  // Before the messages are drawn, so that "at the end" is measured at the final width.
  $("thread").hidden = !snap.thread.length;
  $("layout").classList.toggle("with-thread", snap.thread.length > 0);
  drawSide();
  $("room-name").textContent = channel ? (channel.is_im ? title(channel) : `#${channel.name}`) : "";
  const size = channel && !channel.is_im ? `${channel.num_members} members` : "";
  $("room-topic").replaceChildren(...(channel?.topic?.value ? mrkdwn(channel.topic.value, people) : [size]));
  document.title = `${$("room-name").textContent} · ${snap.team}`;
  if (channel && !channel.is_im) at.beside = channel.id;
  drawTabs(channel);
  drawMarks();
  drawStatus($("status"), snap);
  $("compose-main").hidden = at.home || Boolean(channel?.is_archived);
  drawHelp($("help-main"), people[snap.bot].real_name, null, at.home ? null : snap.channel?.suggested, (text) =>
    attempt(() => call("say", { as: at.as, channel: at.channel, text })),
  );
  if (at.home) {
    drawHome();
  } else {
    Object.assign(mainList, acting("m"), {
      openThread: async (message) => {
        await go({ thread: message.thread_ts || message.ts });
        replyBox.focus();
      },
    });
    const list = snap.channel ? snap.channel.messages : [];
    drawMessages($("messages"), list, mainList);
    if (!list.length) {
      const note = channel?.is_im
        ? "Nothing here yet. Ask away: here you need not mention anybody."
        : "Nothing here yet. Say hello, or mention @recall with a question.";
      $("messages").replaceChildren(el("p", { class: "empty", text: note }));
    }
  }
  drawThread();
  drawDemo();
  showModal(snap.view, at.as, people);
  mainBox.refresh();
  replyBox.refresh();
  if (at.focus) {
    const target = $(`t-${at.focus}`) || $(`m-${at.focus}`);
    if (target) {
      target.scrollIntoView({ block: "center" });
      target.classList.add("changed");
      at.focus = "";
    }
  }
}

async function fire(pressed, one) {
  pressed.closest("details").open = false;
  pressed.disabled = true;
  await attempt(() => call(`demo/${encodeURIComponent(one.id)}`, {}));
  pressed.disabled = false;
}

function drawDemo() {
  const { time, text } = snap.caption;
  $("demo").hidden = snap.demo.length === 0 && !text;
  redraw($("caption"), snap.caption, () => [
    time ? el("strong", { class: "caption-time", text: time }) : null,
    el("span", { text: text || "Demo" }),
  ].filter(Boolean));
  redraw($("demo-menu"), snap.demo, () => {
    if (!snap.demo.length) return [];
    const items = snap.demo.map((one) =>
      el(
        "button",
        { type: "button", class: "overflow-item", "data-demo": one.id, onclick: (event) => fire(event.currentTarget, one) },
        el("span", { class: "item-label", text: one.label }),
        one.description ? el("span", { class: "item-note", text: one.description }) : null,
      ),
    );
    const summary = el("summary", { class: "button", text: "Fire an alert" });
    return [el("details", { class: "overflow leftward" }, summary, el("div", { class: "overflow-menu wide-menu" }, items))];
  });
}

const everybody = () => people;
const mainBox = composer($("compose-main"), "main", {
  target: () => ({ as: at.as, channel: at.channel }),
  people: everybody,
  placeholder: () => `Message ${$("room-name").textContent}`,
});
const replyBox = composer($("compose-thread"), "thread", {
  target: () => ({ as: at.as, channel: at.channel, thread_ts: at.thread }),
  people: everybody,
  placeholder: () => "Reply…",
});

$("menu").append(icon("menu"));
$("thread-close").append(icon("close"));
$("menu").addEventListener("click", () => $("layout").classList.add("show-side"));
$("scrim").addEventListener("click", () => $("layout").classList.remove("show-side"));
$("thread-close").addEventListener("click", () => go({ thread: "" }));
$("status").addEventListener("click", () => openStatus(snap));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.overflow[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if ($("layout").classList.contains("show-side")) $("layout").classList.remove("show-side");
  else if (at.thread) go({ thread: "" });
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.overflow[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

refresh();
const stream = new EventSource(streamAddress());
stream.onmessage = () => refresh();
