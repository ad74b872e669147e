// "One step": the batch and its cost, every layer with its gradient below it, every weight array,
// and one of all these numbers explained.

import { aria, el, labelled, number, place, select, whole } from "./dom.js";
import { unpacked } from "./arrays.js";
import { paint } from "./colour.js";
import { COLUMNS, Column, largestAt } from "./flow.js";
import { fitCanvas, grid } from "./tiles.js";
import { backWires } from "./backwires.js";
import { tiny, spelledBack } from "./back.js";
import { say } from "./text.js";
import { SHAPES, WeightPicture } from "./weights.js";

const KINDS = ["gradient", "update", "rms", "weight"]; // what the weights' pictures show

// Most gradients are far smaller than the largest: a quarter of it has the full colour.
const louder = (map) => (map.shape.length === 1 ? map
  : { ...map, bytes: map.bytes.map((byte) => Math.max(-127, Math.min(127, 4 * byte))) });

export class StepView {
  constructor(learn) {
    Object.assign(this, { learn, image: 0, choice: { of: "w2", at: [1, 1, 0, 0] }, reply: null });
    this.batch = el("canvas", { role: "img", onclick: (event) => this.choose(this.digitAt(event)) });
    this.number = el("input", { type: "number", min: 0, max: 127, value: 0,
      onchange: () => this.choose(whole(this.number)) });
    this.costSays = el("p", { className: "note" });
    const pointed = (of, at, kept) => kept && this.explain(of, at);
    const { shapes } = learn.page.state;
    this.forward = this.columns(shapes, "", (of, at, kept) => pointed(of === "X" ? "l1a" : of, of === "X" ? null : at, kept));
    const { X, ...after } = shapes; // nothing is learned of the image
    this.backward = this.columns(after, "d cost / d ", pointed);
    this.weights = Object.fromEntries(Object.keys(SHAPES).map((name) =>
      [name, new WeightPicture(name, (of, at) => this.explain(of, at))]));
    this.kind = select(KINDS, () => this.paintWeights());
    KINDS.forEach((name, i) => { this.kind.options[i].textContent = say(name); });
    const kinds = labelled(say("weightsShow"), this.kind);
    this.overlay = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.overlay.setAttribute("class", "wires");
    this.overlay.setAttribute("aria-hidden", "true");
    this.flow = el("div", { className: "step-flow" }, ...this.parts(), kinds, this.overlay);
    kinds.classList.add("kinds");
    this.title = el("h2");
    this.inputs = el("span", { className: "row" });
    this.arithmetic = el("div", { className: "arithmetic", tabIndex: 0, role: "group",
      ...aria(say("arithmetic")) });
    this.below = el("div", { className: "why" }, el("div", { className: "row" }, this.title, this.inputs),
      this.arithmetic);
    this.element = el("div", { className: "step" },
      el("div", { className: "batch" }, this.batch,
        el("div", { className: "row" }, labelled(say("image"), this.number), this.costSays)),
      this.flow, this.below);
    const observer = new ResizeObserver(() => this.layout());
    observer.observe(this.flow);
    learn.page.onEnd(() => observer.disconnect());
  }

  columns(shapes, prefix, pointed) {
    return Object.fromEntries(Object.entries(shapes).filter(([layer]) => layer in COLUMNS)
      .map(([layer, shape]) => [layer, new Column(layer, shape, pointed, prefix)]));
  }

  // Each layer, its gradient and the weights before it: in this order on a phone, else one below
  // the other, as columns.
  parts() {
    const after = { l1a: "w", l2a: "w2", l3a: "w3", l4: "w4", py_x: "w_o" };
    return Object.keys(COLUMNS).flatMap((layer, i) => {
      const parts = [this.forward[layer], this.backward[layer], this.weights[after[layer]]];
      parts.forEach((part, row) => {
        const across = row === 2 && layer.endsWith("a") ? " / auto / span 2" : "";
        if (part) part.element.style.gridArea = `${row + 1} / ${i + 1}${across}`;
      });
      return parts.filter(Boolean).map((part) => part.element);
    });
  }

  layout() {
    for (const columns of [this.forward, this.backward]) {
      for (const column of Object.values(columns)) column.layout();
    }
    this.paintBatch();
    this.mark();
  }

