// Draw a digit and look inside: the same module on the page and in a notebook's widget.
//
//   mount(root, ask)    root: an element; ask(request): a promise of the reply (inside.py)

const LAYERS = ["l1a", "l1", "l2a", "l2", "l3a", "l3", "l4", "py_x"];
const OPS = {
  l1a: "relu(conv2d(X, w))", l1: "max_pool(l1a)", l2a: "relu(conv2d(l1, w2))",
  l2: "max_pool(l2a)", l3a: "relu(conv2d(l2, w3))", l3: "max_pool(l3a)",
  l4: "relu(matmul(l3, w4))", py_x: "matmul(l4, w_o)",
};
const STEPS = {
  pen: "scaled up, with MNIST's pen", box: "cut out the ink's box", center: "centre of mass in the middle",
};
const PRESETS = {
  "edge, upright": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  "edge, level": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  blur: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((n) => n / 16),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
};

// --- Small things -------------------------------------------------------------------------------

let serial = 0;

function el(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const aria = (name) => ({ "aria-label": name });

function labelled(text, input) {
  input.id ||= `cnn-raw-${++serial}`;
  return el("span", {}, el("label", { htmlFor: input.id }, text), " ", input);
}

function checkbox(text, checked, onchange) {
  const input = el("input", { type: "checkbox", checked, onchange });
  return [input, el("label", {}, input, " ", text)];
}

function radios(name, values, onchange) {
  const group = `cnn-raw-${++serial}`;
  const inputs = values.map((value, i) =>
    el("input", { type: "radio", name: group, value, checked: i === 0, onchange }));
  const set = el("fieldset", {}, el("legend", {}, name),
    ...inputs.map((input) => el("label", {}, input, ` ${input.value}`)));
  return [set, () => inputs.find((input) => input.checked).value];
}

function select(values, onchange, names = values) {
  return el("select", { onchange }, ...values.map((value, i) =>
    el("option", { value }, names[i])));
}

const number = (value, digits = 4) =>
  value === null ? "" : value.toFixed(digits).replace("-", "\u2212");
const percent = (share) => `${(100 * share).toFixed(1)} %`;

// --- Maps and their colours ---------------------------------------------------------------------

function unpacked({ shape, scale, data }) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  return { shape, values: Float32Array.from(new Int8Array(bytes.buffer), (v) => v * scale) };
}

function channel(map, c) {
  const channels = map.shape.at(-1);
  return map.values.filter((_, i) => i % channels === c);
}

const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;

// Zero is the middle: blue below, orange above; both tell apart for colour-blind eyes.
function colour(share) {
  const zero = dark() ? [24, 29, 36] : [255, 255, 255];
  const end = share < 0 ? (dark() ? [90, 170, 255] : [5, 80, 160])
    : (dark() ? [255, 170, 80] : [165, 75, 0]);
  const t = Math.min(1, Math.abs(share)) ** 0.8;
  return zero.map((z, i) => z + (end[i] - z) * t);
}

const ink = (share) => [0, 1, 2].map(() => 255 * (1 - share));

// Draw values, row by row, into a canvas of that many pixels.
function paint(canvas, values, height, width, paintWith = colour, most = 0) {
  canvas.height = height;
  canvas.width = width;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const largest = most || values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-12);
  values.forEach((value, i) => image.data.set([...paintWith(value / largest), 255], 4 * i));
  context.putImageData(image, 0, 0);
}

