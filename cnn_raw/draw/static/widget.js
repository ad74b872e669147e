// The page as a notebook's widget (anywidget): messages to the kernel and back.

import { LearnScene } from "./learn.js";
import { mount } from "./page.js";
import { say } from "./text.js";

const PATIENCE_MS = 20_000;

async function render({ model, el: element }) {
  const open = new Map();
  let id = 0;
  const received = (message) => {
    open.get(message.id)?.(message.reply);
    open.delete(message.id);
  };
  model.on("msg:custom", received);
  const ask = (request, patience = PATIENCE_MS) => new Promise((resolve, reject) => {
    const mine = ++id;
    const timer = setTimeout(() => {
      open.delete(mine);
      reject(new Error(say("kernelGone")));
    }, patience);
    open.set(mine, (reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
    model.send({ id: mine, request });
  });
  const end = await mount(element, ask, LearnScene);
  return () => {
    model.off("msg:custom", received);
    end();
  };
}

export default { render };
