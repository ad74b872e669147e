// Elements, and numbers in words.

let serial = 0;

export function el(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const newId = () => `cnn-raw-${++serial}`;

export const aria = (name) => ({ "aria-label": name });

export const button = (text, onclick, options = {}) =>
  el("button", { type: "button", onclick, ...options }, text);

export function labelled(text, input) {
  input.id ||= newId();
  return el("span", { className: "labelled" }, el("label", { htmlFor: input.id }, text), input);
}

export function checkbox(text, checked, onchange) {
  const input = el("input", { type: "checkbox", checked, onchange });
  return [input, el("label", {}, input, " ", text)];
}

export function radios(name, values, onchange) {
  const group = newId();
  const inputs = values.map((value, i) =>
    el("input", { type: "radio", name: group, value, checked: i === 0, onchange }));
  const set = el("fieldset", {}, el("legend", {}, name),
    ...inputs.map((input) => el("label", {}, input, ` ${input.value}`)));
  return [set, () => inputs.find((input) => input.checked).value];
}

export const select = (values, onchange, options = {}) =>
  el("select", { onchange, ...options }, ...values.map((value) => el("option", { value }, value)));

// A whole number from an input, within its own bounds.
export function whole(input) {
  const value = Math.trunc(Number(input.value)) || 0;
  return Math.min(Number(input.max), Math.max(Number(input.min), value));
}

export const number = (value, digits = 4) => value.toFixed(digits).replace("-", "\u2212");
// The arrow keys, as steps to the right and down.
export const ARROWS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};
export const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
export const place = (layer, at) => `${layer}[${at.join(", ")}]`;
