// Lines over "One step": from a gradient to those of the layer after it that it was computed from.

import { box, line } from "./wires.js";

const AFTER = { l1: "l2a", l2: "l3a", l3: "l4", l4: "py_x" };

// {frame, strength} of each of them.
function backSources(reply, columns, origin) {
  if (reply.kind === "pool") {
    const { layer, at: [row, column, c] } = reply.to;
    return reply.took ? [{ frame: columns[layer].frame(c, row, column, 1, 1, origin), strength: 1 }] : [];
  }
  const after = columns[AFTER[reply.of]];
  if (reply.kind === "conv") {
    const most = Math.max(...reply.channels.map((one) => Math.abs(one.sum)), 1e-30);
    const [row, column] = reply.at;
    return reply.channels.map((one) => ({ strength: one.sum / most,
      frame: after.frame(one.channel, row - 1, column - 1, 3, 3, origin) }));
  }
  if (reply.kind !== "dense") return [];
  const most = Math.max(...reply.terms.map((one) => Math.abs(one.product)), 1e-30);
  return reply.terms.map((one) => ({ strength: one.product / most,
    frame: after.frame(one.unit[0], 0, 0, 1, 1, origin) }));
}

export function backWires(overlay, forward, backward, reply, flow) {
  overlay.replaceChildren();
  const column = backward[reply?.of];
  if (!column?.tiles) return;
  const origin = flow.getBoundingClientRect();
  const [row, across, c] = reply.at.length === 1 ? [0, 0, reply.at[0]] : reply.at;
  const target = column.frame(c, row, across, 1, 1, origin);
  const found = backSources(reply, backward, origin);
  for (const { frame, strength } of found) {
    if (frame.x > target.x + target.width) { // not on a phone, where the layers run downward
      overlay.append(...line(target.x + target.width, target.y + target.height / 2, frame.x,
        frame.y + frame.height / 2, strength));
    }
  }
  for (const { frame } of found) overlay.append(box(frame, "frame"));
  overlay.append(box(forward[reply.of].frame(c, row, across, 1, 1, origin), "frame"));
  overlay.append(box(target, "frame target"));
}