// All channels of a layer as one picture, with a pixel between them. Returns how many stand in a row.
function paintTiles(canvas, { shape, values }) {
  if (shape.length === 1) {
    const across = shape[0] > 100 ? 25 : shape[0];
    paint(canvas, values, Math.ceil(shape[0] / across), across);
    return across;
  }
  const [height, width, channels] = shape;
  const across = channels > 64 ? 16 : 8;
  const down = Math.ceil(channels / across);
  const [W, H] = [across * (width + 1) - 1, down * (height + 1) - 1];
  const picture = new Float32Array(W * H);
  values.forEach((value, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width,
      Math.floor(i / channels / width)];
    const [left, top] = [(c % across) * (width + 1), Math.floor(c / across) * (height + 1)];
    picture[(top + y) * W + left + x] = value;
  });
  paint(canvas, picture, H, W);
  const context = canvas.getContext("2d");
  context.fillStyle = dark() ? "#57606a" : "#c4cbd3";
  for (let i = 1; i < across; i++) context.fillRect(i * (width + 1) - 1, 0, 1, H);
  for (let i = 1; i < down; i++) context.fillRect(0, i * (height + 1) - 1, W, 1);
  return across;
}

// A map drawn large, cells marked by a frame. Returns the side of a cell in pixels.
function paintLarge(canvas, values, height, width, marks) {
  const small = el("canvas");
  paint(small, values, height, width);
  const cell = Math.max(8, Math.floor(448 / Math.max(height, width)));
  canvas.height = height * cell;
  canvas.width = width * cell;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  for (const [row, column, rows, columns] of marks) {
    const box = [column * cell, row * cell, columns * cell, rows * cell];
    context.lineWidth = 5;
    context.strokeStyle = "#000000";
    context.strokeRect(...box);
    context.lineWidth = 2.5;
    context.strokeStyle = "#ffe600";
    context.strokeRect(...box);
  }
  return cell;
}

// --- The pad: strokes in shares of its side -----------------------------------------------------

class Pad {
  constructor(changed) {
    this.strokes = [];
    this.thickness = 0.08;
    this.test = null; // number of the test digit that lies on the pad
    this.picture = null;
    this.changed = changed;
    this.pen = { x: 0.5, y: 0.5, down: false, shown: false }; // moved by the arrow keys
    this.canvas = el("canvas", {
      className: "pad", width: 448, height: 448, tabIndex: 0, role: "application",
      ...aria("Drawing area. Arrow keys move the pen, space puts it down and lifts it."),
      onpointerdown: (event) => this.start(event), onpointermove: (event) => this.move(event),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
      onkeydown: (event) => this.key(event), onblur: () => this.showPen(false),
    });
    this.paint();
  }

  get source() {
    return this.test === null
      ? { strokes: this.strokes, thickness: this.thickness } : { test: this.test };
  }

  take(test) {
    this.strokes = [];
    this.test = test;
    this.picture = null;
    this.paint();
    this.changed(true);
  }

  undo() {
    if (this.test !== null) return this.take(null);
    this.strokes.pop();
    this.paint();
    this.changed(true);
  }

  begin(point) {
    if (this.test !== null) this.test = this.picture = null;
    this.strokes.push([point]);
    this.paint();
    this.changed(false);
  }

  extend(points) {
    this.strokes.at(-1).push(...points);
    this.paint();
    this.changed(false);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((share) => Math.round(1e4 * Math.min(1, Math.max(0, share))) / 1e4);
  }

  start(event) {
    if (event.button !== 0 || this.pointer !== undefined) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.begin(this.place(event));
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length ? events : [event]).map((each) => this.place(each)));
  }

  end() {
    if (this.pointer === undefined) return;
    this.pointer = undefined;
    this.changed(true);
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { pen } = this;
    if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) this.begin([pen.x, pen.y]);
      else this.changed(true);
    } else if (event.key in way) {
      const step = event.shiftKey ? 0.1 : 0.03;
      [pen.x, pen.y] = [pen.x + step * way[event.key][0], pen.y + step * way[event.key][1]]
        .map((share) => Math.round(1e4 * Math.min(0.98, Math.max(0.02, share))) / 1e4);
      if (pen.down) this.extend([[pen.x, pen.y]]);
    } else return;
    event.preventDefault();
    this.showPen(true);
  }

  showPen(shown) {
    if (this.pen.shown === shown && !shown) return;
    this.pen.shown = shown;
    if (!shown && this.pen.down) {
      this.pen.down = false;
      this.changed(true);
    }
    this.paint();
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const side = this.canvas.width;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, side, side);
    if (this.picture) context.drawImage(this.picture, 0, 0, side, side);
    context.lineWidth = this.thickness * side;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#000000";
    for (const [first, ...points] of this.strokes) {
      context.beginPath();
      context.moveTo(first[0] * side, first[1] * side);
      for (const [x, y] of points.length ? points : [first]) context.lineTo(x * side, y * side);
      context.stroke();
    }
    if (this.pen.shown) {
      context.lineWidth = 3;
      context.strokeStyle = this.pen.down ? "#b34700" : "#0b5cad";
      context.beginPath();
      context.arc(this.pen.x * side, this.pen.y * side, this.thickness * side / 2 + 4, 0, 7);
      context.stroke();
    }
  }
}

