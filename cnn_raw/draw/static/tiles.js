// All channels of a layer in one canvas, which fills the box it is given.

import { dark, paint } from "./colour.js";

const small = document.createElement("canvas"); // the channels one below the other, a pixel a value

// Where n square tiles go in a box of width x height: so many across, or as large as they can be.
export function grid(n, width, height, across = 0) {
  const gap = n === 1 ? 0 : n > 200 ? 1 : 2;
  const fitted = (many) => {
    const down = Math.ceil(n / many);
    return { across: many, down, pitch: Math.min((width + gap) / many, (height + gap) / down) };
  };
  let best = fitted(across || 1);
  for (let many = 2; !across && many <= n; many++) {
    const other = fitted(many);
    const worth = ({ pitch, across: columns }) => pitch * (n % columns ? 0.78 : 1);
    if (worth(other) > worth(best)) best = other; // whole rows look better
  }
  const side = best.pitch - gap;
  // In a column of the flow the rows fill the height; on a phone the rows fill the width.
  const below = across && best.down > 1 ? (height - side) / (best.down - 1) : best.pitch;
  const right = best.pitch;
  const top = n === 1 && across ? (height - side) / 2 : 0;
  const share = (value) => Math.max(0, Math.min(0.999, value / side));
  const index = (value, many) => Math.max(0, Math.min(many - 1, Math.floor(value)));
  return { n, side,
    tile: (c) => [(c % best.across) * right, top + Math.floor(c / best.across) * below],
    // The tile at a point, and how far into it, from 0 to 1.
    at: (x, y) => {
      const [i, j] = [index(x / right, best.across), index((y - top) / below, best.down)];
      return { c: Math.min(n - 1, j * best.across + i), x: share(x - i * right),
        y: share(y - top - j * below) };
    } };
}

// height, width and channels of a layer: units are channels of one value.
export const sides = (shape) => (shape.length === 1 ? [1, 1, shape[0]] : shape);

export function paintTiles(canvas, { shape, bytes }, tiles,
  { ink = false, labels = false, scale = canvas.width / canvas.clientWidth || 1 } = {}) {
  const [height, width, channels] = sides(shape);
  const strip = new Int8Array(bytes.length);
  const size = height * width;
  for (let c = 0, k = 0; c < channels; c++) {
    for (let i = 0; i < size; i++) strip[k++] = bytes[i * channels + c];
  }
  paint(small, strip, height * channels, width, ink);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const side = tiles.side * scale;
  context.imageSmoothingEnabled = side / width < 3;
  context.imageSmoothingQuality = "high";
  for (let c = 0; c < channels; c++) {
    const [x, y] = tiles.tile(c).map((length) => Math.round(length * scale));
    const [across, down] = [Math.max(1, Math.round(side)), Math.max(1, Math.round(side))];
    context.drawImage(small, 0, c * height, width, height, x, y, across, down);
    if (labels) label(context, String(c), x, y, side);
  }
}

export function label(context, text, x, y, side) {
  context.font = `600 ${Math.round(side * 0.5)}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = side * 0.14;
  context.strokeStyle = dark() ? "#151a20" : "#ffffff";
  context.fillStyle = dark() ? "#f0f4f8" : "#14181e";
  context.strokeText(text, x + side / 2, y + side * 0.54);
  context.fillText(text, x + side / 2, y + side * 0.54);
}

// Give a canvas the pixels that its box has on this screen. Returns the box in CSS pixels.
export function fitCanvas(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const scale = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  return [width, height];
}
