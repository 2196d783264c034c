// Keys for those who read many pages: "/" goes to the search field, j and k walk through lists.
"use strict";

const isTyping = (target) =>
  target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]");

// a, e and x press what a page names for them: a button, a link, or a field to type into.
const press = (key) => {
  const target = document.querySelector(`main [data-key="${key}"]`);
  if (target === null) return false;
  if (target.matches("textarea, input, select")) target.focus();
  else target.click();
  return true;
};

const walk = (step) => {
  const links = [...document.querySelectorAll("main tbody a[href], main [data-walk] a[href]")];
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "j") walk(1);
  else if (event.key === "k") walk(-1);
  else if (["a", "e", "x"].includes(event.key)) {
    if (press(event.key)) event.preventDefault();
  } else if (event.key === "/") {
    const field = document.querySelector("input[type=search], textarea");
    if (field === null) return;
    event.preventDefault();
    field.focus();
  }
});

// A page that came back from a form keeps no word of it in its address: loading it again would
// say it again.
const address = new URL(window.location.href);
if (address.searchParams.has("said")) {
  address.searchParams.delete("said");
  window.history.replaceState(null, "", address);
}

// On a phone the tabs do not all fit: the one that one is on is moved into view.
document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
