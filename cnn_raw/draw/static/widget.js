// The page as a notebook's widget (anywidget): messages to the kernel and back.

import { LearnScene } from "./learn.js";
import { mount } from "./page.js";
import { say } from "./text.js";

const PATIENCE_MS = 20_000;

async function render({ model, el: element }) {
  const open = new Map();
  let [id, gone, page] = [0, false, null];
  const received = (message) => {
    open.get(message.id)?.resolve(message.reply);
    open.delete(message.id);
  };
  const ask = (request, patience = PATIENCE_MS) => new Promise((resolve, reject) => {
    const fail = () => reject(new Error(say("kernelGone")));
    if (gone) return fail();
    const mine = ++id;
    const timer = setTimeout(() => open.delete(mine) && fail(), patience);
    open.set(mine, { fail, resolve: (reply) => {
      clearTimeout(timer);
      resolve(reply);
    } });
    model.send({ id: mine, request });
  });
  // The kernel was restarted: nobody will answer this widget any more.
  const lost = () => {
    gone = true;
    for (const { fail } of open.values()) fail();
    open.clear();
    page?.stale(say("kernelGone"));
  };
  const events = { "msg:custom": received, comm_live_update: lost };
  for (const [name, call] of Object.entries(events)) model.on(name, call);
  page = await mount(element, ask, LearnScene);
  return () => {
    for (const [name, call] of Object.entries(events)) model.off(name, call);
    page.end();
  };
}

export default { render };
