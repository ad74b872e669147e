// The arithmetic of one gradient, in tables: reply.kind says which (see learning.py).

import { el, number, place } from "./dom.js";
import { cells, list, sign, tableOf } from "./sums.js";
import { count, say } from "./text.js";

// Gradients are small numbers: a few digits, and a power of ten where it is needed.
export const tiny = (value, digits = 4) => {
  if (value === 0) return "0";
  const text = Math.abs(value) < 1e-3 ? value.toExponential(digits - 2) : value.toFixed(digits + 2);
  return text.replace(/-/g, "\u2212");
};
const brief = (value) => tiny(value, 3);

const tape = ({ value, difference }) => [[say("tape"), tiny(value), "total"],
  [say("difference"), tiny(difference)]];

const total = (reply) => [
  reply.others > 0 && [say("otherProducts", { count: count(reply.others) }), tiny(reply.rest)],
  [say("sumOfAllProducts"), tiny(reply.sum), "total"],
  ...tape(reply)];

function softmaxBack(reply) {
  const { probability, label, n, at } = reply;
  return [el("p", { className: "formula" },
    say("softmaxBack", { probability: number(probability, 6), label, n, sum: tiny(reply.sum) })),
  el("p", { className: "note" }, say("softmaxBackSays", { digit: at[0] })), list(tape(reply))];
}

// What dropout and relu let pass on the way, in words.
const passes = ({ mask = 1, keep = 1, gate }) =>
  (!mask ? say("maskZero") : !gate ? say("gateZero") : keep === 1 ? "1" : `1 / ${keep}`);

function denseBack(reply) {
  const { layer } = reply;
  const rows = reply.terms.map((term) => [place(layer, term.unit), tiny(term.gradient), passes(term),
    number(term.weight), tiny(term.product)]);
  return [tableOf(say("denseBack", { layer }), [say("unit"), say("gradient"), say("passes"),
    say("timesWeight"), say("isProduct")], rows), list(total(reply))];
}

function convBack(reply) {
  const [first] = reply.channels;
  const options = { unused: say("outside"), text: brief };
  return [
    el("div", {}, el("div", { className: "products" },
      cells(say("gradientsOf", { layer: reply.layer, channel: first.channel }),
        gated(first.gradients, first.gates), options),
      sign("\u00d7"), cells(say("turnedFilter"), first.filter), sign("="),
      cells(say("products"), first.products, options)),
    el("p", { className: "note" }, say("convBackSays"))),
    list([
      ...reply.channels.map((one) => [say("sumOf", { name: say("channelN", one) }), tiny(one.sum)]),
      reply.others > 0 && [say("otherChannels", { count: reply.others }), tiny(reply.rest)],
      [say("sumOfAllProducts"), tiny(reply.sum), "total"], ...tape(reply)]),
  ];
}

// Gradients where relu's gate was open, zeros where it was shut.
const gated = (gradients, gates) => gradients.map((row, i) =>
  row.map((value, j) => (value === null ? null : value * gates[i][j])));

function poolBack(reply) {
  const { to, took, mask, keep } = reply;
  const [row, column] = reply.chosen;
  const passed = mask ? say("dividedBy", { keep }) : say("maskZero");
  return [
    el("div", { className: "products" },
      cells(say("windowOf", { layer: reply.layer }), reply.window,
        { chosen: [row, column], text: brief })),
    el("div", {}, el("p", { className: "formula" }, say(took ? "poolTook" : "poolLeft",
      { to: place(to.layer, to.at), gradient: tiny(to.gradient), passed: keep === 1 ? "" : passed })),
    list([[say("gradientOfPlace", { place: place(to.layer, to.at) }), tiny(to.gradient)],
      [say("sum"), tiny(reply.sum), "total"], ...tape(reply)])),
  ];
}

function weightBack(reply) {
  const conv = "images" in reply;
  const head = [say("image"), ...(conv ? [say("place")] : []), say("input"), say("gradient"),
    say("passes"), say("isProduct")];
  const rows = reply.terms.map((term) => [String(term.image),
    ...(conv ? [`[${term.at.join(", ")}]`] : []), number(term.input), tiny(term.gradient), passes(term),
    tiny(term.product)]);
  return [tableOf(say(conv ? "weightBackConv" : "weightBack"), head, rows),
    el("div", {}, list(total(reply)), updated(reply.update))];
}

const apart = (value) => (value < 0 ? `(${tiny(value)})` : tiny(value)); // of the sign before it

// RMSProp, spelled out.
function updated({ weight, gradient, rms, new_rms, decay, learning_rate, epsilon, change, new_weight }) {
  return el("div", { className: "update" },
    el("p", { className: "formula" }, say("rmsFormula", { rms: tiny(rms), gradient: apart(gradient),
      decay: number(1 - decay, 1), new: tiny(new_rms) })),
    el("p", { className: "formula" }, say("changeFormula", { rate: learning_rate,
      gradient: apart(gradient), rms: tiny(new_rms), epsilon, change: tiny(change) })),
    el("p", { className: "formula total" }, say("weightFormula", { weight: tiny(weight),
      change: apart(change), new: tiny(new_weight) })));
}

export const spelledBack = (reply) => ({ softmax: softmaxBack, dense: denseBack, conv: convBack,
  pool: poolBack, weight: weightBack }[reply.kind](reply));
