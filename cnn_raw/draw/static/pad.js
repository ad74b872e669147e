// What is drawn on: strokes in shares of its side, a test digit, or a picture that was pasted.

import { aria, ARROWS, el } from "./dom.js";
import { say } from "./text.js";

export const MOST_POINTS = 20_000; // more is not taken by inside.py either
const NEAR = 0.003; // points nearer to the last one are left out

const rounded = (share) => Math.round(1e4 * share) / 1e4;
const within = (share, edge = 0) => rounded(Math.min(1 - edge, Math.max(edge, share)));

export class Pad {
  // changed(finished): something was drawn; tell(text): a message for who draws.
  constructor(changed, tell) {
    Object.assign(this, { changed, tell, thickness: 0.08, past: [], demonstration: 0, frame: null });
    this.content = { strokes: [] }; // or { test } or { picture }, as the source of a request
    this.background = null; // a canvas with the test digit or the picture
    this.pen = { x: 0.5, y: 0.5, down: false, shown: false }; // moved by the arrow keys
    this.canvas = el("canvas", {
      className: "pad", width: 448, height: 448, tabIndex: 0, role: "application",
      ...aria(say("pad")),
      onpointerdown: (event) => this.start(event), onpointermove: (event) => this.move(event),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
      onkeydown: (event) => this.key(event), onblur: () => this.showPen(false),
    });
    this.element = el("div", { className: "paper" }, this.canvas,
      el("p", { className: "invitation", "aria-hidden": "true" }, say("invitation")));
    this.repaint();
  }

  get source() {
    const { strokes } = this.content;
    return strokes ? { strokes, thickness: this.thickness } : this.content;
  }

  get empty() {
    return this.content.strokes?.length === 0;
  }

  // Put something else on the pad. `undo` brings back what was there.
  take(content, background = null) {
    this.stopDemonstration();
    this.remember();
    Object.assign(this, { content, background });
    this.repaint();
    this.changed(true);
  }

  remember() {
    this.tell("");
    const { strokes } = this.content;
    const content = strokes ? { strokes: strokes.slice() } : this.content;
    this.past.push({ content, background: this.background });
  }

  undo() {
    this.stopDemonstration();
    const before = this.past.pop();
    if (!before) return;
    this.tell("");
    Object.assign(this, before);
    this.repaint();
    this.changed(true);
  }

  clear() {
    if (!this.empty) this.take({ strokes: [] });
  }

  setThickness(thickness) {
    this.thickness = thickness;
    this.repaint();
    this.changed(true);
  }

  begin(point) {
    this.stopDemonstration();
    this.remember();
    if (!this.content.strokes) Object.assign(this, { content: { strokes: [] }, background: null });
    if (this.full()) return;
    this.content.strokes.push([point]);
    this.repaint();
    this.changed(false);
  }

  extend(points) {
    const stroke = this.content.strokes?.at(-1);
    if (!stroke || this.full()) return;
    for (const point of points) {
      const last = stroke.at(-1);
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAR) stroke.push(point);
    }
    this.repaint();
    this.changed(false);
  }

  full() {
    const points = this.content.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    if (points < MOST_POINTS - 100) return false;
    this.tell(say("tooManyPoints"));
    return true;
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width),
      within((event.clientY - box.top) / box.height)];
  }

  start(event) {
    if (event.button !== 0 || this.pointer !== undefined) return;
    event.preventDefault();
    this.canvas.dataset.by = "pointer";
    this.canvas.focus({ preventScroll: true });
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.begin(this.place(event));
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length ? events : [event]).map((each) => this.place(each)));
  }

  end() {
    if (this.pointer === undefined) return;
    this.pointer = undefined;
    this.changed(true);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { pen } = this;
    this.canvas.dataset.by = "keys";
    if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) this.begin([pen.x, pen.y]);
      else this.changed(true);
    } else if (event.key in ARROWS) {
      const [right, down] = ARROWS[event.key];
      const step = event.shiftKey ? 0.1 : 0.03;
      Object.assign(pen, { x: within(pen.x + step * right, 0.02), y: within(pen.y + step * down, 0.02) });
      if (pen.down) this.extend([[pen.x, pen.y]]);
    } else if (event.key === "Escape") {
      Object.assign(pen, { down: false });
      if (this.pointer === undefined) this.clear();
      else {
        this.pointer = undefined;
        this.undo();
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.showPen(true);
  }

  showPen(shown) {
    if (this.pen.shown === shown && !shown) return;
    this.pen.shown = shown;
    if (!shown && this.pen.down) {
      this.pen.down = false;
      this.changed(true);
    }
    this.repaint();
  }

  // Draw a digit by itself, once: it is gone as soon as the reader draws.
  demonstrate(strokes, seconds = 1.6) {
    const points = strokes.flatMap((stroke, i) => stroke.map((point) => [i, point]));
    let start = null;
    const step = (now) => {
      start ??= now;
      const many = Math.ceil(points.length * Math.min(1, (now - start) / 1000 / seconds));
      const drawn = [];
      for (const [i, point] of points.slice(0, many)) (drawn[i] ??= []).push(point);
      this.content = { strokes: drawn.filter(Boolean) };
      this.repaint();
      const ended = many === points.length;
      this.demonstration = ended ? -1 : requestAnimationFrame(step);
      this.changed(ended);
    };
    this.demonstration = requestAnimationFrame(step);
  }

  stopDemonstration() {
    if (!this.demonstration) return;
    cancelAnimationFrame(this.demonstration);
    Object.assign(this, { demonstration: 0, content: { strokes: [] } });
  }

  // Painted once a frame, however many points come in it.
  repaint() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    this.element.classList.toggle("blank", this.empty || this.demonstration !== 0);
    const style = getComputedStyle(this.canvas);
    const context = this.canvas.getContext("2d");
    const side = this.canvas.width;
    this.paintInto(context, side, style.backgroundColor || "#ffffff", style.color || "#000000");
    if (this.pen.shown) {
      context.lineWidth = 3;
      context.strokeStyle = this.pen.down ? "#c25100" : "#1f7ae0";
      context.beginPath();
      context.arc(this.pen.x * side, this.pen.y * side, this.thickness * side / 2 + 4, 0, 7);
      context.stroke();
    }
  }

  // Ink on paper, in a square canvas of any size.
  thumbnail(canvas) {
    this.paintInto(canvas.getContext("2d"), canvas.width, "#ffffff", "#000000");
  }

  paintInto(context, side, paper, ink) {
    context.fillStyle = paper;
    context.fillRect(0, 0, side, side);
    if (this.background) context.drawImage(this.background, 0, 0, side, side);
    context.lineWidth = this.thickness * side;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = ink;
    for (const [first, ...points] of this.content.strokes ?? []) {
      context.beginPath();
      context.moveTo(first[0] * side, first[1] * side);
      for (const [x, y] of points.length ? points : [first]) context.lineTo(x * side, y * side);
      context.stroke();
    }
  }
}
