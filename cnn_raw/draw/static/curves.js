// Curves over the steps of a training: the cost, and the accuracy.

import { aria, el } from "./dom.js";
import { fitCanvas } from "./tiles.js";

const LEFT = 48; // pixels for the numbers of the axis
const RIGHT = 46; // for the names of the lines
const [TOP, BOTTOM] = [10, 22];

// A round number of which three to six fit into `most`.
function tick(most) {
  const ten = 10 ** Math.floor(Math.log10(most / 3));
  return ten * ([5, 2, 1].find((n) => most / (n * ten) >= 3) ?? 1);
}

export class Curves {
  // lines: [{name, colour: a variable of the style sheet}]; level: {at, name}, a dashed line;
  // shown(value): as text on the axis.
  constructor(title, lines, { most, level = null, shown }) {
    Object.assign(this, { title, lines, most, level, shown, points: lines.map(() => []), before: [] });
    this.canvas = el("canvas", { role: "img", ...aria(title) });
    this.says = el("figcaption");
    this.element = el("figure", { className: "curves" },
      el("h3", {}, title), this.canvas, this.says);
  }

  // Begin anew. `compared`: what the first line was stays, in grey.
  clear(compared = false) {
    if (compared && this.points[0].length > 1) [this.before] = this.points;
    this.points = this.lines.map(() => []);
  }

  // Add points [step, value, ...]: one value for each line.
  add(points) {
    for (const [step, ...values] of points) {
      values.forEach((value, k) => {
        if (step > (this.points[k].at(-1)?.[0] ?? -1)) this.points[k].push([step, value]);
      });
    }
  }

  say(text) {
    this.says.textContent = text;
    this.canvas.setAttribute("aria-label", `${this.title}. ${text}`);
  }

  // Paint the lines, the axis as long as so many `steps`.
  paint(steps) {
    const [width, height] = fitCanvas(this.canvas);
    if (!width || !height) return;
    const context = this.canvas.getContext("2d");
    const scale = this.canvas.width / width;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name);
    steps = Math.max(20, steps);
    const before = this.before.filter(([step]) => step <= steps);
    const most = Math.max(this.most, ...[...before, ...this.points.flat()].map(([, value]) => value));
    const x = (step) => LEFT + (step / steps) * (width - LEFT - RIGHT);
    const y = (value) => height - BOTTOM - (value / most) * (height - TOP - BOTTOM);
    this.axes(context, x, y, steps, most, colour);
    if (this.level) this.dashed(context, x, y, steps, colour);
    this.line(context, before, x, y, colour("--soft"));
    const ends = [];
    this.lines.forEach(({ name, colour: own }, k) => {
      this.line(context, this.points[k], x, y, colour(own));
      const last = this.points[k].at(-1);
      if (last) ends.push({ name, colour: colour(own), x: x(last[0]) + 5, y: y(last[1]) });
    });
    ends.sort((one, other) => one.y - other.y);
    ends.forEach((end, k) => { // names that would lie on each other stand one below the other
      if (k) end.y = Math.max(end.y, ends[k - 1].y + 14);
    });
    Object.assign(context, { textAlign: "left", lineWidth: 5, strokeStyle: colour("--paper") });
    for (const end of ends) {
      context.fillStyle = end.colour;
      context.strokeText(end.name, end.x, end.y); // so that no line crosses it
      context.fillText(end.name, end.x, end.y);
    }
  }

  axes(context, x, y, steps, most, colour) {
    Object.assign(context, { font: "12px system-ui, sans-serif", textBaseline: "middle",
      fillStyle: colour("--soft"), strokeStyle: colour("--line"), lineWidth: 1 });
    const up = tick(most);
    context.textAlign = "right";
    for (let value = 0; value <= most + 1e-9; value += up) {
      context.fillText(this.shown(value), LEFT - 8, y(value));
      context.beginPath();
      context.moveTo(LEFT, Math.round(y(value)) + 0.5);
      context.lineTo(x(steps), Math.round(y(value)) + 0.5);
      context.stroke();
    }
    context.textAlign = "center";
    const right = Math.max(1, tick(steps));
    for (let step = 0; step <= steps; step += right) {
      context.fillText(step.toLocaleString("en"), x(step), y(0) + 13);
    }
  }

  dashed(context, x, y, steps, colour) {
    const { at, name } = this.level;
    context.strokeStyle = colour("--soft");
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(LEFT, y(at));
    context.lineTo(x(steps), y(at));
    context.stroke();
    context.setLineDash([]);
    context.textAlign = "right";
    context.fillText(name, x(steps), y(at) - 9);
  }

  line(context, points, x, y, colour) {
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    for (const [step, value] of points) context.lineTo(x(step), y(value));
    context.stroke();
  }
}
