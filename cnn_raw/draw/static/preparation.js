// How the drawing becomes an image like MNIST's: every step, and what happens without it.

import { checkbox, el, labelled } from "./dom.js";
import { paint } from "./colour.js";
import { unpacked } from "./arrays.js";

const STEPS = {
  prepare: "prepare (off: only shrink to 28\u00d728)", pen: "scale up, with MNIST's pen",
  box: "cut out the ink's box", center: "move the centre of mass to the middle",
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
    const texts = { raw: `As drawn, ${height}\u00d7${width}`, box: "Scaled up, and the ink's box",
      small: "The box in 20\u00d720", image: `28\u00d728: moved ${Math.abs(down)} `
        + `${down < 0 ? "up" : "down"}, ${Math.abs(right)} ${right < 0 ? "left" : "right"}` };
    for (const [name, text] of Object.entries(texts)) {
      captions[name].textContent = text;
      canvases[name].setAttribute("aria-label", text);
    }
  }

  return {
    element: el("div", { className: "preparation" },
      el("p", { className: "says" }, "MNIST's digits were cut out, reduced to 20\u00d720 pixels and "
        + "centred. The network has seen no others. Switch a step off and watch the estimate."),
      el("div", { className: "row" }, ...labels, labelled("pen", thickness)),
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
