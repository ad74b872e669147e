// One number explained: the patch or the inputs it came from, the sum, and where it stands.

import { aria, ARROWS, button, el, labelled, number, place, select, whole } from "./dom.js";
import { channel, toBytes, unpacked } from "./arrays.js";
import { paintLarge } from "./colour.js";
import { grid, label, paintTiles, sides } from "./tiles.js";
import { COLUMNS, times } from "./flow.js";
import { spelledOut } from "./sums.js";
import { count, say } from "./text.js";

const PLAY_MS = 160;

// The rows and columns in which the values of one channel, or all units, stand.
const plane = (shape) => (shape.length > 1 ? shape.slice(0, 2) : shape[0] > 100 ? [25, 25] : [2, 5]);

export class NumberSection {
  constructor(page) {
    this.page = page;
    this.title = el("h2");
    this.arithmetic = el("div", { className: "arithmetic" });
    this.source = figure(el("canvas", { role: "img" }));
    this.own = figure(el("canvas", {
      tabIndex: 0, role: "application", onclick: (event) => this.pointAt(event, true),
      ...aria(say("enlarged")),
      onpointermove: (event) => this.pointAt(event, false), onpointerleave: () => page.unpoint(),
      onkeydown: (event) => this.key(event),
    }));
    this.inputs = ["row", "column", "channel"].map((name) => {
      const input = el("input", { type: "number", min: 0, onchange: () => this.typed() });
      return { input, element: labelled(say(name), input) };
    });
    this.rival = select([say("none"), ...Array(10).keys()], () => page.refresh(this));
    this.rivalLabel = labelled(say("whyNot"), this.rival);
    this.play = button(say("play"), () => (this.playing ? this.stop() : this.start()),
      { title: say("playTitle") });
    page.onEnd(() => this.stop());
    this.element = el("div", { className: "number" },
      el("div", { className: "row" }, this.title, ...this.inputs.map(({ element }) => element),
        this.rivalLabel, this.play),
      el("div", { className: "sum" }, this.source.element, this.arithmetic, this.own.element));
  }

  get shape() {
    return this.page.state.shapes[this.page.shown().layer];
  }

  asks() {
    const { layer, at } = this.page.shown();
    const rival = Number(this.rival.value);
    const against = layer === "py_x" && rival >= 0 && rival !== at[0] ? { against: rival } : {};
    return [{ op: "explain", model: this.page.model, layer, at, ...against }];
  }

  // --- Choosing a value ---

  // Move by rows, columns and channels; past an end it goes no further.
  move(down, right, channels = 0) {
    const { layer, at } = this.page.shown();
    const [, width] = plane(this.shape);
    const to = at.length === 1 ? [at[0] + down * width + right]
      : [at[0] + down, at[1] + right, at[2] + channels];
    this.page.point(layer, to, true);
  }

  key(event) {
    const channels = { PageUp: -1, PageDown: 1 }[event.key];
    if (channels === undefined && !(event.key in ARROWS)) return;
    event.preventDefault();
    event.stopPropagation();
    this.stop();
    const [right, down] = ARROWS[event.key] ?? [0, 0];
    this.move(down, right, channels);
  }

  typed() {
    const numbers = this.inputs.filter(({ element }) => !element.hidden)
      .map(({ input }) => whole(input));
    this.page.point(this.page.shown().layer, numbers, true);
  }

  pointAt(event, kept) {
    if (event.pointerType === "touch" && !kept) return;
    if (kept) this.stop();
    else if (this.playing) return;
    const box = this.own.canvas.getBoundingClientRect();
    const [height, width] = plane(this.shape);
    const row = Math.min(height - 1, Math.floor((event.clientY - box.top) / box.height * height));
    const column = Math.min(width - 1, Math.floor((event.clientX - box.left) / box.width * width));
    const { layer, at } = this.page.shown();
    this.page.point(layer, at.length === 1 ? [row * width + column] : [row, column, at[2]], kept);
  }

