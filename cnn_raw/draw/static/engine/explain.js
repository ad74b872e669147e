// explain.py in JavaScript, with the same replies. What TensorFlow returned is null here.

import { toPacked } from "../arrays.js";

const BEFORE = { l1a: "X", l1: "l1a", l2a: "l1", l2: "l2a", l3a: "l2", l3: "l3a", l4: "l3", py_x: "l4" };
const WEIGHTS = { l1a: "w", l2a: "w2", l3a: "w3", l4: "w4", py_x: "w_o" };
const [STRONGEST_CHANNELS, STRONGEST_INPUTS] = [4, 8];

const sum = (values) => values.reduce((total, value) => total + value, 0);
const flat = (at, shape) => at.reduce((index, n, k) => index * shape[k] + n, 0);
const strongestFirst = (values) => [...values.keys()].sort((a, b) =>
  Math.abs(values[b]) - Math.abs(values[a]) || a - b);

export function explain(found, weights, shapes, layer, at, against) {
  const value = found[layer][flat(at, shapes[layer])];
  const explainer = { X: explainPixel, softmax: explainSoftmax, l4: explainDense,
    py_x: explainDense }[layer] ?? (WEIGHTS[layer] ? explainConv : explainPool);
  return { layer, at, value, ...explainer(found, weights, shapes, layer, at, against) };
}

const explainPixel = () => ({ kind: "pixel" });

function explainSoftmax({ py_x: logits, softmax }, weights, shapes, layer, [digit]) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = powers[digit] / sum(powers);
  return { kind: "softmax", logits: [...logits], powers, sum: total,
    difference: total - softmax[digit], from: { layer: "py_x" } };
}

// Three rows of three of what `value` gives for each place of the filter.
const nine = (value) => [0, 1, 2].map((i) => [0, 1, 2].map((j) => value(i, j)));

function explainConv(found, weights, shapes, layer, [row, column, filter]) {
  const before = BEFORE[layer];
  const [height, width, channels] = shapes[before];
  const filters = shapes[layer][2];
  const w = weights[WEIGHTS[layer]];
  const all = Array.from({ length: channels }, (_, c) => {
    const patch = nine((i, j) => {
      const [y, x] = [row + i - 1, column + j - 1];
      const inside = y >= 0 && y < height && x >= 0 && x < width;
      return inside ? found[before][(y * width + x) * channels + c] : null;
    });
    const weight = nine((i, j) => w[((i * 3 + j) * channels + c) * filters + filter]);
    const products = nine((i, j) => (patch[i][j] ?? 0) * weight[i][j]);
    return { channel: c, patch, filter: weight, products, sum: sum(products.flat()) };
  });
  const sums = all.map((one) => one.sum);
  const order = strongestFirst(sums);
  const rest = order.slice(STRONGEST_CHANNELS);
  return {
    kind: "conv", channels: order.slice(0, STRONGEST_CHANNELS).map((c) => all[c]), sums,
    others: rest.length, rest: sum(rest.map((c) => sums[c])), sum: sum(sums),
    conv2d: null, difference: null, relu: found[layer][flat([row, column, filter], shapes[layer])],
    from: { layer: before, rows: [row - 1, row + 1], columns: [column - 1, column + 1] },
  };
}

function explainPool(found, weights, shapes, layer, [row, column, c]) {
  const before = BEFORE[layer];
  const [height, width, channels] = shapes[before];
  const candidates = [0, 1].map((i) => [0, 1].map((j) => {
    const [y, x] = [2 * row + i, 2 * column + j];
    return y < height && x < width ? found[before][(y * width + x) * channels + c] : null;
  }));
  const largest = Math.max(...candidates.flat().map((value) => value ?? -Infinity));
  const first = candidates.flat().indexOf(largest);
  return {
    kind: "pool", candidates, chosen: [first >> 1, first & 1], largest, keep: 1, mask: 1,
    from: { layer: before, rows: [2 * row, 2 * row + 1], columns: [2 * column, 2 * column + 1] },
  };
}

function explainDense(found, weights, shapes, layer, [unit], against) {
  const before = BEFORE[layer];
  const inputs = found[before];
  const units = shapes[layer][0];
  const w = weights[WEIGHTS[layer]];
  const weight = Array.from(inputs, (_, i) => w[i * units + unit]
    - (against === undefined ? 0 : w[i * units + against]));
  const products = weight.map((each, i) => each * inputs[i]);
  const order = strongestFirst(products);
  const rest = order.slice(STRONGEST_INPUTS);
  const total = sum(products);
  const shape = shapes[before];
  const unravel = (i) => shape.map((n, k) => Math.floor(i / sumOfSteps(shape, k)) % n);
  return {
    kind: "dense",
    inputs: order.slice(0, STRONGEST_INPUTS).map((i) => ({ input: unravel(i), value: inputs[i],
      weight: weight[i], product: products[i] })),
    products: toPacked(products, shape), others: rest.length, rest: sum(rest.map((i) => products[i])),
    sum: total, matmul: null, difference: null, from: { layer: before },
    ...(layer === "l4" ? { relu: Math.max(0, total), keep: 1, mask: 1 } : {}),
    ...(against === undefined ? {}
      : { against, value: found[layer][unit] - found[layer][against] }),
  };
}

const sumOfSteps = (shape, k) => shape.slice(k + 1).reduce((product, n) => product * n, 1);
