// Latency over time, by phase, and its shape.
function worstOf(story) {
  const waits = story.shown.filter((one) => one.node !== story.node || results.nodes.length < 2).map((one) => (one.at_us < 0 ? results.run.length_us : one.at_us) - story.due_us);
  return Math.max(1, ...waits);
}

function drawLatency() {
  const metric = results.series.latencies[view.metric];
  const shown = (values) => known(values).map((v) => (v == null ? null : Math.max(v, 1)));
  const paint = colour("--s1");
  const rings = (u) => {
    const { ctx } = u, dpr = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * dpr;
    if (view.metric === "delivery") {
      for (const story of results.stories) {
        ctx.strokeStyle = story.failed ? colour("--fail") : colour("--s2");
        ctx.beginPath();
        ctx.arc(u.valToPos(story.due_us / 1e6, "x", true), u.valToPos(worstOf(story), "y", true), 4 * dpr, 0, 2 * Math.PI);
        ctx.stroke();
      }
    }
    ctx.fillStyle = colour("--fail");  // a mark where something never came
    metric.undelivered.forEach((n, step) => {
      if (!n) return;
      const x = u.valToPos(((step + 0.5) * results.series.step_us) / 1e6, "x", true), y = u.bbox.top + u.bbox.height;
      ctx.beginPath();
      ctx.moveTo(x, y - 9 * dpr);
      ctx.lineTo(x - 5 * dpr, y);
      ctx.lineTo(x + 5 * dpr, y);
      ctx.fill();
    });
    ctx.restore();
  };
  const pick = (u) => u.over.addEventListener("click", (event) => {
    if (view.metric !== "delivery") return;
    const box = u.over.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    const far = results.stories.map((story, i) => [Math.hypot(u.valToPos(story.due_us / 1e6, "x") - x, u.valToPos(worstOf(story), "y") - y), i]).sort((a, b) => a[0] - b[0])[0];
    if (far && far[0] < 12) chooseStory(far[1], true);
  });
  const lines = [
    { label: "max", data: shown(metric.max), stroke: fade(paint, 35), width: 1 },
    { label: "p99", data: shown(metric.p99), stroke: fade(paint, 65), width: 1.2 },
    { label: "p95", data: shown(metric.p95), stroke: fade(paint, 85), width: 1.2 },
    { label: "p50", data: shown(metric.p50), stroke: paint, width: 2.2 },
  ];
  if (other && other.before.series.latencies[view.metric]) {
    const before = other.before.series, there = before.latencies[view.metric], paintBefore = colour("--s8");
    const stretched = (values) => stepTimes().map((t) => { const v = values[Math.floor((t * 1e6) / before.step_us)]; return v == null || v < 0 ? null : Math.max(v, 1); });
    for (const [q, width] of [["p99", 1.2], ["p50", 1.8]]) lines.push({ label: `${q} before`, data: stretched(there[q]), stroke: paintBefore, width, dash: [5, 4] });
  }
  const bands = [[1, 2, 10], [2, 3, 18], [3, 4, 26]].map(([a, b, share]) => ({ series: [a, b], fill: fade(paint, share) }));
  fill(part("latency", "controls"), tabs(metricNames, metricTitles, view.metric, chooseMetric, metricHelp), tabs(["log", "linear"], {}, view.log ? "log" : "linear", (how) => { view.log = how === "log"; redraw(["latency", "shape"]); }), h("span.note", metricHelp[view.metric] + (results.run.world === "virtual" ? "; in the virtual world processor time is free" : "")));
  const host = fill(part("latency", "body"));
  overTime(host, lines, { height: 320, value: time, y: view.log ? logTime() : linearTime(), bands, drawn: [rings], points: pick }).axes[1].values = (u, all) => all.map((v) => (v == null ? "" : view.log ? powersOnly(v) : tick(v)));
  timeCharts[timeCharts.length - 1].redraw(false, true);
}

function drawPhases() {
  const heads = ["count", "p50", "p90", "p95", "p99", "p99.9", "max", "never", "p99 from sending"];
  const rows = [];
  for (const name of metricNames) {
    if (!results.phases[0].metrics[name].count) continue;
    rows.push(h("tr.head", h("td", { colspan: heads.length + 1 }, metricTitles[name], h("span.note", `  ${metricHelp[name]}`))));
    for (const phase of results.phases) {
      const metric = phase.metrics[name];
      if (!metric.count) continue;
      rows.push(h("tr", h("td", phase.name || "whole run"), h("td.number", count(metric.count)), ...["p50", "p90", "p95", "p99", "p999", "max"].map((q) => h("td.number", figure(metric, q))),
        h(metric.undelivered ? "td.number.never" : "td.number", metric.undelivered ? count(metric.undelivered) : "0"), h("td.number", { title: "from the actual sending: leaves out the time that the client had to wait before it could send" }, figure(phase.uncorrected[name], "p99"))));
    }
  }
  fill(part("phases", "body"), h("table", h("thead", h("tr", h("th", "of what was due"), ...heads.map((t) => h("th.number", t)))), h("tbody", ...rows)));
  if (results.stored_untold) part("phases", "body").append(h("p.note", `${count(results.stored_untold)} messages are in the store, but their senders were not there any more to be told: they have no stored latency.`));
}

