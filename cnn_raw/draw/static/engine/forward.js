// The network without TensorFlow: cnn.model with nothing dropped. Sums are float64, added up in a
// fixed order; every activation is rounded to float32, as TensorFlow keeps it.

// relu(conv2d(input, w)), 3x3, SAME. input: height x width x channels; w: 3 x 3 x channels x filters.
function convRelu(input, [height, width, channels], w, filters) {
  const output = new Float32Array(height * width * filters);
  const sums = new Float64Array(filters);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      sums.fill(0);
      for (let i = Math.max(0, 1 - y); i < Math.min(3, height + 1 - y); i++) {
        for (let j = Math.max(0, 1 - x); j < Math.min(3, width + 1 - x); j++) {
          const from = ((y + i - 1) * width + x + j - 1) * channels;
          addProducts(sums, input, from, channels, w, (i * 3 + j) * channels * filters);
        }
      }
      const to = (y * width + x) * filters;
      for (let f = 0; f < filters; f++) output[to + f] = Math.max(0, sums[f]);
    }
  }
  return output;
}

// sums += input[from : from + count] @ w[start : ...], a row of w for each input. Zeros cost nothing.
function addProducts(sums, input, from, count, w, start) {
  const many = sums.length;
  for (let c = 0; c < count; c++) {
    const value = input[from + c];
    if (value === 0) continue;
    const row = start + c * many;
    for (let k = 0; k < many; k++) sums[k] += value * w[row + k];
  }
}

// max_pool, 2x2, stride 2, SAME: an odd side ends with a half window.
function maxPool(input, [height, width, channels]) {
  const [down, across] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const output = new Float32Array(down * across * channels).fill(-Infinity);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      const to = ((y >> 1) * across + (x >> 1)) * channels;
      for (let c = 0; c < channels; c++) output[to + c] = Math.max(output[to + c], input[from + c]);
    }
  }
  return output;
}

function matmul(input, w, units) {
  const sums = new Float64Array(units);
  addProducts(sums, input, 0, input.length, w, 0);
  return sums;
}

export function softmax(logits) {
  const largest = Math.max(...logits);
  const exps = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exps.reduce((total, each) => total + each, 0);
  return exps.map((each) => each / sum);
}

// Every activation of an image of 784 values, by its name in cnn.model.
export function forward(X, weights, shapes) {
  const found = { X };
  found.l1a = convRelu(X, shapes.X, weights.w, shapes.l1a[2]);
  found.l1 = maxPool(found.l1a, shapes.l1a);
  found.l2a = convRelu(found.l1, shapes.l1, weights.w2, shapes.l2a[2]);
  found.l2 = maxPool(found.l2a, shapes.l2a);
  found.l3a = convRelu(found.l2, shapes.l2, weights.w3, shapes.l3a[2]);
  found.l3 = maxPool(found.l3a, shapes.l3a);
  found.l4 = Float32Array.from(matmul(found.l3, weights.w4, shapes.l4[0]), (v) => Math.max(0, v));
  found.py_x = Float32Array.from(matmul(found.l4, weights.w_o, shapes.py_x[0]));
  found.softmax = Float32Array.from(softmax(found.py_x));
  return found;
}

// conv2d with one 3x3 filter on a 28x28 image: [height, width] and the values.
export function convolve(X, filter, padding, stride) {
  const side = padding === "SAME" ? Math.ceil(28 / stride) : Math.ceil(26 / stride);
  // SAME puts the odd row and column of padding at the end, as TensorFlow does.
  const before = padding === "SAME" ? Math.floor(Math.max(0, (side - 1) * stride + 3 - 28) / 2) : 0;
  const output = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let k = 0; k < 9; k++) {
        const row = y * stride - before + Math.floor(k / 3);
        const column = x * stride - before + (k % 3);
        if (row < 0 || row > 27 || column < 0 || column > 27) continue;
        output[y * side + x] += X[row * 28 + column] * filter[k];
      }
    }
  }
  return [[side, side], output];
}