// --- One number explained: tables ---------------------------------------------------------------

function table(caption, rows, { padded = false, chosen = [] } = {}) {
  return el("table", {}, el("caption", {}, caption), el("tbody", {}, ...rows.map((row, i) =>
    el("tr", {}, ...row.map((value, j) => {
      if (value === null) return el("td", { className: "padding" }, padded ? "0 (padding)" : "none");
      const here = chosen[0] === i && chosen[1] === j;
      return el("td", { className: here ? "chosen" : "" },
        typeof value === "number" ? number(value) : value);
    })))));
}

function sums(pairs) {
  return el("dl", { className: "sums" }, ...pairs.flatMap(([name, value, className = ""]) =>
    [el("dt", { className }, name), el("dd", { className }, value)]));
}

function explanation(reply) {
  const dropped = reply.keep < 1 ? [["after dropout", reply.mask
    ? `${number(reply.value)} (kept: divided by ${reply.keep})` : "0 (dropped)", "total"]] : [];
  if (reply.kind === "conv") {
    return [
      el("div", { className: "tables" }, ...reply.channels.flatMap((one) => [
        table(`${reply.from.layer}, channel ${one.channel}: patch`, one.patch, { padded: true }),
        table("filter", one.filter),
        table(`products, sum ${number(one.sum)}`, one.products),
      ])),
      sums([
        ...reply.channels.map((one) => [`channel ${one.channel}`, number(one.sum, 6)]),
        ...(reply.others ? [[`the other ${reply.others} channels`, number(reply.rest, 6)]] : []),
        ["sum of all products", number(reply.sum, 6), "total"],
        ["tf.nn.conv2d returned", number(reply.conv2d, 6), "total"],
        ["difference", reply.difference.toExponential(1)],
        ["tf.nn.relu of it", number(reply.relu, 6)],
      ]),
    ];
  }
  if (reply.kind === "pool") {
    return [
      el("div", { className: "tables" },
        table(`${reply.from.layer}: the four candidates`, reply.candidates,
          { chosen: reply.chosen })),
      sums([["tf.nn.max_pool: the largest", number(reply.largest, 6), "total"], ...dropped]),
    ];
  }
  const rows = reply.inputs.map((one) => [`${reply.from.layer}[${one.input.join(", ")}]`, one.value,
    one.weight, one.product]);
  return [
    el("div", { className: "tables" },
      table("strongest inputs", [["input", "value", "x weight", "= product"], ...rows])),
    sums([
      [`the other ${reply.others} products`, number(reply.rest, 6)],
      ["sum of all products", number(reply.sum, 6), "total"],
      ["tf.matmul returned", number(reply.matmul, 6), "total"],
      ["difference", reply.difference.toExponential(1)],
      ...("relu" in reply ? [["tf.nn.relu of it", number(reply.relu, 6)]] : []),
      ...dropped,
    ]),
  ];
}

// --- The whole ----------------------------------------------------------------------------------

