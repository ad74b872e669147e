// inside.py in JavaScript: what a page without Python asks. The replies are the same, except for
// what needs TensorFlow: dropout's masks and pictures.

import { toPacked } from "../arrays.js";
import { say } from "../text.js";
import { convolve, forward } from "./forward.js";
import { explain } from "./explain.js";
import { boxOf, prepareInk, shrunk, warningOf } from "./prepare.js";
import { fit, rasterise } from "./strokes.js";

export class Inside {
  // known: Python's constants. models: {name: {w, w2, w3, w4, w_o}}, Float32Arrays. tests: a list of
  // {test, label, image}. wrong: {name: {count, looked, digits: [{test, answer}]}}.
  constructor({ known, models, tests, wrong }) {
    Object.assign(this, { known, models, mistakes: wrong });
    this.tests = new Map(tests.map((each) => [each.test, each]));
  }

  // A promise, as for a page whose answers come from elsewhere.
  async ask(request) {
    return this.answer(request);
  }

  answer(request) {
    const seen = {}; // the picture and the activations, worked out once in a look
    const reply = (ask) => this[ask.op]({ ...request, ...ask }, seen);
    return request.op === "look" ? { replies: request.asks.map(reply) } : reply(request);
  }

  state() {
    return { models: Object.keys(this.models), tests: [...this.tests.keys()],
      shapes: this.known.SHAPES, thickness: this.known.THICKNESS, dropout: false };
  }

  estimate(request, seen) {
    const { prepared } = this.picture(request, seen);
    const label = this.tests.get(request.source.test)?.label ?? null;
    return { empty: !prepared.box, probabilities: [...this.run(request, seen).softmax], label,
      warning: label === null ? warningOf(prepared, this.known) : null };
  }

  stages(request, seen) {
    const { raw, size, prepared } = this.picture(request, seen);
    const { box, BOX = this.known.BOX } = prepared;
    return {
      raw: toPacked(raw, [size, size]), ink: toPacked(prepared.ink, [size, size]),
      box: box && box.map((pixels) => pixels / size), small: toPacked(prepared.small, [BOX, BOX]),
      image: toPacked(prepared.image, [28, 28]), shift: prepared.shift,
    };
  }

  layers(request, seen) {
    const found = this.run(request, seen);
    return { layers: Object.fromEntries(["X", ...this.known.LAYERS].map((layer) =>
      [layer, toPacked(found[layer], this.known.SHAPES[layer])])) };
  }

  explain(request, seen) {
    return explain(this.run(request, seen), this.models[this.name(request)], this.known.SHAPES,
      request.layer, request.at, request.against);
  }

  filters(request, seen) {
    const { w } = this.models[this.name(request)];
    const X = this.picture(request, seen).prepared.image;
    const maps = new Float32Array(28 * 28 * 32);
    for (let f = 0; f < 32; f++) {
      const [, map] = convolve(X, w.filter((_, i) => i % 32 === f), "SAME", 1);
      map.forEach((value, i) => { maps[i * 32 + f] = value; });
    }
    return { filters: toPacked(w, [3, 3, 1, 32]), maps: toPacked(maps, [28, 28, 32]) };
  }

  try({ filter, padding, stride, ...request }, seen) {
    const X = this.picture(request, seen).prepared.image;
    const [shape, map] = convolve(X, filter.flat(), padding, stride);
    return { shape, map: toPacked(map, shape) };
  }

  wrong(request) {
    const { digits, ...counts } = this.mistakes[this.name(request)];
    return { ...counts, done: true, digits: digits.map(({ test, answer }) => {
      const { label, image } = this.tests.get(test);
      return { test, label, answer, image: toPacked(image, [28, 28]) };
    }) };
  }

  name({ model }) {
    return model ?? Object.keys(this.models)[0];
  }

  run(request, seen) {
    const name = this.name(request);
    const { image } = this.picture(request, seen).prepared;
    return seen[name] ??= forward(image, this.models[name], this.known.SHAPES);
  }

  // {raw, size, prepared}: the picture as it was drawn, and the stages of its preparation.
  picture({ source, steps = {} }, seen) {
    return seen.picture ??= this.prepared(source, { prepare: true, pen: true, box: true, center: true, ...steps });
  }

  prepared(source, steps) {
    const { known } = this;
    if (source.picture) throw new Error(say("noPictures"));
    const test = this.tests.get(source.test);
    const size = test ? 28 : known.SIZE;
    const thickness = source.thickness ?? known.THICKNESS;
    const strokes = (source.strokes ?? []).filter((stroke) => stroke.length);
    const raw = test ? test.image : rasterise(strokes, thickness, known);
    const ink = !test && steps.pen ? rasterise(...fit(strokes, thickness, known), known) : raw;
    if (!steps.prepare) return { raw, size, prepared: shrunk(raw, size, known) };
    const found = boxOf(ink, size, known);
    const box = found && !steps.box ? [0, 0, size, size] : found;
    const prepared = prepareInk(ink, size, box, steps.center, known);
    if (test && steps.box && steps.center) prepared.image = raw; // MNIST's authors have prepared it
    return { raw, size, prepared };
  }
}
