"use strict";
// The results that this page shows, and how it says times and numbers.
const results = JSON.parse(document.getElementById("results").textContent);
// Of a comparison: { before: another run's results, exact, conclusion, differences }, else null.
const other = JSON.parse(document.getElementById("other").textContent);
const metricNames = ["delivery", "shown", "local_echo", "local_ack", "stored"].filter((name) => results.phases[0].metrics[name]);
const metricTitles = { delivery: "delivery", shown: "shown", local_echo: "local echo", local_ack: "local ack", stored: "stored" };
const metricHelp = {
  delivery: "until a client on another node was shown it",
  shown: "until a client was shown it, on whichever node, the sender included",
  local_echo: "until the first client of the sender's node was shown it",
  local_ack: "until its sender was told that it is kept",
  stored: "until its sender was told that the store has it",
};
// On a single node nothing is delivered to another.
const mainMetric = results.phases[0].metrics.delivery.count || !results.phases[0].metrics.shown ? "delivery" : "shown";
const view = { metric: mainMetric, log: true, family: null, quantile: "p99", story: 0, zoom: null };

function time(us) {
  if (us == null || us < 0) return "never";
  if (us < 1000) return `${Math.round(us)} µs`;
  const [value, unit] = us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
}
const tick = (us) => (us < 1000 ? `${+us.toPrecision(3)} µs` : us < 1e6 ? `${+(us / 1e3).toPrecision(3)} ms` : `${+(us / 1e6).toPrecision(3)} s`);
const at = (us) => (us < 0 ? "never" : `${(us / 1e6).toFixed(3)} s`);
const count = (n) => Number(n).toLocaleString("en-US");

// A figure of a metric, "> 5 s" where what it stands for never happened.
function figure(metric, name) {
  if (!metric || !metric.count) return "–";
  return (metric.more_than.includes(name) ? "> " : "") + time(metric[`${name}_us`]);
}

// h("td.number", {title: "..."}, "text", child): an element.
function h(what, ...rest) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const part of rest) {
    if (part == null) continue;
    if (typeof part === "object" && !(part instanceof Node)) {
      for (const [name, value] of Object.entries(part)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value != null) element.setAttribute(name, value);
      }
    } else element.append(part);
  }
  return element;
}
function s(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  if (text != null) element.textContent = text;
  return element;
}
const part = (section, what) => document.querySelector(`#${section} .${what}`);
const fill = (element, ...children) => { element.replaceChildren(...children); return element; };

function tabs(names, titles, chosen, choose, help) {
  return h("span.tabs", { role: "group" }, ...names.map((name) =>
    h("button", { "aria-pressed": name === chosen, title: help ? help[name] : null, onclick: () => choose(name) }, titles[name] || name)));
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const series = (i) => colour(`--s${1 + (i % 8)}`);
const faultColour = (kind, alpha) => `rgb(${colour(`--${kind.split(".")[0]}`) || colour("--link")} / ${alpha})`;
const family = (name) => name.split("#")[0];
