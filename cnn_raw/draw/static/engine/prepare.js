// prepare.py in JavaScript: ink made into an image like MNIST's. `known` has Python's constants.

const SIDE = 28;

// {ink, size, box, small, image, shift}. ink: Float32Array of size x size; box: [top, left, bottom,
// right] or null.
export function prepareInk(ink, size, box, center, known) {
  const { BOX } = known;
  const image = new Float32Array(SIDE * SIDE);
  if (!box) return { ink, size, box, small: new Float32Array(BOX * BOX), image, shift: [0, 0] };
  const small = square(ink, size, box, known);
  const margin = (SIDE - BOX) / 2;
  const shift = center ? shiftOf(small, margin, known) : [0, 0];
  for (let row = 0; row < BOX; row++) {
    const from = small.subarray(row * BOX, (row + 1) * BOX);
    image.set(from, (margin + shift[0] + row) * SIDE + margin + shift[1]);
  }
  return { ink, size, box, small, image, shift };
}

// Why it may not be one digit, or null.
export function warningOf(prepared, known) {
  if (severalDigits(prepared, known)) return "severalDigits";
  const ink = prepared.image.reduce((sum, value) => sum + value, 0) / prepared.image.length;
  return ink > known.MOST_INK ? "tooMuchInk" : null;
}

// Whether empty rows or columns part the ink in two, each as high as a digit.
function severalDigits({ ink, size, box }, known) {
  if (!box) return false;
  const [top, left, bottom, right] = box;
  const edge = Math.fround(known.EDGE);
  const [rows, columns] = [bottom - top, right - left].map((many) => Array.from({ length: many }, () => []));
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      if (ink[row * size + column] <= edge) continue;
      rows[row - top].push(row);
      columns[column - left].push(row);
    }
  }
  const high = (lines) => {
    const inked = lines.flat();
    return inked.length ? Math.max(...inked) - Math.min(...inked) + 1 : 0;
  };
  return [rows, columns].some((lines) => lines.some((line, i) => line.length && lines[i + 1]?.length === 0
    && Math.min(high(lines.slice(0, i + 1)), high(lines.slice(i + 1))) >= known.DIGIT * rows.length));
}

export function boxOf(ink, size, { EDGE }) {
  const edge = Math.fround(EDGE * ink.reduce((most, value) => Math.max(most, value), 0));
  let [top, left, bottom, right] = [size, size, 0, 0];
  ink.forEach((value, i) => {
    if (value <= edge) return;
    const [row, column] = [Math.floor(i / size), i % size];
    [top, left] = [Math.min(top, row), Math.min(left, column)];
    [bottom, right] = [Math.max(bottom, row + 1), Math.max(right, column + 1)];
  });
  return bottom ? [top, left, bottom, right] : null;
}

// The picture reduced to 28x28 by area, and nothing else done to it.
export function shrunk(picture, size, { BOX }) {
  const block = size / SIDE;
  const sums = new Float64Array(SIDE * SIDE);
  picture.forEach((value, i) => {
    const [row, column] = [Math.floor(i / size / block), Math.floor((i % size) / block)];
    sums[row * SIDE + column] += value;
  });
  const image = Float32Array.from(sums, (sum) => sum / (block * block));
  const margin = (SIDE - BOX) / 2;
  const small = Float32Array.from({ length: BOX * BOX }, (_, i) =>
    image[(margin + Math.floor(i / BOX)) * SIDE + margin + (i % BOX)]);
  const box = picture.some((value) => value !== 0) ? [0, 0, size, size] : null;
  return { ink: picture, size, box, small, image, shift: [0, 0] };
}

function square(ink, size, [top, left, bottom, right], known) {
  const { BOX, EDGE } = known;
  const scale = Math.max(bottom - top, right - left) / BOX;
  const down = shares(size, top, bottom, scale, BOX);
  const across = shares(size, left, right, scale, BOX);
  const rows = new Float64Array(BOX * size); // down @ ink
  for (let i = 0; i < BOX; i++) {
    for (const [row, share] of down[i]) {
      for (let x = 0; x < size; x++) rows[i * size + x] += share * ink[row * size + x];
    }
  }
  const small = new Float64Array(BOX * BOX);
  for (let i = 0; i < BOX; i++) {
    for (let j = 0; j < BOX; j++) {
      for (const [column, share] of across[j]) small[i * BOX + j] += rows[i * size + column] * share;
    }
  }
  const inked = small.filter((value) => value > EDGE).sort();
  const full = inked.length ? percentile(inked, 85) : 1;
  return Float32Array.from(small, (value) => (inked.length ? Math.min(1, Math.max(0, value / full)) : value));
}

// For each of the box's pixels: [pixel of the picture, its share of it, by area].
function shares(length, start, end, scale, BOX) {
  const before = Math.floor((BOX - Math.ceil((end - start) / scale - 1e-6)) / 2);
  return Array.from({ length: BOX }, (_, i) => {
    const [low, high] = [start + (i - before) * scale, start + (i + 1 - before) * scale];
    const found = [];
    for (let pixel = Math.max(0, Math.floor(low)); pixel < Math.min(length, high); pixel++) {
      const overlap = Math.min(high, pixel + 1) - Math.max(low, pixel);
      if (overlap > 0) found.push([pixel, overlap / scale]);
    }
    return found;
  });
}

// As NumPy's: between the two nearest of the sorted values.
function percentile(sorted, percent) {
  const place = (sorted.length - 1) * percent / 100;
  const below = Math.floor(place);
  return sorted[below] + (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]) * (place - below);
}

// The whole pixels [down, right] that bring the centre of mass to the middle.
function shiftOf(small, margin, { BOX, MIDDLE }) {
  let [total, down, right] = [0, 0, 0];
  small.forEach((value, i) => {
    total += value;
    down += value * (Math.floor(i / BOX) + margin);
    right += value * ((i % BOX) + margin);
  });
  if (total === 0) return [0, 0];
  return [down, right].map((sum) =>
    Math.min(margin, Math.max(-margin, roundHalfEven(MIDDLE - sum / total))));
}

function roundHalfEven(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 ? rounded - 1 : rounded + 0;
}
