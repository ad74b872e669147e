// The first layer's 32 filters and their maps, and one filter of the reader's own.

import { aria, button, el, number, radios } from "./dom.js";
import { paint } from "./colour.js";
import { channel, unpacked } from "./arrays.js";
import { say } from "./text.js";

const PRESETS = {
  uprightEdge: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  levelEdge: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((n) => n / 16),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
};

export function filtersSection(page) {
  const scale = el("p", { className: "says" });
  const filters = [...Array(32).keys()].map((i) => {
    const [own, map] = [el("canvas"), el("canvas")];
    const element = el("button", { type: "button", className: "filter",
      ...aria(say("filterButton", { i })),
      onclick: () => page.point("l1a", [14, 14, i], true) },
    own, map, el("span", {}, String(i)));
    return { own, map, element };
  });

  function show(reply) {
    const [w, maps] = [unpacked(reply.filters), unpacked(reply.maps)];
    filters.forEach(({ own, map }, i) => {
      paint(own, channel(w, i), 3, 3);
      paint(map, channel(maps, i), 28, 28);
    });
    scale.textContent = say("filtersSay",
      { weight: number(127 * w.scale, 2), map: number(127 * maps.scale, 2) });
  }

  return {
    element: el("div", {}, scale, el("div", { className: "filters" },
      ...filters.map((filter) => filter.element))),
    asks: () => [{ op: "filters", model: page.model }],
    show,
  };
}

export function trySection(page) {
  const again = () => page.refresh(section);
  const [paddings, padding] = radios(say("padding"), ["SAME", "VALID"], again);
  const [strides, stride] = radios(say("stride"), ["1", "2"], again);
  const nine = PRESETS.uprightEdge.map((value, i) => el("input", {
    type: "number", step: "any", value, oninput: again,
    ...aria(say("filterCell", { row: Math.floor(i / 3), column: i % 3 })),
  }));
  const map = el("canvas", { className: "tried", role: "img", ...aria(say("filterMap")) });
  const name = el("figcaption", { "aria-live": "polite" });
  const presets = Object.entries(PRESETS).map(([name, values]) => button(say(name), () => {
    nine.forEach((input, i) => { input.value = values[i]; });
    again();
  }));

  const section = {
    element: el("div", { className: "try" },
      el("p", { className: "says" }, say("trySays")),
      el("div", { className: "halves" },
        el("div", {}, el("div", { className: "row" }, ...presets),
          el("div", { className: "nine" }, ...nine),
          el("div", { className: "row" }, paddings, strides)),
        el("figure", {}, map, name))),
    asks: () => {
      const values = nine.map((input) => (input.value === "" ? NaN : Number(input.value)));
      if (!values.every((value) => Math.abs(value) <= 100)) {
        name.textContent = say("nineNumbers");
        return [];
      }
      return [{ op: "try", padding: padding(), stride: Number(stride()),
        filter: [0, 3, 6].map((k) => values.slice(k, k + 3)) }];
    },
    show: (reply) => {
      const [height, width] = reply.shape;
      paint(map, unpacked(reply.map).bytes, height, width);
      // A value is drawn equally large whatever the padding and the stride.
      map.style.width = `${(100 * width) / 28}%`;
      name.textContent = say("becomes", { shape: `${height}\u00d7${width}` });
    },
  };
  return section;
}
