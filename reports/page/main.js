// Puts the page together, and draws it anew when something is chosen.
function drawRun() {
  const { run } = results;
  const copy = h("button", { onclick: () => navigator.clipboard && navigator.clipboard.writeText(run.replay) }, "copy");
  const rows = [["replay", run.replay ? h("span", h("code", run.replay), " ", copy) : "–"], ["scenario", h("code", run.file)], ["seed", String(run.seed)], ["world", `${run.world}, ${run.store}`]];
  if (run.world === "virtual") rows.push(["time", "virtual: network, disk and timers take their time, processors take none; latencies under load are those of the process world"]);
  if (run.event_hash) rows.push(["event hash", h("code", `${run.event_hash} over ${count(run.events)} events`)]);
  rows.push(["topology", `${run.topology.nodes} nodes, ${run.topology.clients} clients${run.topology.polling ? ` (${run.topology.polling} of them poll)` : ""}, ${run.topology.rooms} rooms, feed ${run.topology.feed}, q=${run.topology.shards}, ${run.topology.members ? `a cluster of ${run.topology.members}, ` : ""}${run.topology.batch} in a batch, ${run.topology.page} rows in a page`]);
  if (run.started) rows.push(["started", run.started]);
  rows.push(["took", time(run.took_ms * 1000)]);
  rows.push(["harness", results.harness.stall_longest_us ? `itself late by up to ${time(results.harness.stall_longest_us)}, ${time(results.harness.stalled_us)} in all: grey marks at the foot of the charts` : "never late itself"]);
  rows.push(["counts", Object.entries(results.counts).map(([name, n]) => `${name} ${count(n)}`).join(" · ")]);
  for (const [name, value] of Object.entries(run.environment)) rows.push([name, value]);
  fill(part("run", "body"), h("dl", ...rows.flatMap(([name, value]) => [h("dt", name), h("dd", value)])));
}

const drawers = { compared: drawCompared, expectations: drawExpectations, latency: drawLatency, phases: drawPhases, shape: drawShape, rates: drawRates, nodes: drawNodes, routes: drawRoutes, story: drawStory, run: drawRun };
const drawn = {};

function redraw(names) {
  for (const name of names) {
    for (const chart of drawn[name] || []) {
      const at = timeCharts.indexOf(chart.u);
      if (at >= 0) timeCharts.splice(at, 1);
      chart.end();
    }
    making = drawn[name] = [];
    drawers[name]();
    making = null;
  }
}
function redrawAll() {
  drawVerdict();
  redraw(Object.keys(drawers));
}
function chooseMetric(name) {
  view.metric = name;
  redraw(["latency", "shape"]);
}
function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  redrawAll();
}
function withTheme(theme) {
  const root = document.documentElement, before = root.dataset.theme;
  root.dataset.theme = theme;
  redrawAll();
  return before;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /SELECT|INPUT|TEXTAREA/.test(event.target.tagName)) return;
  if (event.key >= "1" && event.key <= String(metricNames.length)) chooseMetric(metricNames[event.key - 1]);
  else if (event.key === "l") { view.log = !view.log; redraw(["latency", "shape"]); }
  else if (event.key === "0" || event.key === "Escape") zoom(null);
  else if (event.key === "t") toggleTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
let themeBefore;
addEventListener("beforeprint", () => { themeBefore = withTheme("light"); });  // ink is dear
addEventListener("afterprint", () => { if (themeBefore) withTheme(themeBefore); else { delete document.documentElement.dataset.theme; redrawAll(); } });
let lastWidth = innerWidth;
addEventListener("resize", () => { if (innerWidth !== lastWidth) { lastWidth = innerWidth; drawLifelines(); redraw(["story"]); } });
redrawAll();
