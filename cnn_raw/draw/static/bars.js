// Ten bars, one for each digit.

import { el, percent } from "./dom.js";

// `named(digit)`: the element that names a bar.
export class Bars {
  constructor(named) {
    this.rows = [...Array(10).keys()].map((digit) => {
      const bar = el("div", { className: "fill" });
      const share = el("span", { className: "share" });
      const element = el("li", {}, named(digit),
        el("div", { className: "track", "aria-hidden": "true" }, bar), share);
      return { bar, share, element };
    });
    this.element = el("ol", { className: "bars" }, ...this.rows.map((row) => row.element));
  }

  // Show ten probabilities, or none.
  show(probabilities) {
    const first = probabilities ? best(probabilities) : null;
    this.rows.forEach(({ bar, share, element }, digit) => {
      bar.style.setProperty("--share", probabilities?.[digit] ?? 0);
      share.textContent = probabilities ? percent(probabilities[digit]) : "";
      element.classList.toggle("best", digit === first);
    });
  }
}

export const best = (shares) => shares.indexOf(Math.max(...shares));
