// What can be chosen of a training. Each choice begins it anew.

import { el, labelled, select, whole } from "./dom.js";
import { say } from "./text.js";

// `models`: the networks that it may start from. changed(knobs): one was chosen.
export class KnobsRow {
  constructor(models, changed) {
    const again = () => changed(this.values());
    const choice = (name, options) => {
      const input = select(Object.keys(options), again);
      [...input.options].forEach((option) => { option.textContent = options[option.value]; });
      return [name, input, Number];
    };
    const batch = el("input", { type: "number", min: 1, max: 128, value: 128, onchange: again });
    const starts = Object.fromEntries(models.map((model) => [model, model]));
    this.knobs = [
      [...choice("start", { 2016: say("start2016"), he: say("startHe"), ...starts }).slice(0, 2), String],
      choice("rms", { 1: say("rmsOne"), 0: say("rmsZero") }),
      choice("learning_rate", { 0.001: "0.001", 0.0001: "0.0001", 0.003: "0.003", 0.01: "0.01" }),
      choice("p_keep_conv", { 0.8: "0.8", 1: say("keepAll"), 0.5: "0.5" }),
      choice("p_keep_hidden", { 0.5: "0.5", 1: say("keepAll"), 0.8: "0.8" }),
      ["batch_size", batch, () => whole(batch)],
    ];
    const labels = { start: "startFrom", rms: "rmsFrom", learning_rate: "learningRate",
      p_keep_conv: "keepConv", p_keep_hidden: "keepHidden", batch_size: "batchSize" };
    this.element = el("div", { className: "row knobs" },
      ...this.knobs.map(([name, input]) => labelled(say(labels[name]), input)));
    this.show({ learning_rate: 0.001, p_keep_conv: 0.8, p_keep_hidden: 0.5, rms: 1, start: "2016" });
  }

  values() {
    return Object.fromEntries(this.knobs.map(([name, input, read]) => [name, read(input.value)]));
  }

  // Show what a training was begun with.
  show(values) {
    for (const [name, input] of this.knobs) {
      if (name in values) input.value = String(values[name]);
    }
  }
}
