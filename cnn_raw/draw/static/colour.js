// Values as colours. Zero is the paper, orange above it, blue below: two colours that colour-blind
// eyes tell apart. An array comes as bytes from -127 to 127 (see inside.py), so that a colour is
// one look into a table.

const darkness = matchMedia("(prefers-color-scheme: dark)");
export const dark = () => darkness.matches;

const ENDS = {
  light: { zero: [255, 255, 255], above: [176, 78, 0], below: [5, 80, 160], ink: [20, 24, 30] },
  dark: { zero: [21, 26, 32], above: [255, 174, 84], below: [96, 176, 255], ink: [240, 244, 248] },
};
const tables = new Map();

// 256 colours, as a canvas keeps them: table[byte & 255].
function table(ink) {
  const scheme = dark() ? "dark" : "light";
  const key = `${scheme} ${ink}`;
  if (!tables.has(key)) {
    const { zero, above, below, ink: black } = ENDS[scheme];
    const colours = new Uint8ClampedArray(4 * 256);
    for (let i = -128; i < 128; i++) {
      const share = Math.min(1, Math.abs(i) / 127);
      const end = ink ? black : i < 0 ? below : above;
      const t = ink ? share : share ** 0.8; // weak values are seen better
      colours.set([...zero.map((z, k) => z + (end[k] - z) * t), 255], 4 * (i & 255));
    }
    tables.set(key, new Uint32Array(colours.buffer));
  }
  return tables.get(key);
}

export const css = (share) => {
  const colour = table(false)[Math.round(127 * Math.max(-1, Math.min(1, share))) & 255];
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
};

// Paint bytes, row by row, into a canvas of that many pixels.
export function paint(canvas, bytes, height, width, ink = false) {
  if (canvas.height !== height) canvas.height = height;
  if (canvas.width !== width) canvas.width = width;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = table(ink);
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[bytes[i] & 255];
  context.putImageData(image, 0, 0);
}

// Paint a map large enough to point at its values, with frames around some: [row, column, rows,
// columns]. The canvas gets the pixels that it takes on the screen.
export function paintLarge(canvas, bytes, height, width, frames = [], ink = false) {
  const small = document.createElement("canvas");
  paint(small, bytes, height, width, ink);
  const cell = Math.max(4, Math.floor(448 / Math.max(height, width)));
  canvas.height = height * cell;
  canvas.width = width * cell;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  for (const [row, column, rows, columns] of frames) {
    const box = [column * cell, row * cell, columns * cell, rows * cell];
    for (const [lineWidth, strokeStyle] of [[7, "#000000"], [3, "#ffe600"]]) {
      Object.assign(context, { lineWidth, strokeStyle });
      context.strokeRect(...box);
    }
  }
}
