// Draw a digit and look inside: the same page from a server, in a notebook and in a file.
//
//   const end = await mount(root, ask)    ask(request): a promise of the reply (see inside.py)

import { el, select, labelled } from "./dom.js";
import { Looks } from "./looks.js";
import { Pad } from "./pad.js";
import { DrawSection } from "./draw.js";
import { flowSection } from "./flow.js";
import { estimateSection } from "./estimate.js";
import { NumberSection } from "./number.js";
import { preparationSection } from "./preparation.js";
import { filtersSection, trySection } from "./filters.js";
import { compareSection } from "./compare.js";
import { wrongSection } from "./wrong.js";
import { tabs } from "./tabs.js";

export async function mount(root, ask) {
  root.classList.add("cnn-raw");
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab leaves keys to the page
  const message = el("p", { className: "message", role: "alert" });
  root.replaceChildren(message);
  if (!window.PointerEvent || !window.ResizeObserver) {
    message.textContent = "This browser has no Pointer Events: use a newer one to draw.";
    return () => {};
  }
  const state = await firstAnswer(ask, message);
  const page = new Page(root, ask, state, message);
  root.replaceChildren(bar(page, message), recognise(page));
  page.begin();
  return () => page.end();
}

// The server may still be starting: ask until it answers.
async function firstAnswer(ask, message) {
  for (;;) {
    try {
      const state = await ask({ op: "state" });
      if (state.error) throw new Error(state.error);
      return state;
    } catch (error) {
      message.textContent = error.message;
      if (!error.again) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

class Page {
  constructor(root, ask, state, message) {
    Object.assign(this, { root, ask, state, model: state.models[0], ends: [] });
    this.whole = root.tagName === "MAIN"; // not a widget among others
    this.choice = { layer: "l1a", at: [14, 14, 0] };
    this.hover = null;
    this.work = 0; // while there is any, the page does not show its last word
    this.note = this.warning = "";
    this.say = () => { message.textContent = this.warning || this.note; };
    this.tell = (note) => {
      this.note = note;
      this.say();
    };
    this.pad = new Pad(() => this.refresh(), this.tell);
    this.looks = new Looks(ask, () => this.common(), (change) => this.busy(change), (text) => {
      this.warning = text;
      this.say();
      root.classList.toggle("stale", text !== "");
    });
    this.point = this.point.bind(this);
  }

  begin() {
    this.repaintOnNewColours();
    this.refresh();
    this.draw.welcome();
  }

  onEnd(end) {
    this.ends.push(end);
  }

  end() {
    this.looks.end();
    for (const end of this.ends) end();
  }

  busy(change) {
    this.work += change;
    this.root.setAttribute("aria-busy", String(this.work > 0));
  }

  common() {
    return { source: this.pad.source, steps: this.steps(), dropout: this.draw.dropout() };
  }

  // Ask anew for these sections, or for all in sight.
  refresh(...sections) {
    this.looks.refresh(...(sections.length ? sections
      : new Set([this.flow, this.estimate, this.panels.active()])));
  }

  shown() {
    return this.hover ?? this.choice;
  }

  // Point at a value: to see it explained while pointing, or to keep it (`kept`).
  point(layer, at, kept) {
    const shape = this.state.shapes[layer];
    const wanted = at ?? this.flow.columns[layer].strongest();
    const place = { layer, at: wanted.map((n, i) => Math.min(shape[i] - 1, Math.max(0, n))) };
    const same = JSON.stringify(place) === JSON.stringify(this.shown());
    if (kept) {
      Object.assign(this, { choice: place, hover: null });
      if (this.panels.active() !== this.number || this.narrow()) this.panels.choose("One number");
    } else this.hover = place;
    if (!same) this.refresh(this.number);
  }

  unpoint() {
    if (!this.hover) return;
    this.hover = null;
    this.refresh(this.number);
  }

  narrow() {
    return this.root.clientWidth < 640;
  }

  showModel(model) {
    this.model = model;
    this.modelName.value = model;
    this.refresh();
  }

  takeTest(i) {
    return this.draw.takeTest(i);
  }

  repaintOnNewColours() {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => {
      this.pad.repaint();
      this.refresh();
    };
    scheme.addEventListener("change", repaint);
    this.onEnd(() => scheme.removeEventListener("change", repaint));
  }
}

function bar(page, message) {
  const models = page.state.models;
  page.modelName = select(models, () => page.showModel(page.modelName.value));
  return el("header", { className: "bar" },
    ...(page.whole ? [el("h1", {}, "Draw a digit, look inside")] : []),
    ...(models.length > 1 ? [labelled("network", page.modelName)] : []),
    message);
}

function recognise(page) {
  page.draw = new DrawSection(page);
  page.flow = flowSection(page);
  page.estimate = estimateSection(page);
  page.number = new NumberSection(page);
  page.panels = tabs({
    "One number": page.number,
    Preparation: preparationSection(page),
    Filters: filtersSection(page),
    "Try a filter": trySection(page),
    ...(page.state.models.length > 1 ? { Compare: compareSection(page) } : {}),
    "Wrong digits": wrongSection(page),
  }, (section) => page.panels && page.refresh(section));
  return el("div", { className: "scene" }, page.draw.element, page.estimate.element,
    page.flow.element, page.panels.element);
}
