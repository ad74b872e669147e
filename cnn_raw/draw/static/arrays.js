// Arrays as Python sends them: {shape, scale, data}, base64 of int8, to be multiplied by scale.

export function unpacked({ shape, scale, data, bytes: own }) {
  if (own) return { shape, scale, bytes: own }; // packed on this page, by toPacked
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  return { shape, scale, bytes: new Int8Array(bytes.buffer) };
}

export function toPacked(values, shape) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { shape, scale: largest / 127 || 1, bytes: toBytes(values, largest) };
}

// One channel of a map, as bytes.
export function channel({ shape, bytes }, c) {
  const channels = shape.at(-1);
  const found = new Int8Array(bytes.length / channels);
  for (let i = 0; i < found.length; i++) found[i] = bytes[i * channels + c];
  return found;
}

// Numbers of any kind as bytes, the largest of them (or `most`) as 127.
export function toBytes(values, most = 0) {
  const largest = most || values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-12);
  return Int8Array.from(values, (v) => Math.round(127 * Math.max(-1, Math.min(1, v / largest))));
}