  // Slide over the map, or the units, from the chosen value on, round and round.
  start() {
    this.play.textContent = say("pause");
    this.playing = setInterval(() => {
      const { layer, at } = this.page.shown();
      const [height, width] = plane(this.shape);
      const many = at.length === 1 ? this.shape[0] : height * width;
      const i = ((at.length === 1 ? at[0] : at[0] * width + at[1]) + 1) % many;
      this.page.point(layer, at.length === 1 ? [i] : [Math.floor(i / width), i % width, at[2]], true);
    }, PLAY_MS);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.play.textContent = say("play");
  }

  // --- Showing it ---

  show(reply) {
    const { layer, at, against, value } = reply;
    this.showPlace(reply);
    const minus = against === undefined ? "" : ` \u2212 ${place(layer, [against])}`;
    this.title.replaceChildren(`${place(layer, at)}${minus} = ${number(value, 6)}`,
      el("code", {}, COLUMNS[layer]?.op ?? "softmax(py_x)"));
    this.arithmetic.replaceChildren(...spelledOut(reply));
    this.element.dataset.at = [layer, ...at].join();
    this.paintOwn(reply);
    this.paintSource(reply);
    this.page.flow.mark(reply);
  }

  showPlace({ layer, at }) {
    this.inputs.forEach(({ input, element }, i) => {
      element.hidden = at.length === 1 && i < 2;
      input.value = at.length === 1 ? at[0] : at[i];
      input.max = this.shape[at.length === 1 ? 0 : i] - 1;
    });
    this.inputs[2].element.firstChild.textContent = say(at.length === 1 ? "unit" : "channel");
    this.rivalLabel.hidden = layer !== "py_x";
  }

  paintOwn({ layer, at, powers }) {
    const map = powers ? { shape: [10], bytes: toBytes(powers) } : this.page.flow.columns[layer].map;
    const [height, width] = plane(map.shape);
    const spot = at.length === 1 ? [Math.floor(at[0] / width), at[0] % width, 1, 1]
      : [at[0], at[1], 1, 1];
    paintLarge(this.own.canvas, at.length === 1 ? map.bytes : channel(map, at[2]), height, width,
      [spot], layer === "X");
    nameDigits(this.own.canvas, map.shape);
    this.own.name.textContent = at.length === 1 ? say("units", { layer, count: map.shape[0] })
      : say("layerChannel", { layer, channel: at[2], shape: times([height, width]) });
  }

  paintSource(reply) {
    const { canvas, name, element } = this.source;
    const from = this.page.flow.columns[reply.from?.layer];
    element.classList.toggle("nothing", !from);
    if (!from) return;
    nameDigits(canvas, []);
    if (reply.products) this.paintProducts(reply);
    else if (reply.logits) {
      paintLarge(canvas, from.map.bytes, ...plane(from.shape));
      nameDigits(canvas, from.shape);
      name.textContent = say("tenLogits");
    } else this.paintPatch(reply, from);
    canvas.setAttribute("aria-label", name.textContent);
  }

  paintPatch({ kind, channels, at, from: { rows, columns } }, { layer, map, shape }) {
    const c = kind === "conv" ? channels[0].channel : at[2];
    const frame = [rows[0], columns[0], rows[1] - rows[0] + 1, columns[1] - columns[0] + 1];
    paintLarge(this.source.canvas, channel(map, c), shape[0], shape[1], [frame], layer === "X");
    this.source.name.textContent = say("layerChannel",
      { layer, channel: c, shape: times(shape.slice(0, 2)) });
  }

  // All products of a dense unit, placed as the layer before: orange speaks for it, blue against.
  paintProducts({ from, products }) {
    const { canvas, name } = this.source;
    canvas.width = canvas.height = 448;
    const map = unpacked(products);
    paintTiles(canvas, map, grid(sides(map.shape)[2], 448, 448), { scale: 1 });
    name.textContent = say("allProducts", { count: count(map.bytes.length), layer: from.layer });
  }
}

// Write the digits on ten units.
function nameDigits(canvas, [units]) {
  canvas.classList.toggle("ten", units === 10);
  if (units !== 10) return;
  const side = canvas.width / 5;
  for (let i = 0; i < 10; i++) {
    label(canvas.getContext("2d"), String(i), (i % 5) * side, Math.floor(i / 5) * side, side);
  }
}

function figure(canvas) {
  const name = el("figcaption");
  return { canvas, name, element: el("figure", { className: "large" }, canvas, name) };
}
