// The page from `cnn-raw draw`: JSON over loopback.

import { LearnScene } from "./learn.js";
import { mount } from "./page.js";
import { say } from "./text.js";

const PATIENCE_MS = 10_000;

async function ask(request, patience = PATIENCE_MS) {
  const response = await fetch("/api", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(patience),
  }).catch(() => {
    throw Object.assign(new Error(say("serverGone")), { again: true });
  });
  return response.json();
}

mount(document.getElementById("draw"), ask, LearnScene);
