// The page as a single file: its answers are computed in it.

import { mount } from "./page.js";
import { insideOf } from "./engine.js";

const inside = insideOf(JSON.parse(document.getElementById("data").textContent));
mount(document.getElementById("draw"), (request) => inside.ask(request));
