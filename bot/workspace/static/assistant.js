// What the app shows while it helps: its status in a thread, prompts to pick from, a title.

import { el, icon, redraw } from "./dom.js";

export function statusLine(name, shown) {
  const more = shown.loading_messages[0];
  return el(
    "div",
    { class: "working" },
    el("span", { class: "dot" }),
    el("span", { text: `${name} ${shown.status}` }),
    more ? el("span", { class: "muted", text: more }) : null,
  );
}

// Above a message box: the status of the thread below it, and the prompts that are offered.
export function drawHelp(root, name, shown, suggested, say) {
  const status = shown && shown.status ? shown : null;
  const prompts = suggested ? suggested.prompts : [];
  root.hidden = !status && prompts.length === 0;
  redraw(root, [status, suggested], () => [
    ...(status ? [statusLine(name, status)] : []),
    ...(prompts.length && suggested.title ? [el("p", { class: "prompts-title", text: suggested.title })] : []),
    ...(prompts.length
      ? [
          el(
            "div",
            { class: "prompts" },
            prompts.map((one) =>
              el("button", { type: "button", class: "button", "data-focus": one.title, title: one.message, text: one.title, onclick: () => say(one.message) }),
            ),
          ),
        ]
      : []),
  ]);
}

// The menu of pinned messages; `jump` shows one.
export function pinMenu(pins, jump) {
  if (!pins.length) return null;
  const menu = el("details", { class: "overflow pins" });
  const items = pins.map((pin) =>
    el("button", {
      type: "button",
      class: "overflow-item",
      text: pin.text || "A message without text",
      onclick: () => {
        menu.open = false;
        jump(pin);
      },
    }),
  );
  menu.append(
    el("summary", { class: "mark" }, icon("pin"), el("span", { text: `${pins.length} pinned` })),
    el("div", { class: "overflow-menu wide-menu" }, items),
  );
  return menu;
}
