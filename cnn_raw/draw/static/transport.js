// Step, ten steps, play, pause, back to the start; and how far the training is.

import { button, el, number } from "./dom.js";
import { count, say } from "./text.js";

export class Transport {
  constructor(learn) {
    this.learn = learn;
    this.play = button(say("playTraining"), () => learn.request(this.playing ? "pause" : "play"),
      { className: "play" });
    this.keep = button(say("keep"), () => learn.request("keep"), { title: say("keepTitle") });
    this.steps = [button(say("oneStep"), () => learn.request("step")),
      button(say("tenSteps"), () => learn.request("step", { steps: 10 }))];
    this.full = button(say("testAll"), () => learn.request("progress", { full: true }),
      { title: say("testAllTitle") });
    this.state = el("p", { className: "state", role: "status" });
    this.element = el("div", { className: "row transport" },
      this.play, ...this.steps,
      button(say("startAgain"), () => learn.begin()), this.full, this.keep, this.state);
  }

  show(reply) {
    const { step, costs, playing, ms, kept } = reply;
    this.playing = playing;
    this.play.textContent = say(playing ? "pause" : "playTraining");
    this.state.setAttribute("aria-live", playing ? "off" : "polite"); // it would never stop talking
    for (const each of this.steps) each.disabled = playing;
    this.keep.disabled = step === 0;
    this.cost = step === 0 ? null : costs.at(-1)?.[1] ?? this.cost;
    this.state.textContent = this.cost == null ? say("stepZero")
      : say("stepSays", { step: count(step), cost: number(this.cost), ms: Math.round(ms) });
    if (kept && kept !== this.kept) this.learn.page.tell(say("keptSays", { run: kept }));
    this.kept = kept;
  }
}
