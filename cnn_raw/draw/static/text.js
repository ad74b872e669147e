// What the page says: `say("moved", { n: 3 })` is the text of that name, with {n} filled in.

import { ENGLISH } from "./english.js";

export const say = (name, values = {}) =>
  ENGLISH[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

// A count, with its thousands apart.
export const count = (n) => n.toLocaleString("en");
