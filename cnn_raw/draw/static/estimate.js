// The estimate: ten bars in line with the ten units of py_x, and the answer in words.

import { Bars, best } from "./bars.js";
import { button, el, percent } from "./dom.js";
import { say } from "./text.js";

export function estimateSection(page) {
  const answer = el("strong", { className: "answer" });
  const sure = el("span", { className: "sure" });
  const verdict = el("p", { className: "verdict", role: "status" }, answer, " ", sure);
  const bars = new Bars((digit) => {
    const name = button(String(digit), () => page.point("softmax", [digit], true),
      { className: "digit", title: say("explainTitle", { digit }) });
    name.setAttribute("aria-label", say("explainProbability", { digit }));
    return name;
  });
  const element = el("section", { className: "estimate" },
    el("h2", {}, say("estimate")), verdict, bars.element);

  function show(reply) {
    const { empty, probabilities, label } = reply;
    const first = best(probabilities);
    bars.show(empty ? null : probabilities);
    answer.textContent = empty ? "" : String(first);
    sure.textContent = empty ? say("drawADigit")
      // "tooMuchInk" or "severalDigits".
      : reply.warning ? say(reply.warning) : surely(probabilities, first, label);
    const known = label !== null && !empty;
    element.classList.toggle("wrong", known && label !== first);
  }

  return { element, show, asks: () => [{ op: "estimate", model: page.model }] };
}

function surely(probabilities, first, label) {
  const name = label === null ? "sure" : label === first ? "sureAndRight" : "sureAndWrong";
  return say(name, { percent: percent(probabilities[first]), label });
}
