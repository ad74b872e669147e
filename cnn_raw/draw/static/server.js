// The page from `cnn-raw draw`: JSON over loopback.

import { mount } from "./page.js";

const PATIENCE_MS = 10_000;

async function ask(request) {
  const response = await fetch("/api", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => {
    throw Object.assign(new Error("cnn-raw draw does not answer. Start it again on the same port; "
      + "this page tries again every two seconds."), { again: true });
  });
  return response.json();
}

mount(document.getElementById("draw"), ask);
