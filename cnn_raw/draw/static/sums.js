// The arithmetic of one number, in tables: reply.kind says which (see inside.py).

import { css, dark, paint } from "./colour.js";
import { el, number, percent, place } from "./dom.js";
import { toBytes } from "./arrays.js";

// A grid of numbers, tinted by their size among `most`.
function cells(caption, rows, { most = 0, chosen = [], unused = "none" } = {}) {
  const tint = dark() ? 0.25 : 0.4; // the numbers stay legible
  const largest = most || Math.max(...rows.flat().map((value) => Math.abs(value ?? 0)), 1e-12);
  return el("table", { className: "cells" }, el("caption", {}, caption),
    el("tbody", {}, ...rows.map((row, i) => el("tr", {}, ...row.map((value, j) => {
      if (value === null) return el("td", { className: "padding" }, unused);
      const cell = el("td", { className: chosen[0] === i && chosen[1] === j ? "chosen" : "" },
        number(value));
      cell.style.background = css(tint * value / largest);
      return cell;
    })))));
}

const sign = (text) => el("span", { className: "sign" }, text);

// Names and numbers, one below the other. A row is [name, number, className].
function list(rows) {
  return el("dl", { className: "sums" }, ...rows.filter(Boolean).flatMap(([name, value, className = ""]) =>
    [el("dt", { className }, name), el("dd", { className },
      typeof value === "number" ? number(value, 6) : value)]));
}

// What TensorFlow's own operation returned; a page without TensorFlow has none.
const returned = (name, value, reply) => value !== null && [
  [`tf.nn.${name}`.replace("nn.matmul", "matmul"), value, "total"],
  ["difference", reply.difference.toExponential(1).replace("-", "\u2212")]];

function afterDropout({ keep, mask, value }) {
  if (keep === undefined || keep === 1) return [];
  return [["after dropout", mask ? `${number(value, 6)} (kept: divided by ${keep})` : "0 (dropped)",
    "total"]];
}

function convSum(reply) {
  const [first, ...others] = reply.channels;
  const before = reply.from.layer;
  const name = (one) => (reply.channels.length + reply.others === 1 ? `${before}` : `channel ${one.channel}`);
  const strip = el("canvas", { className: "strip", role: "img" });
  strip.setAttribute("aria-label", `the sums of all ${reply.sums.length} channels`);
  paint(strip, toBytes(reply.sums), 1, reply.sums.length);
  return [
    el("div", {},
      el("div", { className: "products" },
        cells(`patch of ${before}${others.length ? `, ${name(first)}` : ""}`, first.patch, { unused: "0 pad" }),
        sign("\u00d7"), cells("filter", first.filter), sign("="),
        cells("products", first.products), sign("\u2192"),
        el("strong", {}, number(first.sum))),
      ...(reply.sums.length > 1 ? [el("p", { className: "all note" },
        `Sums of all ${reply.sums.length} channels`, strip)] : [])),
    list([
      ...reply.channels.map((one) => [`sum of ${name(one)}`, one.sum]),
      reply.others && [`the other ${reply.others} channels`, reply.rest],
      ["sum of all products", reply.sum, "total"],
      ...(returned("conv2d", reply.conv2d, reply) || []),
      ["relu: negative becomes 0", reply.relu, "total"],
    ]),
  ];
}

function poolSum(reply) {
  return [
    el("div", { className: "products" },
      cells(`window of ${reply.from.layer}`, reply.candidates, { chosen: reply.chosen }),
      sign("\u2192"), el("strong", {}, number(reply.largest))),
    list([["max_pool: the largest", reply.largest, "total"], ...afterDropout(reply)]),
  ];
}

function denseSum(reply) {
  const before = reply.from.layer;
  const head = ["input", "value", "\u00d7 weight", "= product"];
  const rows = reply.inputs.map((one) => [place(before, one.input), number(one.value),
    number(one.weight), number(one.product)]);
  return [
    el("table", { className: "inputs" }, el("caption", {}, "The strongest inputs"),
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((text) => el("td", {}, text)))))),
    list([
      ["these products", reply.inputs.reduce((sum, one) => sum + one.product, 0)],
      [`the other ${reply.others.toLocaleString("en")} products`, reply.rest],
      ["sum of all products", reply.sum, "total"],
      ...(returned("matmul", reply.matmul, reply) || []),
      "relu" in reply && ["relu: negative becomes 0", reply.relu, "total"],
      ...afterDropout(reply),
    ]),
  ];
}

function softmaxSum(reply) {
  const total = reply.powers.reduce((sum, power) => sum + power, 0);
  const head = ["digit", "py_x", "exp(py_x \u2212 largest)", "/ sum"];
  const rows = reply.logits.map((logit, k) => [String(k), number(logit), number(reply.powers[k], 6),
    percent(reply.powers[k] / total)]);
  return [
    el("table", { className: "inputs" }, el("caption", {}, "Softmax of the ten logits"),
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...rows.map((row, k) =>
        el("tr", { className: k === reply.at[0] ? "chosen" : "" },
          ...row.map((text) => el("td", {}, text)))))),
    list([["exp, of this digit", reply.powers[reply.at[0]]], ["sum of all ten", total],
      ["probability", reply.value, "total"]]),
  ];
}

const pixelSum = () => [el("p", {}, "A pixel of the prepared digit, from 0 (paper) to 1 (ink). "
  + "\u201cPreparation\u201d shows how the drawing became these 28\u00d728 numbers.")];

export const spelledOut = (reply) => ({ conv: convSum, pool: poolSum,
  dense: denseSum, softmax: softmaxSum, pixel: pixelSum }[reply.kind](reply));
