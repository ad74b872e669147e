// Several networks on the same digit, side by side and by name.

import { el, newId, percent } from "./dom.js";
import { say } from "./text.js";

export function compareSection(page) {
  const group = newId();
  const rows = page.state.models.map((model) => {
    const shown = el("input", { type: "radio", name: group, checked: model === page.model,
      onchange: () => page.showModel(model) });
    const bars = [...Array(10).keys()].map((digit) => {
      const bar = el("div", { className: "fill" });
      return { bar, element: el("td", {}, el("div", { className: "track upright", "aria-hidden": "true" }, bar),
        el("span", { className: "share" })) };
    });
    const answer = el("td", { className: "total" });
    return { bars, answer, element: el("tr", {},
      el("th", { scope: "row" }, el("label", {}, shown, " ", model)), answer,
      ...bars.map((each) => each.element)) };
  });
  const head = [say("networkShown"), say("answer"), ...Array(10).keys()];
  return {
    element: el("div", { className: "scroll" }, el("table", { className: "compare" },
      el("caption", {}, say("compareCaption")),
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, String(text))))),
      el("tbody", {}, ...rows.map((row) => row.element)))),
    asks: () => page.state.models.map((model) => ({ op: "estimate", model })),
    show: (...replies) => replies.forEach(({ empty, probabilities }, k) => {
      const first = probabilities.indexOf(Math.max(...probabilities));
      rows[k].answer.textContent = empty ? "" : say("answerSure",
        { answer: first, percent: percent(probabilities[first]) });
      rows[k].bars.forEach(({ bar, element }, digit) => {
        bar.style.setProperty("--share", empty ? 0 : probabilities[digit]);
        element.lastChild.textContent = empty ? "" : (100 * probabilities[digit]).toFixed(1);
      });
    }),
  };
}
