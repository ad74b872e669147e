// Lines over the flow: from the values that a value was computed from, to that value.

import { css } from "./colour.js";

const CELL = 5; // pixels of a filter's weight

const svg = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

export const box = (frame, className) => svg("rect", { ...frame, class: className });

export function line(x0, y0, x1, y1, strength) {
  const middle = (x0 + x1) / 2;
  const d = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
  return [svg("path", { d, class: "under" }),
    svg("path", { d, class: strength < 0 ? "below" : "above",
      "stroke-width": 1 + 2 * Math.abs(strength) })];
}

// A 3x3 filter as a small picture, its middle at (x, y).
function filter(x, y, rows, most) {
  const group = svg("g", { class: "filter" });
  rows.forEach((row, i) => row.forEach((value, j) => group.append(svg("rect", {
    x: x + (j - 1.5) * CELL, y: y + (i - 1.5) * CELL, width: CELL, height: CELL,
    fill: css(value / most) }))));
  const side = 3 * CELL;
  group.append(svg("rect", { x: x - side / 2, y: y - side / 2, width: side, height: side, class: "tile" }));
  return group;
}

// From each source to the value; on the way of a convolution's stand its filters, in the gap
// before the value's column.
function lines(overlay, found, target, reply, gap) {
  const strong = found.filter(({ strength }) => strength !== null);
  const most = Math.max(...strong.flatMap(({ rows }) => rows?.flat().map(Math.abs) ?? []));
  const end = [target.x, target.y + target.height / 2];
  strong.forEach(({ frame, strength, rows }, k) => {
    const start = [frame.x + frame.width, frame.y + frame.height / 2];
    if (!rows) return overlay.append(...line(...start, ...end, strength));
    const stop = [gap, end[1] + (k - (strong.length - 1) / 2) * (3 * CELL + 3)];
    overlay.append(...line(...start, ...stop, strength), ...line(...stop, ...end, strength),
      filter(...stop, rows, most));
  });
}

// What the explanation of a value says it came from: {frame, strength or null for no line, rows of
// the filter}.
function sources(column, reply, origin) {
  const { rows, columns: across } = reply.from;
  const patch = (c) => column.frame(c, rows[0], across[0], rows[1] - rows[0] + 1,
    across[1] - across[0] + 1, origin);
  if (reply.kind === "pool") return [{ frame: patch(reply.at[2]), strength: 1 }];
  if (reply.kind === "conv") {
    const largest = Math.max(...reply.channels.map((one) => Math.abs(one.sum)), 1e-12);
    const strong = new Map(reply.channels.map((one) => [one.channel, one]));
    return [...Array(column.tiles.n).keys()].map((c) => ({ frame: patch(c),
      strength: strong.has(c) ? strong.get(c).sum / largest : null, rows: strong.get(c)?.filter }));
  }
  const largest = Math.max(...reply.inputs.map((one) => Math.abs(one.product)), 1e-12);
  return reply.inputs.map(({ input, product }) => {
    const [row, across1, c] = input.length === 1 ? [0, 0, input[0]] : input;
    return { frame: column.frame(c, row, across1, 1, 1, origin), strength: product / largest };
  });
}

export function wires(overlay, columns, reply, flow) {
  overlay.replaceChildren();
  const column = columns[reply?.layer];
  if (!column?.tiles) return;
  const origin = flow.getBoundingClientRect();
  const [row, across, c] = reply.at.length === 1 ? [0, 0, reply.at[0]] : reply.at;
  const target = column.frame(c, row, across, 1, 1, origin);
  const before = columns[reply.from?.layer];
  if (before?.tiles) {
    const found = sources(before, reply, origin);
    if (before.element.offsetTop === column.element.offsetTop) { // the layers are columns
      lines(overlay, found, target, reply, column.element.offsetLeft - 8);
    }
    for (const { frame, strength } of found) {
      overlay.append(box(frame, strength === null ? "frame weak" : "frame"));
    }
  }
  if (reply.at.length > 1) overlay.append(box(column.tileFrame(c, origin), "tile"));
  overlay.append(box(target, "frame target"));
}
