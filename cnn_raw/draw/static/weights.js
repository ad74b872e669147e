// A weight array as a picture: what its shape is, and which weight stands where.

import { aria, el } from "./dom.js";
import { paint } from "./colour.js";
import { unpacked } from "./arrays.js";
import { say } from "./text.js";

// rows, columns: of the picture. flat(r, c): where in the array that value is. A filter's nine
// weights stand together; w_o's ten outputs are maps of 25 x 25 inputs. w4 comes in blocks of 8 x 5.
const filters = (inputs, outputs) => ({ rows: 3 * inputs, columns: 3 * outputs,
  flat: (r, c) => ((r % 3) * 3 + (c % 3)) * inputs * outputs
    + Math.floor(r / 3) * outputs + Math.floor(c / 3) });
const PICTURES = {
  w: { rows: 15, columns: 31, apart: 4, flat: (r, c) => // with a line between the filters
    (Math.min(2, r % 4) * 3 + Math.min(2, c % 4)) * 32 + Math.floor(r / 4) * 8 + Math.floor(c / 4) },
  w2: filters(32, 64),
  w3: filters(64, 128),
  w4: { rows: 256, columns: 125, flat: (r, c) => r * 125 + c, block: [8, 5] },
  w_o: { rows: 250, columns: 25, flat: (r, c) => ((r % 25) * 25 + c) * 10 + Math.floor(r / 25) },
};
export const SHAPES = { w: [3, 3, 1, 32], w2: [3, 3, 32, 64], w3: [3, 3, 64, 128], w4: [2048, 625],
  w_o: [625, 10] };

export class WeightPicture {
  // pointed(name, at): a weight was clicked on.
  constructor(name, pointed) {
    Object.assign(this, { name, ...PICTURES[name] });
    this.button = el("button", { type: "button", className: "layer",
      onclick: () => pointed(name, this.strongest()) }, name);
    this.canvas = el("canvas", { role: "img",
      ...aria(say("weightPicture", { name, shape: SHAPES[name].join("\u00d7") })),
      onclick: (event) => pointed(name, this.at(event)) });
    this.element = el("figure", { className: "weights" },
      el("figcaption", {}, this.button, el("span", { className: "shape" }, SHAPES[name].join("\u00d7"))),
      this.canvas);
    this.element.dataset.weights = name;
  }

  show(map) {
    const { bytes } = unpacked(map);
    this.bytes = bytes;
    const own = new Int8Array(this.rows * this.columns);
    for (let r = 0, k = 0; r < this.rows; r++) {
      for (let c = 0; c < this.columns; c++, k++) {
        const line = this.apart && (r % this.apart === this.apart - 1 || c % this.apart === this.apart - 1);
        own[k] = line ? 0 : bytes[this.flat(r, c)];
      }
    }
    paint(this.canvas, own, this.rows, this.columns);
  }

  index(flat) {
    const at = [];
    const shape = this.block ? [256, 125] : SHAPES[this.name];
    for (const many of [...shape].reverse()) {
      at.unshift(flat % many);
      flat = Math.floor(flat / many);
    }
    return this.block ? at.map((n, i) => n * this.block[i]) : at;
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const [r, c] = [[event.clientY - box.top, box.height, this.rows],
      [event.clientX - box.left, box.width, this.columns]]
      .map(([from, length, many]) => Math.max(0, Math.min(many - 1, Math.floor((from / length) * many))));
    return this.index(this.flat(r, c));
  }

  // Where the value furthest from zero is.
  strongest() {
    let most = 0;
    this.bytes.forEach((byte, i) => { if (Math.abs(byte) > Math.abs(this.bytes[most])) most = i; });
    return this.index(most);
  }
}
