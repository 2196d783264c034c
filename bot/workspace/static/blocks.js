// Block Kit as DOM nodes. `act(actionId, option)` is called when something is pressed.

import { el, icon } from "./dom.js";
import { codeBlock, emoji, mention, mrkdwn, plain, textObject } from "./mrkdwn.js";

const words = (object) => (object ? object.text : "");

export function ask(title, text, yes, no, danger) {
  return new Promise((resolve) => {
    const dialog = el(
      "dialog",
      { class: "dialog small", "aria-label": title },
      el("h2", { text: title }),
      el("div", { class: "dialog-text" }, text),
      el(
        "div",
        { class: "dialog-buttons" },
        el("button", { type: "button", class: "button", text: no, onclick: () => dialog.close("") }),
        el("button", {
          type: "button",
          class: `button ${danger ? "danger" : "primary"}`,
          text: yes,
          onclick: () => dialog.close("yes"),
        }),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

function confirmed(element, run, context) {
  const { confirm } = element;
  if (!confirm) return run();
  return ask(
    words(confirm.title),
    textObject(confirm.text, context.people),
    words(confirm.confirm),
    words(confirm.deny),
    confirm.style === "danger",
  ).then((yes) => (yes ? run() : null));
}

// A button waits for the app's acknowledgement, as a person would see it in Slack.
async function press(node, element, context, option) {
  node.setAttribute("aria-busy", "true");
  try {
    await confirmed(element, () => context.act(element.action_id || words(element.text), option), context);
  } finally {
    node.removeAttribute("aria-busy");
  }
}

function button(element, context) {
  const node = el(
    "button",
    {
      type: "button",
      class: `button ${element.style || ""}`,
      "aria-label": element.accessibility_label,
      "data-action": element.action_id,
      onclick: () => {
        if (element.url && /^https?:\/\//i.test(element.url)) {
          window.open(element.url, "_blank", "noopener,noreferrer");
        }
        press(node, element, context);
      },
    },
    textObject(element.text, context.people),
  );
  return node;
}

function overflow(element, context) {
  const menu = el("details", { class: "overflow" });
  menu.addEventListener("toggle", () => {
    const { left } = menu.getBoundingClientRect();
    menu.classList.toggle("leftward", left + 210 > window.innerWidth);
  });
  const items = element.options.map((option) =>
    el(
      "button",
      {
        type: "button",
        class: "overflow-item",
        onclick: () => {
          menu.open = false;
          press(menu, element, context, words(option.text));
        },
      },
      textObject(option.text, context.people),
    ),
  );
  menu.append(
    el("summary", { class: "button", "aria-label": "More" }, icon("more")),
    el("div", { class: "overflow-menu" }, items),
  );
  return menu;
}

export function optionNodes(element) {
  const make = (option) => el("option", { value: option.value, text: words(option.text) });
  if (element.option_groups) {
    return element.option_groups.map((group) =>
      el("optgroup", { label: words(group.label) }, group.options.map(make)),
    );
  }
  return (element.options || []).map(make);
}

function select(element, context) {
  const label = words(element.placeholder) || "Choose";
  const node = el(
    "select",
    {
      class: "select",
      "aria-label": label,
      onchange: () => press(node, element, context, node.value),
    },
    el("option", { value: "", text: label, disabled: true, selected: true }),
    optionNodes(element),
  );
  if (element.initial_option) node.value = element.initial_option.value;
  return node;
}

function choices(element, context) {
  const type = element.type === "checkboxes" ? "checkbox" : "radio";
  const name = `c-${Math.random()}`;
  return el(
    "div",
    { class: "choices" },
    element.options.map((option) =>
      el(
        "label",
        {},
        el("input", { type, name, onchange: (event) => press(event.target, element, context, option.value) }),
        el("span", {}, textObject(option.text, context.people)),
      ),
    ),
  );
}

function feedback(element, context) {
  return el(
    "span",
    { class: "feedback" },
    [element.positive_button, element.negative_button].map((one) =>
      el("button", {
        type: "button",
        class: "button",
        text: words(one.text),
        onclick: (event) => press(event.target, element, context, one.value),
      }),
    ),
  );
}

function picture(element) {
  // Nothing is loaded from elsewhere: the page stays on this machine, so the words stand for it.
  return el("span", { class: "picture", role: "img", "aria-label": element.alt_text, text: element.alt_text });
}

const ELEMENTS = {
  button,
  overflow,
  static_select: select,
  checkboxes: choices,
  radio_buttons: choices,
  feedback_buttons: feedback,
  icon_button: button,
  image: picture,
};

function element(value, context) {
  const make = ELEMENTS[value.type];
  return make ? make(value, context) : el("span", { class: "unknown", text: value.type });
}

function rich(node, people) {
  switch (node.type) {
    case "text": {
      const style = node.style || {};
      let shown = document.createTextNode(node.text);
      if (style.code) shown = el("code", {}, shown);
      if (style.bold) shown = el("strong", {}, shown);
      if (style.italic) shown = el("em", {}, shown);
      if (style.strike) shown = el("s", {}, shown);
      return shown;
    }
    case "link":
      return /^(https?:\/\/|mailto:)/i.test(node.url)
        ? el("a", { href: node.url, target: "_blank", rel: "noopener noreferrer", text: node.text || node.url })
        : document.createTextNode(node.text || node.url);
    case "user":
      return mention(node.user_id, people);
    case "channel":
      return el("span", { class: "mention", text: `#${node.channel_id}` });
    case "emoji":
      return el("span", { class: "emoji", text: emoji(node.name) });
    case "broadcast":
      return el("span", { class: "mention loud", text: `@${node.range}` });
    case "rich_text_section":
      return el("div", { class: "rich" }, node.elements.map((item) => rich(item, people)));
    case "rich_text_preformatted":
      return codeBlock(node.elements.map((item) => item.text || item.url || "").join(""));
    case "rich_text_quote":
      return el("blockquote", {}, node.elements.map((item) => rich(item, people)));
    case "rich_text_list":
      return el(
        node.style === "ordered" ? "ol" : "ul",
        {},
        node.elements.map((item) => el("li", {}, item.elements.map((part) => rich(part, people)))),
      );
    default:
      return document.createTextNode("");
  }
}

const BLOCKS = {
  section(block, context) {
    const body = el("div", { class: "section-body" });
    if (block.text) body.append(el("div", { class: "text" }, textObject(block.text, context.people)));
    if (block.fields) {
      body.append(
        el(
          "div",
          { class: "fields" },
          block.fields.map((field) => el("div", { class: "field" }, textObject(field, context.people))),
        ),
      );
    }
    const extra = block.accessory ? el("div", { class: "accessory" }, element(block.accessory, context)) : null;
    return el("div", { class: "block section" }, body, extra);
  },
  header: (block, context) => el("h3", { class: "block header" }, textObject(block.text, context.people)),
  divider: () => el("hr", { class: "block" }),
  context: (block, context) =>
    el(
      "div",
      { class: "block context" },
      block.elements.map((item) =>
        item.type === "image" ? picture(item) : el("span", {}, textObject(item, context.people)),
      ),
    ),
  actions: (block, context) =>
    el("div", { class: "block actions" }, block.elements.map((item) => element(item, context))),
  context_actions: (block, context) =>
    el("div", { class: "block actions quiet" }, block.elements.map((item) => element(item, context))),
  image: (block, context) =>
    el("figure", { class: "block" }, picture(block), el("figcaption", {}, textObject(block.title, context.people))),
  rich_text: (block, context) =>
    el("div", { class: "block" }, block.elements.map((item) => rich(item, context.people))),
  markdown: (block, context) => el("div", { class: "block text" }, mrkdwn(plain(block.text), context.people)),
};

export function blocks(list, context) {
  return list.map((block) => {
    if (block.type === "input") return context.input ? context.input(block) : null;
    const make = BLOCKS[block.type];
    return make ? make(block, context) : el("div", { class: "block unknown", text: block.type });
  });
}
