// Rates, backlog, feed lag, requests, and what became of the nodes.
function drawRates() {
  const { series: data } = results, each = 1e6 / data.step_us;
  const rate = (values) => values.map((v) => v * each);
  const number = (v) => `${v >= 1e4 ? `${+(v / 1e3).toFixed(1)}k` : v >= 100 ? Math.round(v) : +v.toFixed(1)}/s`;
  overTime(fill(part("rates", "body")), [
    { label: "sent", data: rate(data.sends), stroke: series(0) },
    { label: "accepted", data: rate(data.accepts), stroke: series(2) },
    { label: "stored", data: rate(data.stores), stroke: series(1) },
    { label: "shown (right)", data: rate(data.deliveries), stroke: series(3), scale: "right", dash: [4, 3] },
  ], { value: number, right: number, y: { range: (u, min, max) => [0, (max || 1) * 1.15] } });
}

function drawNodes() {
  const { series: data } = results, body = fill(part("nodes", "body"));
  const up = { range: (u, min, max) => [0, Math.max((max || 0) * 1.15, 1)] };
  body.append(h("h3", "lifelines"), h("div", { id: "lifelines" }));
  const stepped = uPlot.paths.stepped({ align: 1 });
  const lines = (of, more) => Object.entries(of).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)).slice(0, 24).map(([name, values], i) => ({ label: name, data: values, stroke: series(i), ...more }));
  if (Object.values(data.backlog).some((v) => v.some(Boolean))) {
    body.append(h("h3", "messages that wait for the store"));
    overTime(body.appendChild(h("div")), lines(data.backlog, { paths: stepped }), { height: 180, y: up });
  } else body.append(h("p.note", "No node ever told of a backlog."));
  if (Object.values(data.feed_lag_us).some((v) => v.some(Boolean))) {
    body.append(h("h3", "feed lag: from stored to the node's first showing, the longest in each step"));
    overTime(body.appendChild(h("div")), lines(data.feed_lag_us), { height: 180, value: time, y: linearTime() });
  }
  const statuses = Object.keys(data.requests);
  if (statuses.length) {
    body.append(h("h3", "requests to the store, by status"));
    const each = 1e6 / data.step_us;
    overTime(body.appendChild(h("div")), lines(Object.fromEntries(statuses.map((name) => [name, data.requests[name].map((v) => v * each)]))), { height: 180, value: (v) => `${+v.toFixed(1)}/s`, y: up });
  }
  requestAnimationFrame(drawLifelines);  // once the charts have their size
}

const stateLook = { up: ["up", "--pass"], joined: ["up", "--pass"], resumed: ["up", "--pass"], paused: ["paused", "--unknown"], killed: ["down", "--fail"], exited: ["down", "--fail"], wiped: ["down", "--fail"], stopping: ["stopping", "--unknown"] };

function drawLifelines() {
  const host = document.getElementById("lifelines");
  if (!host) return;
  const width = Math.max(host.clientWidth, 240), row = 26, [from, to] = view.zoom || [0, results.run.length_us / 1e6];
  // Under the charts' own time axis, to the pixel.
  const over = timeCharts.find((u) => u.status === 1 && u.axes.length === 2), left = over ? over.over.offsetLeft : gutter, wide = over ? over.over.clientWidth : width - gutter - 16;
  const x = (us) => left + Math.min(Math.max((us / 1e6 - from) / (to - from), 0), 1) * wide;
  const shown = results.nodes.slice(0, 60);
  const svg = s("svg", { class: "lanes", height: shown.length * row + 4, viewBox: `0 0 ${width} ${shown.length * row + 4}`, role: "img", "aria-label": "what became of each node" });
  for (const fault of results.faults) svg.append(s("rect", { x: x(fault.from_us), y: 0, width: Math.max(x(fault.to_us) - x(fault.from_us), 1), height: shown.length * row, fill: faultColour(fault.kind, 0.1) }));
  shown.forEach((node, i) => {
    const y = i * row + row / 2;
    svg.append(s("text", { x: left - 8, y: y + 4, "text-anchor": "end", class: "name" }, node.name));
    let state = "up", since = node.lifeline.length && node.lifeline[0][1] === "joined" ? node.lifeline[0][0] : 0;
    const bar = (until) => {
      const [look, paint] = stateLook[state] || ["up", "--soft"];
      if (until <= since) return;
      const tall = look === "up" ? 10 : look === "down" ? 2 : 6;
      svg.append(s("rect", { x: x(since), y: y - tall / 2, width: Math.max(x(until) - x(since), 0.5), height: tall, rx: 2, fill: colour(paint), opacity: look === "up" ? 0.75 : 0.9 }));
    };
    for (const [when, next] of node.lifeline) {
      bar(when);
      if (next !== "up" || state !== "up") {
        const dot = s("circle", { cx: x(when), cy: y, r: 4, fill: colour((stateLook[next] || ["", "--soft"])[1]), stroke: colour("--card") });
        dot.append(s("title", {}, `${node.name} ${next} at ${at(when)}`));
        if (when > 0) svg.append(dot);
        if (["killed", "paused", "wiped", "joined"].includes(next) && when > 0 && x(when) < width - 60) svg.append(s("text", { x: x(when) + 6, y: y - 5 }, next));
      }
      state = next;
      since = when;
    }
    bar(results.run.length_us);
  });
  fill(host, svg);
}

function drawRoutes() {
  const nodes = results.nodes.map((n) => n.name).filter((n) => results.routes.some((r) => r.from === n || r.to === n));
  if (!results.routes.length) return void (document.getElementById("routes").hidden = true);
  const key = `${view.quantile}_us`, values = results.routes.map((r) => Math.log(Math.max(r[key], 1))), low = Math.min(...values), high = Math.max(...values);
  const cells = new Map(results.routes.map((r) => [`${r.from} ${r.to}`, r]));
  fill(part("routes", "controls"), tabs(["p50", "p99", "max"], {}, view.quantile, (q) => { view.quantile = q; redraw(["routes"]); }));
  const small = nodes.length > 16;
  const rows = nodes.map((from) => h("tr", h("th", from), ...nodes.map((to) => {
    const route = cells.get(`${from} ${to}`);
    if (!route) return h("td", "");
    const share = high > low ? (Math.log(Math.max(route[key], 1)) - low) / (high - low) : 0;
    return h("td", { title: `${from} → ${to}: ${count(route.count)} deliveries, p50 ${time(route.p50_us)}, p99 ${time(route.p99_us)}${route.undelivered ? `, ${route.undelivered} never` : ""}`, style: `background:${fade(colour(route.undelivered ? "--fail" : "--s1"), Math.round(8 + 42 * share))}` }, small ? "" : time(route[key]));
  })));
  fill(part("routes", "body"), h("table.matrix", h("thead", h("tr", h("th", "from \\ to"), ...nodes.map((n) => h("th", n)))), h("tbody", ...rows)));
}
