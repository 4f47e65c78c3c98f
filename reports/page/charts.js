// Charts over time, all with the same left gutter, the faults drawn behind them, and one zoom and cursor for all.
const gutter = 62;
const timeCharts = [];
let making = null;  // the list that new charts join, so that a section can be drawn anew

const stepTimes = () => Array.from({ length: results.series.steps }, (_, i) => ((i + 0.5) * results.series.step_us) / 1e6);
const known = (values) => values.map((v) => (v < 0 ? null : v));

function drawFaults(u) {
  const { ctx } = u, { left, top, width, height } = u.bbox, dpr = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const fault of results.faults) {
    const from = u.valToPos(fault.from_us / 1e6, "x", true), to = u.valToPos(fault.to_us / 1e6, "x", true);
    ctx.fillStyle = faultColour(fault.kind, 0.13);
    ctx.fillRect(from, top, Math.max(to - from, dpr), height);
    ctx.fillStyle = faultColour(fault.kind, 0.7);
    ctx.fillRect(from, top, dpr, height);
    ctx.fillRect(from, top, Math.max(to - from, dpr), 3 * dpr);
  }
  if (results.run.healed_us != null) {
    ctx.fillStyle = colour("--pass");
    ctx.fillRect(u.valToPos(results.run.healed_us / 1e6, "x", true), top, dpr, height);
  }
  ctx.fillStyle = colour("--soft");
  for (const step of results.series.tainted) {  // the harness itself was late: do not trust what stands here
    const from = u.valToPos((step * results.series.step_us) / 1e6, "x", true), to = u.valToPos(((step + 1) * results.series.step_us) / 1e6, "x", true);
    ctx.fillRect(from, top + height - 4 * dpr, to - from, 4 * dpr);
  }
  ctx.restore();
}

// The names at the top, each on the first row where it does not cover another; what finds no room goes without.
function nameFaults(u) {
  const { ctx } = u, { left, top, width } = u.bbox, dpr = devicePixelRatio || 1;
  ctx.save();
  ctx.font = `600 ${11 * dpr}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const ends = [0, 0, 0];
  const named = results.faults.map((f) => [f.from_us, f.name, faultColour(f.kind, 1)]);
  if (results.run.healed_us != null) named.push([results.run.healed_us, "healed", colour("--pass")]);
  for (const [from, name, paint] of named) {
    const x = Math.max(u.valToPos(from / 1e6, "x", true), left) + 4 * dpr;
    if (x > left + width - 12 * dpr) continue;
    const row = ends.findIndex((end) => x > end);
    if (row < 0) continue;
    const wide = ctx.measureText(name).width;
    if (x + wide > left + width) continue;
    ends[row] = x + wide + 8 * dpr;
    ctx.fillStyle = paint;
    ctx.fillText(name, x, top + (6 + 13 * row) * dpr);
  }
  ctx.restore();
}

function axes(value, right) {
  const base = () => ({ stroke: colour("--soft"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font: "11px system-ui, sans-serif" });
  const list = [{ ...base(), values: (u, all) => all.map((v) => `${+v.toFixed(3)} s`), space: 70 }, { ...base(), size: gutter, values: (u, all) => all.map((v) => (v == null ? "" : value(v))) }];
  if (right) list.push({ ...base(), side: 1, scale: "right", size: 62, grid: { show: false }, values: (u, all) => all.map((v) => (v == null ? "" : right(v))) });
  return list;
}

// A swatch is filled with its line's colour: an outline looks like a box to be ticked.
const legend = { live: true, markers: { width: 0, fill: (u, i) => u.series[i].stroke(u, i) } };

// Draws a chart and keeps it as wide as its host.
function draw(host, options, data) {
  const u = new uPlot({ width: Math.max(host.clientWidth, 200), ...options }, data, host);
  const observer = new ResizeObserver(() => u.setSize({ width: Math.max(host.clientWidth, 200), height: options.height }));
  observer.observe(host);
  const chart = { u, end: () => { observer.disconnect(); u.destroy(); } };
  if (making) making.push(chart);
  return u;
}

// lines: [{label, data, stroke, ...}]; more: scale y, bands, hooks.
function overTime(host, lines, more) {
  const { height = 220, value = count, right, y = {}, bands, drawn = [], points } = more || {};
  const options = {
    height,
    scales: { x: { time: false, range: () => view.zoom || [0, results.run.length_us / 1e6] }, y, right: { range: (u, min, max) => [0, (max || 1) * 1.1] } },
    axes: axes(value, right),
    series: [{ label: "time", value: (u, v) => (v == null ? "–" : `${v.toFixed(2)} s`) }, ...lines.map(({ data, ...line }) => ({ width: 1.5, points: { show: false }, value: (u, v) => (v == null ? "–" : (line.scale === "right" && right ? right : value)(v)), ...line }))],
    bands,
    cursor: { sync: { key: "time" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    legend,
    hooks: {
      drawClear: [drawFaults],
      draw: [nameFaults, ...drawn],
      setSelect: [(u) => {
        if (u.select.width < 5) return;
        zoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]);
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
      ready: [(u) => u.over.addEventListener("dblclick", () => zoom(null)), ...(points ? [points] : [])],
    },
  };
  const u = draw(host, options, [stepTimes(), ...lines.map((line) => line.data)]);
  timeCharts.push(u);
  return u;
}

function zoom(range) {
  view.zoom = range;
  for (const u of timeCharts) if (u.status === 1) u.setScale("x", { min: range ? range[0] : 0, max: range ? range[1] : results.run.length_us / 1e6 });
  drawLifelines();
}

// A logarithmic scale for times: from a power of ten below to one above, with names at powers of ten only.
const logTime = () => ({ distr: 3, log: 10, range: (u, min, max) => [10 ** Math.floor(Math.log10(Math.max(min || 100, 1))), 10 ** Math.ceil(Math.log10(Math.max(max || 1e6, 10)) + 0.02)] });
const linearTime = () => ({ range: (u, min, max) => [0, (max || 1) * 1.12] });
const powersOnly = (us) => (Math.abs(Math.log10(us) - Math.round(Math.log10(us))) < 1e-6 ? tick(us) : "");
const fade = (paint, share) => `color-mix(in srgb, ${paint} ${share}%, transparent)`;
