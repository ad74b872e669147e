// The arithmetic of one number, in tables: reply.kind says which (see inside.py).

import { css, dark, paint } from "./colour.js";
import { el, number, percent, place } from "./dom.js";
import { toBytes } from "./arrays.js";
import { count, say } from "./text.js";

// A grid of numbers, tinted by their size among `most`.
export function cells(caption, rows,
  { most = 0, chosen = [], unused = say("none"), text = number } = {}) {
  const tint = dark() ? 0.25 : 0.4; // the numbers stay legible
  const largest = most || Math.max(...rows.flat().map((value) => Math.abs(value ?? 0)), 1e-12);
  return el("table", { className: "cells" }, el("caption", {}, caption),
    el("tbody", {}, ...rows.map((row, i) => el("tr", {}, ...row.map((value, j) => {
      if (value === null) return el("td", { className: "padding" }, unused);
      const cell = el("td", { className: chosen[0] === i && chosen[1] === j ? "chosen" : "" },
        text(value));
      cell.style.background = css(tint * value / largest);
      return cell;
    })))));
}

export const sign = (text) => el("span", { className: "sign" }, text);

// Names and numbers, one below the other. A row is [name, number, className].
export function list(rows) {
  return el("dl", { className: "sums" }, ...rows.filter(Boolean).flatMap(([name, value, className = ""]) =>
    [el("dt", { className }, name), el("dd", { className },
      typeof value === "number" ? number(value, 6) : value)]));
}

export const tableOf = (caption, head, rows, chosen = -1) => el("table", { className: "inputs" },
  el("caption", {}, caption),
  el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
  el("tbody", {}, ...rows.map((row, k) => el("tr", { className: k === chosen ? "chosen" : "" },
    ...row.map((text) => el("td", {}, text))))));

// What TensorFlow's own operation returned; a page without TensorFlow has none.
const returned = (name, value, reply) => value !== null && [
  [`tf.nn.${name}`.replace("nn.matmul", "matmul"), value, "total"],
  [say("difference"), reply.difference.toExponential(1).replace("-", "\u2212")]];

function afterDropout({ keep, mask, value }) {
  if (keep === undefined || keep === 1) return [];
  return [[say("afterDropout"), mask ? say("keptBy", { value: number(value, 6), keep }) : say("dropped"),
    "total"]];
}

function convSum(reply) {
  const [first, ...others] = reply.channels;
  const before = reply.from.layer;
  const name = (one) => (reply.channels.length + reply.others === 1 ? before : say("channelN", one));
  const strip = el("canvas", { className: "strip", role: "img" });
  strip.setAttribute("aria-label", say("sumsOfAllLabel", { count: reply.sums.length }));
  paint(strip, toBytes(reply.sums), 1, reply.sums.length);
  return [
    el("div", {},
      el("div", { className: "products" },
        cells(say(others.length ? "patchOfChannel" : "patchOf", { layer: before, channel: first.channel }),
          first.patch, { unused: say("zeroPad") }),
        sign("\u00d7"), cells(say("filter"), first.filter), sign("="),
        cells(say("products"), first.products), sign("\u2192"),
        el("strong", {}, number(first.sum))),
      ...(reply.sums.length > 1 ? [el("p", { className: "all note" },
        say("sumsOfAll", { count: reply.sums.length }), strip)] : [])),
    list([
      ...reply.channels.map((one) => [say("sumOf", { name: name(one) }), one.sum]),
      reply.others && [say("otherChannels", { count: reply.others }), reply.rest],
      [say("sumOfAllProducts"), reply.sum, "total"],
      ...(returned("conv2d", reply.conv2d, reply) || []),
      [say("relu"), reply.relu, "total"],
    ]),
  ];
}

function poolSum(reply) {
  return [
    el("div", { className: "products" },
      cells(say("windowOf", reply.from), reply.candidates, { chosen: reply.chosen }),
      sign("\u2192"), el("strong", {}, number(reply.largest))),
    list([[say("largest"), reply.largest, "total"], ...afterDropout(reply)]),
  ];
}

function denseSum(reply) {
  const before = reply.from.layer;
  const head = ["input", "value", "timesWeight", "isProduct"].map((name) => say(name));
  const rows = reply.inputs.map((one) => [place(before, one.input), number(one.value),
    number(one.weight), number(one.product)]);
  return [
    tableOf(say("strongestInputs"), head, rows),
    list([
      [say("theseProducts"), reply.inputs.reduce((sum, one) => sum + one.product, 0)],
      [say("otherProducts", { count: count(reply.others) }), reply.rest],
      [say("sumOfAllProducts"), reply.sum, "total"],
      ...(returned("matmul", reply.matmul, reply) || []),
      "relu" in reply && [say("relu"), reply.relu, "total"],
      ...afterDropout(reply),
    ]),
  ];
}

function softmaxSum(reply) {
  const total = reply.powers.reduce((sum, power) => sum + power, 0);
  const head = [say("digit"), "py_x", say("power"), say("overSum")];
  const rows = reply.logits.map((logit, k) => [String(k), number(logit), number(reply.powers[k], 6),
    percent(reply.powers[k] / total)]);
  return [
    tableOf(say("softmaxCaption"), head, rows, reply.at[0]),
    list([[say("powerOfThis"), reply.powers[reply.at[0]]], [say("sumOfTen"), total],
      [say("probability"), reply.value, "total"]]),
  ];
}

const pixelSum = () => [el("p", {}, say("pixel"))];

export const spelledOut = (reply) => ({ conv: convSum, pool: poolSum,
  dense: denseSum, softmax: softmaxSum, pixel: pixelSum }[reply.kind](reply));
