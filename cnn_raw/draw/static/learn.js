// The scene of learning: the real train_op on the real data, watched (see learning.py).

import { aria, el } from "./dom.js";
import { Bars } from "./bars.js";
import { unpacked, channel } from "./arrays.js";
import { paint } from "./colour.js";
import { Curves } from "./curves.js";
import { KnobsRow } from "./knobs.js";
import { StepView } from "./step.js";
import { tabs } from "./tabs.js";
import { TeachSection } from "./teach.js";
import { Transport } from "./transport.js";
import { say } from "./text.js";

const POLL_MS = 200;
const RETRY_LEARN_MS = 2000;
const STARTING_MS = 300;
const PATIENCE_LEARN_MS = 120_000;
const GUESS = Math.log(10);

export class LearnScene {
  constructor(page) {
    Object.assign(this, { page, training: null, since: 0, last: Promise.resolve(), timer: null });
    this.transport = new Transport(this);
    this.knobs = new KnobsRow(page.state.models, (knobs) => this.begin(knobs));
    this.teach = new TeachSection(this);
    this.step = new StepView(this);
    this.estimate = new Bars((digit) => el("span", { className: "digit" }, String(digit)));
    this.views = tabs({ [say("training")]: { element: this.trainingView() },
      [say("watchAStep")]: this.step }, () => this.views && this.lookAtStep());
    this.pad = el("div", { className: "learner" });
    this.element = el("div", { className: "scene learn" },
      el("div", { className: "mine" }, this.pad,
        el("section", { className: "now" }, el("h2", {}, say("estimateNow")), this.estimate.element),
        this.teach.element),
      el("div", { className: "training" }, this.transport.element, this.knobs.element,
        this.views.element));
    page.onEnd(() => clearTimeout(this.timer));
  }

  trainingView() {
    this.cost = new Curves(say("costCurve"), [{ name: say("cost"), colour: "--above" }],
      { most: 2.5, level: { at: GUESS, name: say("guess") }, shown: (value) => value.toFixed(1) });
    this.accuracy = new Curves(say("accuracyCurve"), [{ name: say("train"), colour: "--below" },
      { name: say("test"), colour: "--above" }], { most: 1, shown: (value) => `${Math.round(100 * value)} %` });
    this.filters = [...Array(32).keys()].map((i) => el("canvas", { role: "img",
      ...aria(say("filterN", { i })) }));
    const element = el("div", { className: "charts" }, this.cost.element, this.accuracy.element,
      el("figure", { className: "learned" }, el("h3", {}, say("filtersNow")),
        el("div", { className: "filters" }, ...this.filters)));
    const observer = new ResizeObserver(() => this.paintCurves());
    observer.observe(element);
    this.page.onEnd(() => observer.disconnect());
    return element;
  }

  paintCurves() {
    this.cost.paint(this.since);
    this.accuracy.paint(this.since);
  }

  // --- Asking ---

  // Ask one thing after the other; what is shown is what the last reply says.
  request(op, options = {}) {
    clearTimeout(this.timer);
    if (op !== "progress") this.page.tell("");
    this.last = this.last.then(() => this.exchange(op, options));
    return this.last;
  }

  async exchange(op, options) {
    const { page } = this;
    if (op === "progress") this.waiting = false;
    if (page.scene !== "learn" || page.ended) return;
    page.busy(+1);
    try {
      const source = page.pad.empty ? null : page.pad.source;
      const reply = await this.ask({ op, since: this.since, source, ...options });
      if (reply.error) page.tell(reply.error);
      else await this.take(reply);
      page.stale("");
    } catch (error) {
      page.stale(error.message);
      if (error.again) this.later(RETRY_LEARN_MS);
    }
    page.busy(-1);
  }

  // The first request starts TensorFlow in another process: ask until it is there.
  async ask(request) {
    for (let waited = false; ; waited = true) {
      const reply = await this.page.ask(request, PATIENCE_LEARN_MS);
      if (reply.starting && !this.page.ended) {
        this.page.tell(say("startingTraining"));
        await new Promise((resolve) => setTimeout(resolve, STARTING_MS));
      } else {
        if (waited) this.page.tell("");
        return reply;
      }
    }
  }

  async take(reply) {
    if (reply.training !== this.training) { // begun anew: here, in another tab, or by a new server
      this.training = reply.training;
      this.stepShown = null;
      this.knobs.show(reply.knobs);
      this.cost.clear(true);
      this.accuracy.clear();
      const { since } = this;
      this.since = 0;
      if (since) reply = await this.ask({ op: "progress", source: this.page.pad.source });
      if (this.teach.digits.length !== reply.own.length) this.teach.send();
    }
    this.since = reply.step;
    this.show(reply);
    if (this.views.active() === this.step) await this.lookNow();
    if (reply.playing) this.later(POLL_MS);
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.request("progress"), ms);
  }

  begin(knobs = this.knobs.values()) {
    const share = Number(this.teach.share.value);
    return this.request("begin", { knobs: { ...knobs, share } });
  }

  // What is taught is taught to the network that the page shows, if no training is under way.
  startFromModel() {
    if (this.since) return;
    this.knobs.show({ start: this.page.model });
    this.begin();
  }

  // Show the drawing's estimate anew: many points in a row are one request.
  refresh() {
    if (this.waiting) return;
    this.waiting = true;
    this.request("progress");
  }

  // In other colours.
  repaint() {
    this.stepShown = null;
    this.refresh();
  }

  lookAtStep(onlyWhy = false) {
    if (this.views.active() !== this.step) return this.paintCurves();
    if (!onlyWhy) this.stepShown = null;
    this.whyShown = false;
    this.request("progress");
  }

  // Show the step to come, and the number of it that was chosen, if there is anything new.
  async lookNow() {
    const key = `${this.training} ${this.since}`;
    if (this.stepShown !== key) {
      const reply = await this.ask({ op: "backward", ...this.step.asks() });
      if (reply.error) {
        this.step.image = 0; // of a smaller batch there is no such digit
        return this.page.tell(reply.error);
      }
      this.step.show(reply);
      Object.assign(this, { stepShown: key, whyShown: false });
    }
    if (this.whyShown) return;
    const why = await this.ask({ op: "why", ...this.step.asks(), ...this.step.choice });
    if (why.error) return this.page.tell(why.error);
    this.step.showWhy(why);
    this.whyShown = true;
  }

  // --- Showing it ---

  show(reply) {
    this.transport.show(reply);
    this.cost.add(reply.costs);
    this.accuracy.add(reply.tests);
    const [, train, test] = reply.tests.at(-1) ?? [];
    const grey = this.cost.before.length ? ` ${say("greySays")}` : "";
    this.cost.say(say(reply.plateau && reply.step >= 5 ? "plateau" : "costSays") + grey);
    if (test !== undefined) {
      this.accuracy.say(say("accuracySays", { train: (100 * train).toFixed(1), test: (100 * test).toFixed(1) }));
    }
    if (reply.full) this.page.tell(say("fullSays", { step: reply.full[0], share: (100 * reply.full[1]).toFixed(2) }));
    this.paintCurves();
    const w = unpacked(reply.filters);
    this.filters.forEach((canvas, i) => paint(canvas, channel(w, i), 3, 3));
    this.estimate.show(reply.probabilities);
    this.teach.show(reply);
  }
}
