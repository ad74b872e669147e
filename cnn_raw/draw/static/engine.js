// For a page without Python: its answers, given what Python put into it.

import { Inside } from "./engine/inside.js";

// The bytes in base64, as an array of `Type`.
const decoded64 = (text, Type) => new Type(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);

// float16 to float32, exactly: sign, exponent and fraction put where float32 has them.
export function widened(halves) {
  const bits = new Uint32Array(halves.length);
  halves.forEach((half, i) => {
    const [sign, exponent, fraction] = [(half & 0x8000) << 16, (half >> 10) & 31, half & 1023];
    if (exponent) bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else if (fraction) { // smaller than float16's smallest normal number
      const shift = Math.clz32(fraction) - 21;
      bits[i] = sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
    } else bits[i] = sign;
  });
  return new Float32Array(bits.buffer);
}

// `data`: what one_file.py writes. Arrays are base64: weights of float16, images of uint8.
export function insideOf({ known, name, weights, tests, wrong }) {
  const model = Object.fromEntries(Object.entries(weights).map(([key, text]) =>
    [key, widened(decoded64(text, Uint16Array))]));
  const pixels = decoded64(tests.images, Uint8Array);
  const digits = tests.numbers.map((test, i) => ({ test, label: tests.labels[i],
    image: Float32Array.from(pixels.subarray(784 * i, 784 * (i + 1)), (v) => v * Math.fround(1 / 255)) }));
  return new Inside({ known, models: { [name]: model }, tests: digits, wrong: { [name]: wrong } });
}
