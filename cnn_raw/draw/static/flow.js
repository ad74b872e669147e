// The network as one thing: every layer a column, lit by the digit as it is drawn.

import { aria, el } from "./dom.js";
import { unpacked } from "./arrays.js";
import { fitCanvas, grid, paintTiles, sides } from "./tiles.js";
import { wires } from "./wires.js";
import { say } from "./text.js";

// `across`: how many maps stand in a row where the layers are columns. A value is about as large
// in each of the first four, so that a max pool is seen to halve its map.
export const COLUMNS = {
  X: { across: 1, kind: say("theImage"), op: say("preparedDigit") },
  l1a: { across: 4, kind: say("convRelu"), op: "relu(conv2d(X, w))" },
  l1: { across: 2, kind: say("maxPool"), op: "max_pool(l1a)" },
  l2a: { across: 4, kind: say("convRelu"), op: "relu(conv2d(l1, w2))" },
  l2: { across: 4, kind: say("maxPool"), op: "max_pool(l2a)" },
  l3a: { across: 4, kind: say("convRelu"), op: "relu(conv2d(l2, w3))" },
  l3: { across: 4, kind: say("maxPool"), op: "max_pool(l3a)" },
  l4: { across: 0, kind: say("denseRelu"), op: "relu(matmul(l3, w4))" },
  py_x: { across: 1, kind: say("dense"), op: "matmul(l4, w_o)" },
};
export const times = (shape) => shape.join("\u00d7");

// Where the largest value of a map is, as the index of the activation.
export function largestAt({ shape, bytes }) {
  const i = bytes.indexOf(bytes.reduce((most, byte) => Math.max(most, byte), -128));
  if (shape.length === 1) return [i];
  const [, width, channels] = shape;
  return [Math.floor(i / channels / width), Math.floor(i / channels) % width, i % channels];
}

export class Column {
  // pointed(at, kept): a value was pointed at, and clicked on if `kept`. `prefix`: before its name.
  constructor(layer, shape, pointed, prefix = "") {
    Object.assign(this, { layer, shape, map: null });
    const name = `${prefix}${layer}`;
    this.button = el("button", { type: "button", className: "layer",
      onclick: () => pointed(layer, null, true), ...(prefix ? aria(name) : {}) },
    prefix ? `\u2202${layer}` : layer);
    this.canvas = el("canvas", {
      role: "img", ...aria(say("values", { layer: name, shape: times(shape) })),
      onpointermove: (event) => {
        if (event.pointerType !== "touch") pointed(layer, this.at(event), false);
      },
      onclick: (event) => pointed(layer, this.at(event), true),
    });
    const { kind, op } = COLUMNS[layer];
    this.element = el("figure", { className: "column" },
      el("figcaption", {}, this.button, el("span", { className: "kind" }, kind),
        el("code", { className: "op" }, op), el("span", { className: "shape" }, times(shape))),
      this.canvas);
    this.element.dataset.layer = layer;
  }

  // Place the maps: in columns, or as large as they can be.
  layout(sideways = false) {
    const [width, height] = fitCanvas(this.canvas);
    if (!width || !height) return;
    const n = sides(this.shape)[2];
    const across = COLUMNS[this.layer].across || Math.round(Math.sqrt((n * width) / height));
    this.tiles = grid(n, width, height, sideways ? across : 0);
    this.paint();
  }

  show(map) {
    this.map = map;
    this.paint();
  }

  paint() {
    if (!this.map || !this.tiles) return;
    const options = { ink: this.layer === "X", labels: this.layer === "py_x" };
    paintTiles(this.canvas, this.map, this.tiles, options);
  }

  // The place under the pointer, as the index of the activation.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [height, width] = sides(this.shape);
    const { c, x, y } = this.tiles.at(event.clientX - box.left, event.clientY - box.top);
    return this.shape.length === 1 ? [c] : [Math.floor(y * height), Math.floor(x * width), c];
  }

  strongest() {
    return largestAt(this.map);
  }

  // The frame of some rows and columns of a channel, in CSS pixels from `origin`.
  frame(c, row, column, rows, columns, origin) {
    const box = this.canvas.getBoundingClientRect();
    const [height, width] = sides(this.shape);
    const [left, top] = this.tiles.tile(c);
    const side = this.tiles.side;
    const clip = (from, many, most) => [Math.max(0, from), Math.min(most, from + many)];
    const [[y0, y1], [x0, x1]] = [clip(row, rows, height), clip(column, columns, width)];
    return { x: box.left - origin.left + left + (x0 * side) / width,
      y: box.top - origin.top + top + (y0 * side) / height,
      width: ((x1 - x0) * side) / width, height: ((y1 - y0) * side) / height };
  }

  tileFrame(c, origin) {
    const [height, width] = sides(this.shape);
    return this.frame(c, 0, 0, height, width, origin);
  }
}

export function flowSection(page) {
  const columns = {};
  for (const layer of Object.keys(COLUMNS)) {
    columns[layer] = new Column(layer, page.state.shapes[layer], page.point);
  }
  const overlay = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  overlay.setAttribute("class", "wires");
  overlay.setAttribute("aria-hidden", "true");
  const element = el("section", { className: "flow", ...aria(say("flow")),
    onpointerleave: () => page.unpoint() },
  ...Object.values(columns).map((column) => column.element), overlay);

  let marked = null;
  function mark(reply) {
    marked = reply;
    for (const column of Object.values(columns)) {
      column.button.setAttribute("aria-pressed", String(column.layer === reply?.layer));
    }
    wires(overlay, columns, reply, element);
  }
  const observer = new ResizeObserver(() => {
    const sideways = getComputedStyle(element).display === "grid"; // on a phone they run downward
    for (const column of Object.values(columns)) column.layout(sideways);
    wires(overlay, columns, marked, element);
  });
  observer.observe(element);
  page.onEnd(() => observer.disconnect());

  return {
    element, columns, mark,
    asks: () => [{ op: "layers", model: page.model }],
    show: ({ layers }) => {
      for (const [layer, column] of Object.entries(columns)) column.show(unpacked(layers[layer]));
    },
    repaint: () => Object.values(columns).forEach((column) => column.paint()),
  };
}
