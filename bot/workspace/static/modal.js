// Modals: inputs with labels, hints and errors next to their field, a stack kept by the server.

import { blocks, optionNodes } from "./blocks.js";
import { attempt, call, el, icon } from "./dom.js";

let dialog = null;
let shownHash = "";

const words = (object) => (object ? object.text : "");

function control(element, id, described) {
  const common = { id, "aria-describedby": described };
  const hint = words(element.placeholder);
  switch (element.type) {
    case "plain_text_input":
      if (element.multiline) {
        return el("textarea", { ...common, rows: 4, placeholder: hint, text: element.initial_value || "" });
      }
      return el("input", { ...common, type: "text", placeholder: hint, value: element.initial_value || "" });
    case "number_input":
      return el("input", { ...common, type: "number", placeholder: hint, value: element.initial_value || "" });
    case "datepicker":
      return el("input", { ...common, type: "date", value: element.initial_date || "" });
    case "timepicker":
      return el("input", { ...common, type: "time", value: element.initial_time || "" });
    case "static_select":
    case "multi_static_select": {
      const several = element.type === "multi_static_select";
      const first = several ? [] : [el("option", { value: "", text: hint || "Choose" })];
      const node = el("select", { ...common, class: "select", multiple: several }, first, optionNodes(element));
      if (element.initial_option) node.value = element.initial_option.value;
      return node;
    }
    case "radio_buttons":
    case "checkboxes": {
      const type = element.type === "checkboxes" ? "checkbox" : "radio";
      const chosen = [element.initial_option, ...(element.initial_options || [])].filter(Boolean);
      return el(
        "div",
        { ...common, class: "choices", role: "group" },
        element.options.map((option) =>
          el(
            "label",
            {},
            el("input", {
              type,
              name: id,
              value: option.value,
              checked: chosen.some((one) => one.value === option.value),
            }),
            el("span", { text: words(option.text) }),
          ),
        ),
      );
    }
    default:
      return el("input", { ...common, type: "text", placeholder: hint });
  }
}

function read(element, node) {
  if (element.type === "checkboxes" || element.type === "radio_buttons") {
    const picked = [...node.querySelectorAll("input:checked")].map((one) => one.value);
    return element.type === "checkboxes" ? picked : picked[0] || "";
  }
  if (element.type === "multi_static_select") return [...node.selectedOptions].map((one) => one.value);
  return node.value;
}

// Puts back what `read` gave.
function write(node, value) {
  if (node.getAttribute("role") === "group") {
    for (const one of node.querySelectorAll("input")) one.checked = [value].flat().includes(one.value);
  } else if (Array.isArray(value)) {
    for (const one of node.options) one.selected = value.includes(one.value);
  } else {
    node.value = value;
  }
}

function field(block, errors, fields) {
  const id = `in-${block.block_id}`;
  const error = errors[block.block_id];
  const node = control(block.element, id, `${id}-note`);
  if (error) node.setAttribute("aria-invalid", "true");
  fields.push({ block, node });
  return el(
    "div",
    { class: `input ${error ? "has-error" : ""}` },
    el(
      "label",
      { for: id },
      words(block.label),
      block.optional ? el("span", { class: "optional", text: " (optional)" }) : null,
    ),
    node,
    el("p", { id: `${id}-note`, class: error ? "error" : "hint", text: error || words(block.hint) }),
  );
}

// A field that an update gives another action_id is another field, and begins with its own value.
const identity = (block) => `${block.block_id} ${block.element.action_id}`;

// Shows `view`, or closes the dialog when there is none. Typed values survive new errors.
export function showModal(view, me, people) {
  const hash = view ? `${view.id} ${view.hash} ${JSON.stringify(view.errors)}` : "";
  if (hash === shownHash) return;
  const kept = new Map();
  if (dialog) {
    if (dialog.id === view?.id) {
      for (const { block, node } of dialog.fields) kept.set(identity(block), read(block.element, node));
    }
    const old = dialog;
    dialog = null;
    old.node.close();
    old.node.remove();
  }
  shownHash = hash;
  if (!view) return;
  const fields = [];
  const send = (path, more = {}) => attempt(() => call(path, { as: me, view_id: view.id, ...more }));
  const context = {
    people,
    act: (action, option) => send("click", { action, option }),
    input: (block) => field(block, view.errors || {}, fields),
  };
  const form = el(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        const values = {};
        for (const { block, node } of fields) values[block.block_id] = read(block.element, node);
        send("submit", { values });
      },
    },
    el("div", { class: "modal-body" }, blocks(view.blocks, context)),
    el(
      "div",
      { class: "dialog-buttons" },
      el("button", { type: "button", class: "button", text: words(view.close) || "Close", onclick: () => send("close") }),
      view.submit ? el("button", { type: "submit", class: "button primary", text: words(view.submit) }) : null,
    ),
  );
  const node = el(
    "dialog",
    { class: "dialog modal", "aria-label": words(view.title) },
    el(
      "header",
      { class: "modal-head" },
      el("h2", { text: words(view.title) }),
      el("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => send("close") }, icon("close")),
    ),
    form,
  );
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    send("close");
  });
  document.body.append(node);
  dialog = { id: view.id, node, fields };
  for (const one of fields) {
    const value = kept.get(identity(one.block));
    if (value !== undefined) write(one.node, value);
  }
  node.showModal();
  const first = fields.find(({ block }) => (view.errors || {})[block.block_id]) || fields[0];
  if (first) first.node.focus();
}
