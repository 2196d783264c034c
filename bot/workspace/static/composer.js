// The message box: grows with its text, completes @names, turns a pasted log into a code block
// or, when it is long, into a file.

import { attempt, call, el, icon } from "./dom.js";

const CODE_LINES = 4;
const FILE_CHARACTERS = 6000;

export function composer(root, id, { target, people, placeholder }) {
  const box = el("textarea", { id: `composer-${id}`, rows: 1, "aria-label": "Message", spellcheck: "true" });
  const names = el("div", { class: "names", role: "listbox", hidden: true });
  const picker = el("input", { type: "file", class: "hidden", tabindex: "-1", "aria-hidden": "true" });
  const chip = el("div", { class: "chip", hidden: true });
  const send = el("button", { type: "button", class: "send", "aria-label": "Send" }, icon("send"));
  const clip = el("button", { type: "button", class: "icon", "aria-label": "Attach a text file" }, icon("clip"));
  root.append(
    names,
    el("div", { class: "box" }, chip, box, el("div", { class: "box-tools" }, clip, picker, el("span", { class: "box-hint" }), send)),
  );
  root.querySelector(".box-hint").textContent = "Enter sends, Shift+Enter starts a new line";
  let file = null;
  let matches = [];
  let chosen = 0;

  function grow() {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 220)}px`;
    send.disabled = !box.value.trim() && !file;
  }

  function attach(next) {
    file = next;
    chip.hidden = !file;
    chip.replaceChildren();
    if (file) {
      const lines = file.content.split("\n").length;
      chip.append(
        icon("file"),
        el("span", { text: `${file.filename} · ${lines} lines` }),
        el("button", { type: "button", class: "icon", "aria-label": "Remove the file", onclick: () => attach(null) }, icon("close")),
      );
    }
    grow();
  }

  async function submit() {
    const text = box.value;
    if (!text.trim() && !file) return;
    const where = target();
    const kept = file;
    box.value = "";
    attach(null);
    const path = kept ? "upload" : "say";
    const done = await attempt(() => call(path, { ...where, ...(kept || {}), text }));
    if (done === null && !box.value) {
      box.value = text;
      attach(kept);
    }
  }

  function word() {
    const before = box.value.slice(0, box.selectionStart);
    return /(?:^|\s)@([\w.-]*)$/.exec(before);
  }

  function suggest() {
    const found = word();
    matches = found
      ? Object.values(people()).filter((user) => user.name.startsWith(found[1].toLowerCase())).slice(0, 6)
      : [];
    if (matches.length === 1 && matches[0].name === found[1]) matches = [];
    chosen = 0;
    draw();
  }

  function draw() {
    names.hidden = matches.length === 0;
    names.replaceChildren(
      ...matches.map((user, number) =>
        el(
          "button",
          {
            type: "button",
            role: "option",
            class: "name",
            "aria-selected": String(number === chosen),
            onmousedown: (event) => {
              event.preventDefault();
              complete(user);
            },
          },
          el("strong", { text: `@${user.name}` }),
          el("span", { text: user.real_name }),
        ),
      ),
    );
  }

  function complete(user) {
    const found = word();
    const start = box.selectionStart - found[1].length;
    const after = box.value.slice(box.selectionStart);
    box.value = `${box.value.slice(0, start)}${user.name} ${after}`;
    box.selectionStart = box.selectionEnd = start + user.name.length + 1;
    matches = [];
    draw();
    grow();
    box.focus();
  }

  box.addEventListener("input", () => {
    grow();
    suggest();
  });
  box.addEventListener("blur", () => {
    matches = [];
    draw();
  });
  box.addEventListener("keydown", (event) => {
    if (matches.length) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        chosen = (chosen + (event.key === "ArrowDown" ? 1 : matches.length - 1)) % matches.length;
        draw();
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        complete(matches[chosen]);
        return;
      }
      if (event.key === "Escape") {
        matches = [];
        draw();
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
  });
  box.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n");
    if (text.length > FILE_CHARACTERS) {
      event.preventDefault();
      attach({ filename: "snippet.log", content: text });
      return;
    }
    if (text.trim().split("\n").length < CODE_LINES || text.includes("```")) return;
    event.preventDefault();
    const start = box.selectionStart;
    const before = box.value.slice(0, start);
    const lead = before && !before.endsWith("\n") ? "\n" : "";
    const block = `${lead}\`\`\`\n${text.replace(/\n+$/, "")}\n\`\`\`\n`;
    box.value = before + block + box.value.slice(box.selectionEnd);
    box.selectionStart = box.selectionEnd = start + block.length;
    grow();
  });
  send.addEventListener("click", submit);
  clip.addEventListener("click", () => picker.click());
  picker.addEventListener("change", async () => {
    const [one] = picker.files;
    if (one) attach({ filename: one.name, content: await one.text() });
    picker.value = "";
    box.focus();
  });
  grow();
  return {
    focus: () => box.focus(),
    refresh: () => box.setAttribute("placeholder", placeholder()),
  };
}