// The phases of the chosen fault, and the same of the run before, dashed.
function shapePhases() {
  const chosen = (p) => (p.name === "" || (view.family && p.name.endsWith(` ${view.family}`))) && p.metrics[view.metric].count;
  const phases = results.phases.filter(chosen).map((p, i) => ({ ...p, label: p.name || "whole run", paint: series(i) }));
  if (!other) return phases;
  const before = other.before.phases.filter(chosen).map((p) => ({ ...p, label: `${p.name || "whole run"}, before`, dash: [5, 4], paint: (phases.find((now) => now.name === p.name) || { paint: colour("--s8") }).paint }));
  return [...phases, ...before];
}

function drawShape() {
  const families = [...new Set(results.faults.map((f) => family(f.name)))].filter((name) => results.phases.some((p) => p.name === `during ${name}`));
  if (view.family == null) view.family = families[0] || "";
  const controls = [tabs(metricNames, metricTitles, view.metric, chooseMetric, metricHelp)];
  if (families.length > 1) controls.push(h("label", "phases of ", h("select", { onchange: (e) => { view.family = e.target.value; redraw(["shape"]); } }, ...families.map((name) => h("option", { value: name, ...(name === view.family ? { selected: "" } : {}) }, name)))));
  fill(part("shape", "controls"), ...controls);
  const left = h("div", h("h3", "percentiles, on an axis of nines")), right = h("div", h("h3", "share of messages that took at most …"));
  fill(part("shape", "body"), left, right);
  const phases = shapePhases();
  if (!phases.length) return fill(part("shape", "body"), h("p.note", "nothing to show"));
  const nines = (share) => -Math.log10(Math.max(1 - share / 1e5, 5e-6));
  const names = { 0: "0%", 0.30103: "50%", 1: "90%", 2: "99%", 3: "99.9%", 4: "99.99%", 5: "99.999%" };
  // A quantile beyond the number of samples says nothing: the curve ends where one sample is left.
  const reach = Math.max(...phases.map((p) => p.metrics[view.metric].count));
  const kept = phases[0].metrics[view.metric].curve.map((point, i) => [point[0], i]).filter(([share]) => share < 1e5 && (1e5 - share) / 1e5 * reach >= 0.5);
  const clean = { cursor: { drag: { x: false, y: false } }, legend };
  const timeAxis = { size: gutter, values: (u, all) => all.map((v) => (v == null ? "" : view.log ? powersOnly(v) : tick(v))) };
  const styled = () => ({ stroke: colour("--soft"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { stroke: colour("--grid"), width: 1 }, font: "11px system-ui, sans-serif" });
  draw(left, {
    ...clean, height: 260,
    scales: { x: { time: false, range: [0, Math.max(1, ...kept.map(([share]) => nines(share)))] }, y: view.log ? logTime() : linearTime() },
    axes: [{ ...styled(), splits: () => [0, 0.30103, 1, 2, 3, 4, 5], values: (u, all) => all.map((v) => names[v] || "") , space: 30 }, { ...styled(), ...timeAxis }],
    series: [{ label: "share", value: (u, v) => (v == null ? "–" : `${(100 - 100 * 10 ** -v).toFixed(v > 2 ? Math.ceil(v) - 1 : 1)}%`) }, ...phases.map((p) => ({ label: p.label, stroke: p.paint, dash: p.dash, width: 2, points: { show: false }, value: (u, v) => (v == null ? "–" : time(v)) }))],
  }, [kept.map(([share]) => nines(share)), ...phases.map((p) => kept.map(([, i]) => { const [, us, more] = p.metrics[view.metric].curve[i]; return more ? null : Math.max(us, 1); }))]);
  const joined = uPlot.join(phases.map((p) => {
    const points = new Map();
    for (const [share, us, more] of p.metrics[view.metric].curve) if (!more) points.set(Math.max(us, 1), share / 1000);
    const sorted = [...points].sort((a, b) => a[0] - b[0]);
    return [sorted.map((x) => x[0]), sorted.map((x) => x[1])];
  }));
  draw(right, {
    ...clean, height: 260,
    scales: { x: { time: false, ...(view.log ? logTime() : linearTime()) }, y: { range: [0, 100] } },
    axes: [{ ...styled(), values: timeAxis.values, space: view.log ? 20 : 60 }, { ...styled(), size: gutter, values: (u, all) => all.map((v) => `${v}%`) }],
    series: [{ label: "took at most", value: (u, v) => (v == null ? "–" : time(v)) }, ...phases.map((p) => ({ label: p.label, stroke: p.paint, dash: p.dash, width: 2, spanGaps: true, points: { show: false }, value: (u, v) => (v == null ? "–" : `${v.toFixed(1)}%`) }))],
  }, joined);
}
