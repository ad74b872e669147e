// Tabs: one section is seen, the others are a click away. On a phone they open as a sheet.

import { button, el, newId } from "./dom.js";
import { say } from "./text.js";

// `sections` by name. opened(section) is called when one comes into sight.
export function tabs(sections, opened) {
  const names = Object.keys(sections);
  let open = names[0];
  const parts = names.map((name) => {
    const panel = el("div", { role: "tabpanel", id: newId(), tabIndex: 0 }, sections[name].element);
    const tab = button(name, () => choose(name, true), { role: "tab", id: newId(), onkeydown: key });
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("aria-labelledby", tab.id);
    return { name, tab, panel };
  });
  const close = button("\u00d7", () => sheet(false), { className: "close" });
  close.setAttribute("aria-label", say("close"));
  const legend = el("p", { className: "legend" }, say("belowZero"), el("span", { className: "scale" }),
    say("aboveZero"), el("span", {}, say("ownScale")));
  const element = el("section", { className: "tabs" },
    el("div", { className: "tablist" }, el("div", { role: "tablist", className: "tablist" },
      ...parts.map((part) => part.tab)), legend),
    close, ...parts.map((part) => part.panel));

  function sheet(shown) {
    element.classList.toggle("open", shown);
  }
  function choose(name, byHand = false) {
    const again = name === open && element.classList.contains("open");
    sheet(!(byHand && again));
    open = name;
    for (const part of parts) {
      part.tab.setAttribute("aria-selected", String(part.name === name));
      part.tab.tabIndex = part.name === name ? 0 : -1;
      part.panel.hidden = part.name !== name;
    }
    opened(sections[name]);
  }
  function key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const i = (names.indexOf(open) + step + names.length) % names.length;
    choose(names[i]);
    parts[i].tab.focus();
  }
  choose(open);
  sheet(false);
  return { element, choose, active: () => sections[open] };
}
