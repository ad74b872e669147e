// The estimate: ten bars in line with the ten units of py_x, and the answer in words.

import { button, el, percent } from "./dom.js";

const best = (shares) => shares.indexOf(Math.max(...shares));

export function estimateSection(page) {
  const answer = el("strong", { className: "answer" });
  const sure = el("span", { className: "sure" });
  const verdict = el("p", { className: "verdict", role: "status" }, answer, " ", sure);
  const warning = el("p", { className: "warning" });
  const rows = [...Array(10).keys()].map((digit) => {
    const bar = el("div", { className: "fill" });
    const share = el("span", { className: "share" });
    const name = button(String(digit), () => page.point("softmax", [digit], true),
      { className: "digit", title: `Explain the probability of ${digit}` });
    name.setAttribute("aria-label", `${digit}: explain its probability`);
    const element = el("li", {}, name, el("div", { className: "track", "aria-hidden": "true" }, bar),
      share);
    return { bar, share, element };
  });
  const element = el("section", { className: "estimate" },
    el("h2", {}, "Estimate"), verdict,
    el("ol", { className: "bars" }, ...rows.map((row) => row.element)),
    warning);

  function show(reply) {
    const { empty, probabilities, label } = reply;
    const first = best(probabilities);
    rows.forEach(({ bar, share, element: row }, digit) => {
      const value = empty ? 0 : probabilities[digit];
      bar.style.setProperty("--share", value);
      share.textContent = empty ? "" : percent(value);
      row.classList.toggle("best", !empty && digit === first);
    });
    answer.textContent = empty ? "" : String(first);
    sure.textContent = empty ? "Draw a digit." : said(probabilities, first, label);
    warning.textContent = reply.warning ?? "";
    const known = label !== null && !empty;
    element.classList.toggle("wrong", known && label !== first);
  }

  return { element, show, asks: () => [{ op: "estimate", model: page.model }] };
}

function said(probabilities, first, label) {
  const known = label === null ? "" : label === first ? `, and it is a ${label}` : `, but it is a ${label}`;
  return `with ${percent(probabilities[first])}${known}`;
}