export async function mount(root, ask) {
  root.classList.add("cnn-raw");
  const message = el("p", { className: "message", role: "alert" });
  root.replaceChildren(message);
  if (!window.PointerEvent) {
    message.textContent = "This browser has no Pointer Events: use a newer one to draw.";
    return;
  }

  async function asked(request) {
    const reply = await ask(request);
    if (reply.error) throw new Error(reply.error);
    return reply;
  }

  let state;
  try {
    state = await asked({ op: "state" });
  } catch (error) {
    message.textContent = error.message;
    return;
  }
  const two = state.models.length > 1;
  const section = (name, says, ...children) => el("section", {},
    el("h2", {}, name), el("p", { className: "says" }, says), ...children);

  let work = 0; // what is under way; while there is any, the page does not show its last word
  function busy(change) {
    work += change;
    root.setAttribute("aria-busy", String(work > 0));
  }

  // Latest wins: while one look is under way, only the newest of those asked for waits.
  let running = false;
  let waiting = null;
  async function look(deep) {
    waiting = { deep: deep || Boolean(waiting?.deep) };
    if (running) return;
    running = true;
    busy(+1);
    try {
      while (waiting) {
        const { deep: all } = waiting;
        waiting = null;
        await showEstimate();
        if (all && !waiting) await showInside();
        else if (all) waiting.deep = true;
      }
      message.textContent = "";
    } catch (error) {
      waiting = null;
      message.textContent = error.message;
    }
    running = false;
    busy(-1);
  }

  let later = null;
  const pad = new Pad((finished) => {
    look(finished);
    if (later) clearTimeout(later);
    else busy(+1);
    later = setTimeout(() => {
      later = null;
      look(true);
      busy(-1);
    }, 250);
  });

  const models = () => [first.value, ...(two ? [second.value] : [])];
  const first = select(state.models, () => look(true));
  const second = select(state.models, () => look(true));
  if (two) second.value = state.models[1];
  const steps = {};
  const stepBoxes = Object.entries(STEPS).map(([name, text]) => {
    const [input, label] = checkbox(text, true, () => look(true));
    steps[name] = input;
    return label;
  });
  const [prepare, prepareLabel] = checkbox("prepare at all (or only shrink to 28x28)", true,
    () => look(true));
  steps.prepare = prepare;
  const [dropout, dropoutLabel] = checkbox("dropout as in training, mask number", false,
    () => look(true));
  const mask = el("input", { type: "number", min: 0, max: 9999, value: 1, ...aria("mask number"),
    onchange: () => look(true) });

  function about(model) {
    return {
      source: pad.source,
      steps: Object.fromEntries(Object.entries(steps).map(([name, box]) => [name, box.checked])),
      model,
      dropout: dropout.checked ? { seed: Math.max(0, Math.trunc(Number(mask.value))) } : null,
    };
  }

  // Draw
  const thickness = el("input", { type: "range", min: 3, max: 16, value: 8, oninput: () => {
    pad.thickness = thickness.value / 100;
    pad.paint();
    look(false);
  } });
  const test = el("input", { type: "number", min: 0, max: state.tests - 1, value: 0,
    onchange: () => takeTest(Number(test.value)) });
  function takeTest(i) {
    const inside = Math.min(state.tests - 1, Math.max(0, Math.trunc(i) || 0));
    test.value = inside;
    pad.take(inside);
  }
  async function nextWrong() {
    message.textContent = "looking through the test digits ...";
    busy(+1);
    try {
      const after = pad.test ?? -1;
      const reply = await asked({ op: "next_wrong", model: first.value, after });
      message.textContent = reply.test === null ? "the network gets every test digit right" : "";
      if (reply.test !== null) takeTest(reply.test);
    } catch (error) {
      message.textContent = error.message;
    }
    busy(-1);
  }

  // Estimate
  const verdict = el("p", { className: "verdict", role: "status" });
  const bars = [...Array(10).keys()].map((digit) => {
    const row = { bars: [], shares: [] };
    row.element = el("li", {}, el("span", { className: "digit" }, String(digit)));
    for (const kind of two ? ["first", "second"] : ["first"]) {
      const bar = el("div", { className: "bar" });
      const share = el("span", { className: "share" });
      row.bars.push(bar);
      row.shares.push(share);
      row.element.append(el("div", { className: `track ${kind}`, "aria-hidden": "true" }, bar), share);
    }
    return row;
  });

  const stages = Object.fromEntries(["raw", "ink", "small", "image"].map((name) => [name, el("canvas")]));
  const boxed = el("canvas");
  const shift = el("figcaption");
  const stage = (canvas, name, caption) => {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
    return el("figure", {}, canvas, caption ?? el("figcaption", {}, name));
  };

  async function showEstimate() {
    const replies = await Promise.all(models().map((model) =>
      asked({ op: "estimate", ...about(model) })));
    const [reply] = replies;
    bars.forEach(({ bars: own, shares, element }, digit) => replies.forEach((each, k) => {
      const share = each.empty ? 0 : each.probabilities[digit];
      own[k].style.width = `${100 * share}%`;
      shares[k].textContent = each.empty ? "" : percent(share);
      const best = !each.empty && share === Math.max(...each.probabilities);
      shares[k].classList.toggle("best", best);
      if (k === 0) element.classList.toggle("best", best);
    }));
    const texts = replies.map((each) => {
      const best = each.probabilities.indexOf(Math.max(...each.probabilities));
      return `${best}, with ${percent(each.probabilities[best])}`;
    });
    const named = two ? texts.map((text, k) => `${models()[k]}: ${text}`).join("; ") : texts[0];
    verdict.textContent = reply.empty ? "Draw something."
      : named + (reply.label === null ? "" : ` (it is a ${reply.label})`);

    const maps = Object.fromEntries(["raw", "ink", "small", "image"].map((name) =>
      [name, unpacked(reply.stages[name])]));
    for (const [name, map] of Object.entries(maps)) paint(stages[name], map.values, ...map.shape, ink, 1);
    const [height, width] = maps.raw.shape;
    const cell = Math.max(1, Math.floor(280 / width));
    boxed.width = boxed.height = cell * width;
    const context = boxed.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(stages.ink, 0, 0, boxed.width, boxed.height);
    if (reply.stages.box) {
      const [top, left, bottom, right] = reply.stages.box.map((share) => share * boxed.width);
      context.strokeStyle = "#d14900";
      context.lineWidth = 3;
      context.strokeRect(left, top, right - left, bottom - top);
    }
    const [down, right] = reply.stages.shift;
    shift.textContent = `28x28, moved by ${down} down, ${right} right`.replaceAll("-", "\u2212");
    if (pad.test !== null && !pad.picture && height === 28) {
      pad.picture = el("canvas");
      paint(pad.picture, maps.raw.values, height, width, ink, 1);
      pad.paint();
    }
  }

  // The way through
  const chosen = { layer: "l1a", at: [14, 14, 0] };
  let layers = [];
  const tiles = LAYERS.map((layer) => {
    const canvases = models().map((model) => el("canvas", {
      role: "img", ...aria(`${layer}: all activation maps${two ? ` of ${model}` : ""}`),
      onclick: (event) => pick(layer, event),
    }));
    const shape = state.shapes[layer].join("x");
    return { layer, canvases, across: 8, element: el("figure", {}, ...canvases,
      el("figcaption", {}, el("code", {}, `${layer} = ${OPS[layer]}`), `, ${shape}`)) };
  });
  function pick(layer, event) {
    const shape = state.shapes[layer];
    const { across, canvases } = tiles.find((tile) => tile.layer === layer);
    const box = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * canvases[0].width;
    const y = (event.clientY - box.top) / box.height * canvases[0].height;
    if (shape.length === 1) {
      choose(layer, [Math.min(shape[0] - 1, Math.floor(y) * across + Math.floor(x))]);
    } else {
      const c = Math.floor(y / (shape[0] + 1)) * across + Math.floor(x / (shape[1] + 1));
      choose(layer, [...chosen.at.slice(0, 2), Math.min(shape[2] - 1, c)]);
    }
  }

  // One number explained
  const layerSelect = select(LAYERS, () => choose(layerSelect.value, chosen.at));
  const places = ["row", "column", "channel"].map((name) => {
    const input = el("input", { type: "number", min: 0, onchange: () => {
      const numbers = places.filter((place) => !place.element.hidden)
        .map((place) => Math.trunc(Number(place.input.value)) || 0);
      choose(chosen.layer, numbers);
    } });
    return { input, element: labelled(name, input) };
  });
  const explained = el("div", { className: "explained" });
  const beforeName = el("figcaption");
  const beforeMap = el("canvas", { role: "img", ...aria("the patch in the layer before") });
  const largeName = el("figcaption");
  const largeMap = el("canvas", {
    tabIndex: 0, role: "application",
    ...aria("Enlarged activation map. Arrow keys choose the value to explain."),
    onpointermove: (event) => point(event), onpointerdown: (event) => point(event),
    onkeydown: (event) => {
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
      if (!(event.key in way)) return;
      event.preventDefault();
      const [down, right] = way[event.key];
      if (chosen.at.length === 1) choose(chosen.layer, [chosen.at[0] + right + down * across()]);
      else choose(chosen.layer, [chosen.at[0] + down, chosen.at[1] + right, chosen.at[2]]);
    },
  });
  const across = () => (state.shapes[chosen.layer][0] > 100 ? 25 : 10);
  const largeShape = () => (chosen.at.length === 1
    ? [Math.ceil(state.shapes[chosen.layer][0] / across()), across()]
    : state.shapes[chosen.layer].slice(0, 2));
  function point(event) {
    const box = largeMap.getBoundingClientRect();
    const [height, width] = largeShape();
    const row = Math.floor((event.clientY - box.top) / box.height * height);
    const column = Math.floor((event.clientX - box.left) / box.width * width);
    const at = chosen.at.length === 1 ? [row * width + column] : [row, column, chosen.at[2]];
    if (at.join() !== chosen.at.join()) choose(chosen.layer, at);
  }
  function choose(layer, at) {
    const shape = state.shapes[layer];
    const wanted = shape.length === 1 ? [at.at(-1)] : at.length === 1 ? [0, 0, 0] : at;
    chosen.layer = layer;
    chosen.at = wanted.map((n, i) => Math.min(shape[i] - 1, Math.max(0, n)));
    showChosen();
  }

  let explaining = false;
  let stale = false;
  async function showChosen() {
    if (!layers.length) return;
    const { layer, at } = chosen;
    layerSelect.value = layer;
    places.forEach(({ input, element }, i) => {
      element.hidden = at.length === 1 && i < 2;
      input.value = at.length === 1 ? at[0] : at[i];
      input.max = (state.shapes[layer].length === 1 ? state.shapes[layer][0]
        : state.shapes[layer][i]) - 1;
    });
    places[2].element.querySelector("label").textContent = at.length === 1 ? "unit" : "channel";
    for (const tile of tiles) tile.element.firstChild.classList.toggle("chosen", tile.layer === layer);
    paintChosen();
    if (explaining) { // the newest is asked for when this one has come
      stale = true;
      return;
    }
    explaining = true;
    busy(+1);
    try {
      do {
        stale = false;
        const reply = await asked({ op: "explain", ...about(first.value), ...chosen });
        if (stale) continue;
        explained.replaceChildren(
          el("h3", {}, `${reply.layer}[${reply.at.join(", ")}] = ${number(reply.value, 6)}`),
          ...explanation(reply));
        explained.dataset.at = [reply.layer, ...reply.at].join();
        paintBefore(reply);
      } while (stale);
    } catch (error) {
      message.textContent = error.message;
    }
    explaining = false;
    busy(-1);
  }

  function paintChosen() {
    const { layer, at } = chosen;
    const map = layers[0][layer];
    const [height, width] = largeShape();
    const mark = at.length === 1
      ? [Math.floor(at[0] / width), at[0] % width, 1, 1] : [at[0], at[1], 1, 1];
    paintLarge(largeMap, at.length === 1 ? map.values : channel(map, at[2]), height, width, [mark]);
    largeName.textContent = at.length === 1 ? `${layer}: ${map.shape[0]} units`
      : `${layer}, channel ${at[2]} of ${map.shape[2]}: ${height}x${width}`;
  }

  function paintBefore(reply) {
    const { layer, rows, columns } = reply.from;
    const map = layers[0][layer];
    const c = reply.channels ? reply.channels[0].channel : reply.inputs
      ? reply.inputs[0].input.at(-1) : reply.at[2];
    if (map.shape.length === 1) {
      const strongest = reply.inputs.map(({ input }) =>
        [Math.floor(input[0] / 25), input[0] % 25, 1, 1]);
      paintLarge(beforeMap, map.values, Math.ceil(map.shape[0] / 25), 25, strongest);
      beforeName.textContent = `${layer}: the strongest inputs are framed`;
      return;
    }
    const marks = rows ? [[rows[0], columns[0], rows[1] - rows[0] + 1, columns[1] - columns[0] + 1]]
      : reply.inputs.filter(({ input }) => input[2] === c).map(({ input }) => [input[0], input[1], 1, 1]);
    paintLarge(beforeMap, channel(map, c), map.shape[0], map.shape[1], marks);
    beforeName.textContent = `${layer}, channel ${c}`
      + (rows ? ": the patch is framed" : ": strongest inputs are framed");
  }

  // Try it
  const [paddings, padding] = radios("padding", ["SAME", "VALID"], () => showTry());
  const [strides, stride] = radios("stride", ["1", "2"], () => showTry());
  const nine = PRESETS["edge, upright"].map((value, i) => el("input", {
    type: "number", step: "any", value, ...aria(`filter, row ${Math.floor(i / 3)}, column ${i % 3}`),
    oninput: () => showTry(),
  }));
  const tried = el("canvas", { className: "tries", role: "img", ...aria("the filter's map") });
  const triedShape = el("figcaption", { "aria-live": "polite" });
  async function showTry() {
    const values = nine.map((input) => (input.value === "" ? NaN : Number(input.value)));
    if (values.some((value) => !Number.isFinite(value))) {
      triedShape.textContent = "Type nine numbers.";
      return;
    }
    busy(+1);
    try {
      const reply = await asked({ op: "try", ...about(first.value), padding: padding(),
        stride: Number(stride()), filter: [0, 3, 6].map((k) => values.slice(k, k + 3)) });
      paint(tried, unpacked(reply.map).values, ...reply.shape);
      triedShape.textContent = `28x28 becomes ${reply.shape.join("x")}`;
    } catch (error) {
      triedShape.textContent = error.message;
    }
    busy(-1);
  }

  // Filters
  const filters = [...Array(32).keys()].map((i) => {
    const [own, map] = [el("canvas", { role: "img", ...aria(`filter ${i}`) }),
      el("canvas", { role: "img", ...aria(`map of filter ${i}`) })];
    return { own, map, element: el("figure", {}, el("div", {}, own, map),
      el("figcaption", {}, String(i))) };
  });

  async function showInside() {
    layers = await Promise.all(models().map(async (model) => {
      const reply = await asked({ op: "layers", ...about(model) });
      return Object.fromEntries(Object.entries(reply.layers).map(([name, map]) => [name, unpacked(map)]));
    }));
    const input = await asked({ op: "estimate", ...about(first.value) });
    const image = unpacked(input.stages.image);
    layers[0].X = { shape: [28, 28, 1], values: image.values };
    for (const tile of tiles) {
      tile.canvases.forEach((canvas, k) => {
        tile.across = paintTiles(canvas, layers[k][tile.layer]);
      });
    }
    const reply = await asked({ op: "filters", ...about(first.value) });
    const [w, maps] = [unpacked(reply.filters), unpacked(reply.maps)];
    const largest = (map) => map.values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-12);
    filters.forEach(({ own, map }, i) => {
      paint(own, channel(w, i), 3, 3, colour, largest(w));
      paint(map, channel(maps, i), 28, 28, colour, largest(maps));
    });
    await Promise.all([showTry(), showChosen()]);
  }

  root.append(
    el("div", { className: "top" },
      section("Draw", "Draw a digit with mouse, finger, pen or arrow keys, or take one of MNIST's "
        + "test digits.", pad.canvas,
      el("div", { className: "row" },
        labelled("thickness", thickness),
        el("button", { type: "button", onclick: () => pad.undo() }, "Undo"),
        el("button", { type: "button", onclick: () => pad.take(null) }, "Clear")),
      el("div", { className: "row" },
        labelled("test digit", test),
        el("button", { type: "button",
          onclick: () => takeTest(Math.floor(Math.random() * state.tests)) }, "Random"),
        el("button", { type: "button", onclick: nextWrong }, "Next wrong"))),
      section("Estimate", "What the network takes the digit for: the softmax of py_x, in per cent.",
        verdict, el("ol", { className: "bars" }, ...bars.map((row) => row.element)),
        ...(two ? [el("div", { className: "row" }, labelled("network (plain bars)", first),
          labelled("compared with (striped bars)", second))] : []))),
    section("How it is prepared", "MNIST's digits were cut out, reduced to 20x20 and centred; the "
      + "network knows no others. Switch a step off and see the estimate break.",
    el("div", { className: "row" }, prepareLabel, ...stepBoxes),
    el("div", { className: "stages" },
      stage(stages.raw, "as drawn"), stage(boxed, "the ink's box"),
      stage(stages.small, "the box in 20x20"), stage(stages.image, "28x28, as the network sees it", shift))),
    section("The way through", "Every activation that the tutorial names. Orange is above zero, blue "
      + "below, blank zero. Choose a map to enlarge it below.",
    el("div", { className: "row" }, dropoutLabel, mask),
    el("div", { className: "layers" }, ...tiles.map((tile) => tile.element))),
    section("One number explained", "Point at a value, or choose it: what it was computed from "
      + "lights up in the layer before, and adds up below.",
    el("div", { className: "row" }, labelled("layer", layerSelect), ...places.map((p) => p.element)),
    el("div", { className: "maps" },
      el("figure", {}, beforeMap, beforeName), el("figure", {}, largeMap, largeName)),
    explained),
    section("Try it", "One 3x3 filter of your own on the same digit: its nine numbers, the padding "
      + "and the stride.",
    el("div", { className: "row" }, paddings, strides),
    el("div", { className: "row" }, ...Object.entries(PRESETS).map(([name, values]) =>
      el("button", { type: "button", onclick: () => {
        nine.forEach((input, i) => { input.value = values[i]; });
        showTry();
      } }, name))),
    el("div", { className: "maps" }, el("div", { className: "nine" }, ...nine),
      el("figure", {}, tried, triedShape))),
    section("Filters", "The first layer's 32 filters, each with its map before relu. Orange is above "
      + "zero, blue below; all share one scale.",
    el("div", { className: "filters" }, ...filters.map((f) => f.element))),
  );
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => look(true));
  await look(true);
}

// A notebook's widget (anywidget): the same, with messages for the way to Python.
function render({ model, el: element }) {
  const open = new Map();
  let id = 0;
  model.on("msg:custom", (message) => {
    open.get(message.id)?.(message.reply);
    open.delete(message.id);
  });
  mount(element, (request) => new Promise((resolve) => {
    open.set(++id, resolve);
    model.send({ id, request });
  }));
}

export default { render };
