// How the drawing becomes an image like MNIST's: every step, and what happens without it.

import { checkbox, el, labelled } from "./dom.js";
import { paint } from "./colour.js";
import { unpacked } from "./arrays.js";
import { say } from "./text.js";

const STEPS = {
  prepare: say("prepare"), pen: say("penStep"),
  box: say("boxStep"), center: say("centerStep"),
};

export function preparationSection(page) {
  const boxes = {};
  const labels = Object.entries(STEPS).map(([name, text]) => {
    const [input, label] = checkbox(text, true, () => page.refresh());
    boxes[name] = input;
    return label;
  });
  page.steps = () => Object.fromEntries(Object.entries(boxes).map(([name, box]) => [name, box.checked]));
  const thickness = el("input", { type: "range", min: 3, max: 16, value: 100 * page.pad.thickness,
    oninput: () => page.pad.setThickness(thickness.value / 100) });

  const canvases = {};
  const captions = {};
  const ink = el("canvas");
  const figures = ["raw", "box", "small", "image"].map((name) => {
    canvases[name] = el("canvas", { role: "img" });
    captions[name] = el("figcaption");
    return el("figure", {}, canvases[name], captions[name]);
  });

  function show(stages) {
    const maps = {};
    for (const name of ["raw", "ink", "small", "image"]) {
      maps[name] = unpacked(stages[name]);
      const [height, width] = maps[name].shape;
      paint(canvases[name] ?? ink, maps[name].bytes, height, width, true);
    }
    paintBox(canvases.box, ink, stages.box);
    const [height, width] = maps.raw.shape;
    const [down, right] = stages.shift;
    const texts = { raw: say("asDrawn", { shape: `${height}\u00d7${width}` }), box: say("inkBox"),
      small: say("smallBox"), image: say("moved", { vertical: say(down < 0 ? "up" : "down", { n: Math.abs(down) }),
        horizontal: say(right < 0 ? "left" : "right", { n: Math.abs(right) }) }) };
    for (const [name, text] of Object.entries(texts)) {
      captions[name].textContent = text;
      canvases[name].setAttribute("aria-label", text);
    }
  }

  return {
    element: el("div", { className: "preparation" },
      el("p", { className: "says" }, say("preparationSays")),
      el("div", { className: "row" }, ...labels, labelled(say("pen"), thickness)),
      el("div", { className: "stages" }, ...figures)),
    asks: () => [{ op: "stages" }],
    show,
  };
}

function paintBox(canvas, ink, box) {
  const cell = Math.max(1, Math.floor(280 / ink.width));
  canvas.width = cell * ink.width;
  canvas.height = cell * ink.height;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(ink, 0, 0, canvas.width, canvas.height);
  if (!box) return;
  const [top, left, bottom, right] = box.map((share, i) => share * (i % 2 ? canvas.width : canvas.height));
  context.strokeStyle = "#d14900";
  context.lineWidth = 3;
  context.strokeRect(left, top, right - left, bottom - top);
}
