// The page as a notebook's widget (anywidget): messages to the kernel and back.

import { mount } from "./page.js";

const PATIENCE_MS = 20_000;

async function render({ model, el: element }) {
  const open = new Map();
  let id = 0;
  const received = (message) => {
    open.get(message.id)?.(message.reply);
    open.delete(message.id);
  };
  model.on("msg:custom", received);
  const ask = (request) => new Promise((resolve, reject) => {
    const mine = ++id;
    const timer = setTimeout(() => {
      open.delete(mine);
      reject(new Error("The kernel does not answer. Run this cell again."));
    }, PATIENCE_MS);
    open.set(mine, (reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
    model.send({ id: mine, request });
  });
  const end = await mount(element, ask);
  return () => {
    model.off("msg:custom", received);
    end();
  };
}

export default { render };
