// A drawing in the fragment of an address: #draw=320.240-420.180_..., points in thousandths.

const MOST_LENGTH = 20_000;

export const toFragment = (strokes) => `draw=${strokes.map((stroke) =>
  stroke.map((point) => point.map((share) => Math.round(1000 * share)).join(".")).join("-")).join("_")}`;

// The strokes in a fragment, or null if it holds no drawing.
export function fromFragment(fragment) {
  const found = /^#draw=([\d._-]+)$/.exec(fragment);
  if (!found || fragment.length > MOST_LENGTH) return null;
  const strokes = found[1].split("_").map((stroke) =>
    stroke.split("-").map((point) => point.split(".").map((n) => Number(n) / 1000)));
  const good = strokes.flat().every((point) => point.length === 2 && point.every((n) => n >= 0 && n <= 1));
  return good ? strokes : null;
}
