// "Teach it your hand": say which digit was drawn, and what you drew is learned too.

import { aria, button, el, labelled, number, select } from "./dom.js";
import { say } from "./text.js";

const MOST = 100; // digits, as learning.py takes

export class TeachSection {
  constructor(learn) {
    Object.assign(this, { learn, digits: [] });
    const tens = [...Array(10).keys()].map((digit) => button(String(digit), () => this.teach(digit),
      { className: "label", ...aria(say("teachDigit", { digit })) }));
    this.share = select(["0", "0.25", "0.5", "1"], () => this.send());
    const names = ["shareNone", "shareQuarter", "shareHalf", "shareAll"];
    names.forEach((name, i) => { this.share.options[i].textContent = say(name); });
    this.own = el("ul", { className: "own", tabIndex: 0, ...aria(say("ownDigits")) });
    this.says = el("p", { className: "note" });
    this.forget = button(say("forget"), () => {
      this.digits = [];
      this.send();
    });
    this.element = el("section", { className: "teach" }, el("h2", {}, say("teach")),
      el("div", { className: "labels", role: "group", ...aria(say("teach")) }, ...tens),
      el("div", { className: "row" }, labelled(say("share"), this.share), this.forget),
      this.says, this.own);
  }

  teach(label) {
    const { page } = this.learn;
    if (page.pad.empty) return page.tell(say("drawFirst"));
    if (this.digits.length === MOST) return page.tell(say("enoughDigits", { most: MOST }));
    const image = el("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    page.pad.thumbnail(image);
    this.digits.push({ source: structuredClone(page.pad.source), label, image });
    if (this.share.value === "0") this.share.value = "0.25";
    page.pad.clear();
    this.send(this.digits.length === 1);
  }

  // Tell the training which digits are yours. The first one is taught to the network that the page
  // shows, unless a training is under way.
  send(first = false) {
    const digits = this.digits.map(({ source, label }) => ({ source, label }));
    if (first) this.learn.startFromModel();
    this.learn.request("own", { digits, share: Number(this.share.value) });
  }

  show({ own, knobs }) {
    this.share.value = String(knobs.share);
    this.forget.disabled = this.digits.length === 0;
    const right = own.filter(({ label, answer }) => label === answer).length;
    const cost = own.reduce((sum, one) => sum + one.cost, 0) / own.length;
    this.says.textContent = own.length
      ? say("ownSays", { right, count: own.length, cost: number(cost, 3) }) : say("teachSays");
    if (own.length !== this.digits.length) return this.own.replaceChildren();
    this.own.replaceChildren(...own.map(({ label, answer, cost: each }, i) => {
      const text = el("span", {}, say("ownDigit", { label, answer, cost: number(each, 2) }));
      const item = el("li", { className: label === answer ? "" : "wrong" }, this.digits[i].image, text);
      return item;
    }));
  }
}
