// Draw a digit and look inside: the same page from a server, in a notebook and in a file.
//
//   const page = await mount(root, ask, LearnScene)
//   page.stale(text), page.end()
//
// ask(request, ms): a promise of the reply (see inside.py, learning.py). Without Python there is no
// LearnScene, and the page says so.

import { button, el, select, labelled } from "./dom.js";
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
import { toFragment } from "./link.js";
import { LANGUAGES, language, say } from "./text.js";

export async function mount(root, ask, LearnScene = null) {
  root.classList.add("cnn-raw");
  root.lang = language;
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab leaves keys to the page
  const message = el("p", { className: "message", role: "alert" });
  root.replaceChildren(message);
  if (!window.PointerEvent || !window.ResizeObserver) {
    message.textContent = say("noPointerEvents");
    return { stale() {}, end() {} };
  }
  const state = await firstAnswer(ask, message);
  const page = new Page(root, ask, state, message);
  page.scenes = { recognise: recognise(page), learn: learning(page, LearnScene) };
  root.replaceChildren(bar(page, message), ...Object.values(page.scenes));
  page.begin();
  return page;
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
    this.scene = root.dataset.scene = "recognise";
    this.work = 0; // while there is any, the page does not show its last word
    this.note = this.warning = "";
    this.say = () => { message.textContent = this.warning || this.note; };
    this.tell = (note) => {
      this.note = note;
      this.say();
    };
    this.pad = new Pad(() => this.refresh(), this.tell);
    // What the page shows is older than the drawing, because of this.
    this.stale = (text) => {
      this.warning = text;
      this.say();
      root.classList.toggle("stale", text !== "");
    };
    this.looks = new Looks(ask, () => this.common(), (change) => this.busy(change), this.stale);
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
    this.ended = true;
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
    if (this.scene === "learn") return this.learn?.refresh();
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
      if (this.panels.active() !== this.number || this.narrow()) this.panels.choose(say("oneNumber"));
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

  // Change the scene. There is one pad, and both have it.
  show(scene) {
    this.scene = scene;
    this.root.dataset.scene = scene;
    for (const [name, element] of Object.entries(this.scenes)) {
      element.hidden = name !== scene;
      this.sceneButtons[name].setAttribute("aria-pressed", String(name === scene));
    }
    const place = scene === "learn" ? this.learn?.pad : this.scenes.recognise;
    place?.prepend(this.draw.element);
    this.refresh();
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
      if (this.scene === "learn") this.learn?.repaint();
      else this.refresh();
    };
    scheme.addEventListener("change", repaint);
    this.onEnd(() => scheme.removeEventListener("change", repaint));
  }
}

function bar(page, message) {
  const models = page.state.models;
  page.modelName = select(models, () => page.showModel(page.modelName.value));
  page.sceneButtons = Object.fromEntries(Object.keys(page.scenes).map((name) =>
    [name, button(say(name), () => page.show(name), { "aria-pressed": String(name === page.scene) })]));
  return el("header", { className: "bar" },
    ...(page.whole ? [el("h1", {}, say("title"))] : []),
    el("div", { className: "scenes", role: "group" }, ...Object.values(page.sceneButtons)),
    ...(models.length > 1 ? [labelled(say("network"), page.modelName)] : []),
    message,
    ...(page.whole ? languages(page) : []));
}

// Links to the page in its other languages. The drawing goes along.
function languages(page) {
  document.documentElement.lang = language;
  if (language !== "en") document.title = say("title");
  return LANGUAGES.filter(([code]) => code !== language).map(([code, name]) => {
    const link = el("a", { className: "language", href: `?lang=${code}`, lang: code }, name);
    link.addEventListener("click", () => {
      const { strokes } = page.pad.content;
      link.hash = strokes?.length ? toFragment(strokes) : location.hash;
    });
    return link;
  });
}

function recognise(page) {
  page.draw = new DrawSection(page);
  page.flow = flowSection(page);
  page.estimate = estimateSection(page);
  page.number = new NumberSection(page);
  page.panels = tabs({
    [say("oneNumber")]: page.number,
    [say("preparation")]: preparationSection(page),
    [say("filters")]: filtersSection(page),
    [say("tryAFilter")]: trySection(page),
    ...(page.state.models.length > 1 ? { [say("compare")]: compareSection(page) } : {}),
    [say("wrongDigits")]: wrongSection(page),
  }, (section) => page.panels && page.refresh(section));
  return el("div", { className: "scene" }, page.draw.element, page.estimate.element,
    page.flow.element, page.panels.element);
}

function learning(page, LearnScene) {
  if (LearnScene) {
    page.learn = new LearnScene(page);
    page.learn.element.hidden = true;
    return page.learn.element;
  }
  return el("p", { className: "scene without", hidden: true }, say("learnLeftOut"));
}
