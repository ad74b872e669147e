// The page's way to Python: JSON over loopback. A notebook's widget has messages instead.

import { mount } from "./draw.js";

async function ask(request) {
  const response = await fetch("/api", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
  }).catch(() => {
    throw new Error("cnn-raw draw does not answer any more: start it again");
  });
  return response.json();
}

mount(document.getElementById("draw"), ask);
