// strokes.py in JavaScript: strokes made into a picture, and made as large as MNIST's digits.
// The constants (`known`) are Python's own.

// Float32Array of known.SIZE squared values.
export function rasterise(strokes, thickness, known) {
  const size = known.SIZE;
  const picture = new Float32Array(size * size);
  const reach = thickness * size / 2 + 0.5;
  for (const stroke of strokes) {
    const points = thinned(stroke.map(([x, y]) => [x * size, y * size]));
    points.forEach((start, i) => drawSegment(picture, size, start, points[i + 1] ?? start, reach));
  }
  return picture;
}

function drawSegment(picture, size, [x0, y0], [x1, y1], reach) {
  const clip = (value) => Math.min(size, Math.max(0, value));
  const [left, right] = [clip(Math.floor(Math.min(x0, x1) - reach)), clip(Math.ceil(Math.max(x0, x1) + reach))];
  const [top, bottom] = [clip(Math.floor(Math.min(y0, y1) - reach)), clip(Math.ceil(Math.max(y0, y1) + reach))];
  const [alongX, alongY] = [x1 - x0, y1 - y0];
  const squared = alongX * alongX + alongY * alongY;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [x, y] = [column + 0.5 - x0, row + 0.5 - y0];
      const t = squared ? Math.min(1, Math.max(0, (x * alongX + y * alongY) / squared)) : 0;
      const distance = Math.sqrt((x - t * alongX) ** 2 + (y - t * alongY) ** 2);
      const ink = Math.min(1, Math.max(0, reach - distance));
      const at = row * size + column;
      if (ink > picture[at]) picture[at] = ink;
    }
  }
}

// Points less than a pixel from the last one that stays are left out; the ends stay.
function thinned(points) {
  const kept = [points[0]];
  for (const point of points.slice(1, -1)) {
    const last = kept.at(-1);
    if (Math.max(Math.abs(point[0] - last[0]), Math.abs(point[1] - last[1])) >= 1) kept.push(point);
  }
  return points.length > 1 ? [...kept, points.at(-1)] : kept;
}

// [strokes, thickness]: scaled and moved to the canvas's middle, with MNIST's pen.
export function fit(strokes, thickness, { PEN, FITTED, SPECK }) {
  const lengths = strokes.map((points) => points.slice(1).reduce((sum, [x, y], i) =>
    sum + Math.sqrt((x - points[i][0]) ** 2 + (y - points[i][1]) ** 2), 0));
  const longest = Math.max(...lengths);
  const kept = strokes.filter((_, i) => lengths[i] >= SPECK * longest);
  const [xs, ys] = [0, 1].map((k) => kept.flat().map((point) => point[k]));
  const [low, high] = [[least(xs), least(ys)], [most(xs), most(ys)]];
  const side = Math.max(high[0] - low[0], high[1] - low[1]);
  if (!xs.length || side <= thickness / 4) return [strokes, thickness];
  const scale = (1 - PEN) * FITTED / side;
  const middle = [0, 1].map((k) => (low[k] + high[k]) / 2);
  return [kept.map((points) => points.map((point) =>
    point.map((value, k) => (value - middle[k]) * scale + 0.5))), PEN * FITTED];
}

const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
