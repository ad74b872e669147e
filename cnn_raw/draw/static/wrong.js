// The test digits that the network gets wrong, as pictures to click on.

import { aria, el } from "./dom.js";
import { paint } from "./colour.js";
import { unpacked } from "./arrays.js";
import { count, say } from "./text.js";

export function wrongSection(page) {
  const name = el("p", { className: "says", "aria-live": "polite" });
  const pictures = el("div", { className: "wrongs" });
  let model = null; // whose mistakes are listed
  let looked = 0; // test digits, so far
  let done = false;

  function picture({ test, label, answer, image }) {
    const { shape: [height, width], bytes } = unpacked(image);
    const canvas = el("canvas");
    paint(canvas, bytes, height, width, true);
    return el("button", { type: "button", className: "filter",
      ...aria(say("wrongButton", { test, label, answer })),
      onclick: () => page.takeTest(test) },
    canvas, el("span", {}, `${label} \u2192 ${answer}`));
  }

  return {
    element: el("div", {}, name, pictures),
    asks: () => {
      if (model !== page.model) {
        [model, looked, done] = [page.model, 0, false];
        pictures.replaceChildren();
      }
      return done ? [] : [{ op: "wrong", model, after: looked }];
    },
    show: (reply) => {
      if (!reply) return;
      pictures.append(...reply.digits.map(picture));
      ({ looked, done } = reply);
      const here = pictures.children.length;
      const all = reply.count ?? here;
      const rest = here < all ? ` ${say("wrongFirst", { count: here })}` : "";
      name.textContent = say("wrongSays", { model, count: count(all), looked: count(looked) }) + rest;
      if (!done) page.refresh(page.panels.active());
    },
  };
}