  asks() {
    return { image: this.image };
  }

  choose(image) {
    this.image = image;
    this.learn.lookAtStep();
  }

  show(reply) {
    this.reply = reply;
    this.image = reply.image;
    Object.assign(this.number, { max: reply.n - 1, value: reply.image });
    const label = reply.labels[reply.image];
    this.costSays.textContent = say("batchSays", { n: reply.n, cost: number(reply.cost), label,
      image: reply.image, own: number(reply.costs[reply.image]),
      probability: number(reply.probabilities[reply.image][label]) });
    for (const [layer, column] of Object.entries(this.forward)) column.show(unpacked(reply.layers[layer]));
    for (const [layer, column] of Object.entries(this.backward)) column.show(louder(unpacked(reply.gradients[layer])));
    this.layout();
    this.paintWeights();
  }

  paintWeights() {
    const kind = this.kind.value;
    for (const [name, picture] of Object.entries(this.weights)) picture.show(this.reply.weights[name][kind]);
  }

  paintBatch() {
    const [width, height] = fitCanvas(this.batch);
    if (!this.reply || !width) return;
    const { n, labels } = this.reply;
    const { bytes } = unpacked(this.reply.images);
    const strip = el("canvas");
    paint(strip, bytes, 28 * n, 28, true);
    this.tiles = grid(n, width, height);
    const context = this.batch.getContext("2d");
    const scale = this.batch.width / width;
    context.clearRect(0, 0, this.batch.width, this.batch.height);
    const side = this.tiles.side * scale;
    for (let i = 0; i < n; i++) {
      const [x, y] = this.tiles.tile(i).map((length) => length * scale);
      context.drawImage(strip, 0, 28 * i, 28, 28, x, y, side, side);
      if (i !== this.image) continue;
      Object.assign(context, { lineWidth: 2 * scale, strokeStyle: getComputedStyle(this.batch).color });
      context.strokeRect(x, y, side, side);
    }
    this.batch.setAttribute("aria-label", say("batchLabel", { n, labels: labels.slice(0, 10).join(", ") }));
  }

  digitAt(event) {
    const box = this.batch.getBoundingClientRect();
    return Math.min(this.reply.n - 1, this.tiles.at(event.clientX - box.left, event.clientY - box.top).c);
  }

  // Explain a gradient of a layer, or of a weight; without `at` the largest of the layer.
  explain(of, at) {
    this.choice = { of, at: at ?? largestAt(unpacked(this.reply.gradients[of])) };
    this.learn.lookAtStep(true);
    if (this.learn.page.narrow()) this.below.scrollIntoView({ block: "nearest" });
  }

  showWhy(reply) {
    this.why = reply;
    const weight = reply.of in SHAPES;
    this.title.replaceChildren(say("derivative", { place: place(reply.of, reply.at), value: tiny(reply.value) }));
    const shape = weight ? SHAPES[reply.of] : this.backward[reply.of].shape;
    const names = weight ? (shape.length === 4 ? ["row", "column", "inChannel", "outChannel"] : ["inUnit", "outUnit"])
      : shape.length === 3 ? ["row", "column", "channel"] : ["unit"];
    const inputs = reply.at.map((value, i) => el("input", { type: "number", min: 0, max: shape[i] - 1,
      value, onchange: () => this.explain(reply.of, inputs.map((input) => whole(input))) }));
    const focused = [...this.inputs.querySelectorAll("input")].indexOf(document.activeElement);
    this.inputs.replaceChildren(...inputs.map((input, i) => labelled(say(names[i]), input)));
    inputs[focused]?.focus();
    const after = { l1a: "l1", l1: "l2a", l2a: "l2", l2: "l3a", l3a: "l3", l3: "l4", l4: "py_x" };
    const layer = { pool: reply.of }[reply.kind] ?? after[reply.of];
    this.arithmetic.replaceChildren(...spelledBack({ ...reply, layer }));
    this.element.dataset.of = [reply.of, ...reply.at].join();
    this.mark();
  }

  mark() {
    for (const [name, { button }] of [...Object.entries(this.backward), ...Object.entries(this.weights)]) {
      button.setAttribute("aria-pressed", String(name === this.why?.of));
    }
    backWires(this.overlay, this.forward, this.backward, this.why, this.flow);
  }
}
