// What the page says: `say("moved", { n: 3 })` is the text of that name, with {n} filled in.
// The language is that of the address, ?lang=ko, or else the browser's.

import { ENGLISH } from "./english.js";
import { KOREAN } from "./korean.js";

const TEXTS = { en: ENGLISH, ko: KOREAN };

export const LANGUAGES = Object.entries(TEXTS).map(([code, texts]) => [code, texts.language]);

export const language = [
  new URLSearchParams(location.search).get("lang"),
  ...navigator.languages.map((tag) => tag.split("-")[0]),
].find((code) => Object.hasOwn(TEXTS, code)) ?? "en";

export const say = (name, values = {}) =>
  TEXTS[language][name].replace(/\{(\w+)\}/g, (_, key) => values[key]);

// A count, with its thousands apart.
export const count = (n) => n.toLocaleString("en");
