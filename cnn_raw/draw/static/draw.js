// The pad and what goes with it: undo, test digits, pasted pictures, a link, a picture to keep.

import { aria, button, checkbox, el, labelled, whole } from "./dom.js";
import { paint } from "./colour.js";
import { unpacked } from "./arrays.js";
import { fromFragment, toFragment } from "./link.js";
import { say } from "./text.js";

const MOST_SIDE = 256; // pixels: a larger picture is reduced
// What the empty page draws by itself: a 3.
const SHOWN = [[[0.32, 0.24], [0.42, 0.18], [0.55, 0.18], [0.64, 0.26], [0.63, 0.37], [0.54, 0.45],
  [0.44, 0.48], [0.56, 0.5], [0.66, 0.58], [0.68, 0.69], [0.6, 0.79], [0.47, 0.83], [0.34, 0.79]]];

export class DrawSection {
  constructor(page) {
    const { pad, state } = page;
    Object.assign(this, { page, pad, tests: state.tests }); // the test digits: how many, or which
    this.last = Array.isArray(this.tests) ? this.tests.at(-1) : this.tests - 1;
    this.test = el("input", { type: "number", min: 0, max: this.last, value: 0,
      onchange: () => this.takeTest(whole(this.test)) });
    this.element = el("section", { className: "draw", ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        event.preventDefault();
        this.takeFile(event.dataTransfer.files[0]);
      } },
    pad.element,
    el("div", { className: "controls" },
      el("div", { className: "four" },
        button(say("undo"), () => pad.undo()), button(say("clear"), () => pad.clear()),
        ...(page.whole ? [button(say("link"), () => this.copyLink(),
          { title: say("linkTitle") })] : []),
        button(say("save"), () => this.save(), { title: say("saveTitle") })),
      el("div", { className: "row" }, labelled(say("testDigit"), this.test),
        button(say("random"), () => this.takeTest(Math.floor(Math.random() * (this.last + 1))))),
      this.dropoutRow(state.dropout)));
    this.listen();
  }

  dropoutRow(possible) {
    const { page } = this;
    const [dropout, label] = checkbox(say("dropoutMask"), false, () => page.refresh());
    const mask = el("input", { type: "number", min: 0, max: 9999, value: 1, ...aria(say("maskNumber")),
      onchange: () => {
        mask.value = whole(mask);
        page.refresh();
      } });
    this.dropout = () => (dropout.checked ? { seed: whole(mask) } : null);
    return el("div", { className: "row dropout-row", hidden: !possible }, label, mask);
  }

  // Put test digit i on the pad, or the next one that is here.
  async takeTest(i) {
    const { page } = this;
    const test = Array.isArray(this.tests) ? this.tests.find((n) => n >= i) ?? this.last : i;
    this.test.value = test;
    page.busy(+1);
    const reply = await page.ask({ op: "stages", source: { test } })
      .catch(({ message }) => ({ error: message }));
    page.busy(-1);
    if (reply.error) return page.tell(reply.error);
    const { shape: [height, width], bytes } = unpacked(reply.raw);
    const canvas = el("canvas");
    paint(canvas, bytes, height, width, true);
    this.pad.take({ test }, canvas);
  }

  async takeFile(file) {
    if (!file?.type.startsWith("image/")) return this.page.tell(say("notAPicture"));
    this.page.busy(+1);
    try {
      const { source, canvas } = await decoded(file);
      this.pad.take(source, canvas);
    } catch {
      this.page.tell(say("unreadablePicture"));
    }
    this.page.busy(-1);
  }

  async copyLink() {
    const { strokes } = this.pad.content;
    if (!strokes?.length) return this.page.tell(say("nothingToLink"));
    location.hash = toFragment(strokes);
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    this.page.tell(say("linked"));
  }

  save() {
    const canvas = el("canvas", { width: 448, height: 448 });
    this.pad.paintInto(canvas.getContext("2d"), 448, "#ffffff", "#000000");
    el("a", { download: "digit.png", href: canvas.toDataURL("image/png") }).click();
  }

  // What the pad shows first: the drawing in the address, or a digit that draws itself.
  welcome() {
    const drawn = this.page.whole && fromFragment(location.hash);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (drawn) this.pad.take({ strokes: drawn });
    else if (!still) this.pad.demonstrate(SHOWN);
  }

  listen() {
    const ended = new AbortController();
    const { signal } = ended;
    this.page.onEnd(() => ended.abort());
    // In a notebook, only what is meant for the page.
    const keys = this.page.whole ? document : this.page.root;
    keys.addEventListener("keydown", (event) => {
      const undo = (event.ctrlKey || event.metaKey) && event.key === "z";
      if (!undo || event.target.matches("input[type=number]")) return;
      event.preventDefault();
      this.pad.undo();
    }, { signal });
    keys.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) this.takeFile(event.clipboardData.files[0]);
    }, { signal });
  }
}

// A picture file as a source, its longer side at most 256 pixels, and on a square to be shown.
async function decoded(file) {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, MOST_SIDE / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  const small = el("canvas", { width, height });
  const context = small.getContext("2d");
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  let text = "";
  for (const value of data) text += String.fromCharCode(value);
  const canvas = el("canvas", { width: MOST_SIDE, height: MOST_SIDE });
  const fitted = MOST_SIDE / Math.max(width, height);
  canvas.getContext("2d").drawImage(small, (MOST_SIDE - width * fitted) / 2,
    (MOST_SIDE - height * fitted) / 2, width * fitted, height * fitted);
  return { canvas, source: { picture: { shape: [height, width, 4], data: btoa(text) } } };
}
