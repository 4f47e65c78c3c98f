// The verdict and the expectations: the page's point.
function drawVerdict() {
  const { run, verdict, counts } = results;
  // A comparison is headed by its own outcome, which is its exit code too.
  const outcome = other ? (other.good ? "pass" : "fail") : verdict.outcome;
  const bad = verdict.findings.filter((f) => f.outcome !== "pass");
  const words = other ? { pass: "AS GOOD", fail: other.exact ? "DIFFERENT" : "WORSE" } : { pass: "PASS", fail: "FAIL", unknown: "UNKNOWN" };
  const holds = bad.length === 0 ? `All ${verdict.findings.length} findings hold.` : `${bad.length} of ${verdict.findings.length} findings do not hold: ${bad.slice(0, 3).map((f) => f.property).join("; ")}${bad.length > 3 ? "; …" : ""}`;
  const banner = h(`div.banner.${outcome}`,
    h("div.top", h("span.word", words[outcome]), h("h1.grow", run.scenario), h("button", { id: "theme", onclick: toggleTheme, "aria-label": "light or dark" }, "◐")),
    run.about ? h("p.about", run.about) : null,
    h("p.why", other ? `${other.conclusion}. ${holds}` : holds),
    run.broken ? h("p.why.is-unknown", `The run was broken off: ${run.broken}`) : null,
    h("div.chips", ...[`${run.world} world`, run.store, `${run.topology.nodes} nodes`, `${run.topology.clients} clients`, `seed ${run.seed}`, `${time(run.length_us)} long`, ...results.faults.slice(0, 6).map((f) => `${f.name}: ${f.kind}${f.to_us > f.from_us ? `, ${time(f.to_us - f.from_us)}` : ""}`), results.faults.length > 6 ? `${results.faults.length - 6} more faults` : null].filter(Boolean).map((text) => h("span.chip", text))));
  const phases = new Map(results.phases.map((p) => [p.name, p]));
  const first = results.faults.length ? family(results.faults[0].name) : null;
  const faultTitle = /^any(-\d+)?$/.test(first || "") ? "the drawn faults" : first;  // a line without a name is called after its key
  const tiles = [[count(counts.messages), "messages sent"], [count(counts.showings), "times shown"]];
  const lost = verdict.findings.find((f) => f.property.startsWith("no_loss")), twice = verdict.findings.find((f) => f.property.startsWith("no_duplicates"));
  if (lost) tiles.push([lost.measured.split(" ")[0], "accepted messages lost", lost.outcome]);
  if (twice) tiles.push([twice.measured.split(" ")[0], "shown or stored twice", twice.outcome]);
  const before = phases.get(first ? `before ${first}` : ""), during = phases.get(`during ${first}`);
  if (before) tiles.push([figure(before.metrics[mainMetric], "p99"), first ? `p99 ${mainMetric} before ${faultTitle}` : `p99 ${mainMetric}`]);
  if (during && during.metrics.local_echo.count) tiles.push([figure(during.metrics.local_echo, "p99"), `p99 local echo during ${faultTitle}`]);
  for (const recovery of results.recoveries.slice(0, 1)) tiles.push([time(recovery.us), `recovery of ${recovery.fault}`, recovery.us < 0 ? "fail" : null]);
  for (const failed of bad.filter((f) => f !== lost && f !== twice).slice(0, 3)) tiles.push([shortFigure(failed.measured), failed.property, failed.outcome]);
  banner.append(h("div.tiles", ...tiles.map(([number, name, state]) => h(`div.tile${state ? `.is-${state}` : ""}`, h("b", number), h("span", name)))));
  fill(document.getElementById("verdict"), banner);
}

// The figure at the beginning of what was measured: "p99 412 ms over 512 messages" is "p99 412 ms".
const shortFigure = (measured) => measured.split(/ over |[;:(]/)[0].split(" ").slice(0, 4).join(" ");

function drawExpectations() {
  const signs = { pass: "✓ holds", fail: "✗ fails", unknown: "? unknown" };
  const rows = results.verdict.findings.map((finding) => {
    const measured = h("td", finding.measured);
    if (finding.evidence.length) {
      const list = h("ul", ...finding.evidence.map((line) => {
        const message = results.stories.findIndex((story) => line.startsWith(story.message + " "));
        return h("li", message < 0 ? line : h("span", line + " ", h("button", { onclick: () => chooseStory(message, true) }, "see it")));
      }));
      measured.append(h("details", finding.outcome === "pass" ? {} : { open: "" }, h("summary", "evidence"), list));
    }
    if (finding.context) measured.append(h("details", {}, h("summary", "what happened round the first of these"), h("pre.context", finding.context.join("\n"))));
    return h("tr", h(`td.state.${finding.outcome}`, signs[finding.outcome]), h("td", h("code", finding.property)), measured,
      h("td.line", finding.line ? `${results.run.file.split("/").pop()}:${finding.line}` : "always checked"));
  });
  fill(part("expectations", "body"), h("table.expect", h("thead", h("tr", h("th", ""), h("th", "expectation"), h("th", "measured"), h("th", "scenario line"))), h("tbody", ...rows)));
}

function drawCompared() {
  if (!other) return;
  document.getElementById("compared").hidden = false;
  const looks = { worse: "fail", better: "pass", changed: "unknown", same: "same" };
  const size = (d) => (d.kind === "worse" ? 1e6 : d.kind === "changed" ? 5e5 : 0) + Math.abs(parseFloat(d.by.replace("[", "")) || 0);
  const all = other.differences.filter((d) => d.kind !== "same").sort((a, b) => size(b) - size(a));
  const row = (d) => h("tr", h(`td.state.${looks[d.kind]}`, d.kind), h("td", h("code", d.what)), h("td", d.phase || "whole run"), h("td.number", d.before), h("td.number", d.after), h("td.number", d.by));
  const table = (rows) => h("table", h("thead", h("tr", h("th", ""), h("th", "figure"), h("th", "of what was due"), ...["before", "now", "by"].map((t) => h("th.number", t)))), h("tbody", ...rows.map(row)));
  const body = fill(part("compared", "body"), h("p", h("b", other.conclusion)));
  if (all.length) body.append(table(all.slice(0, 12)));
  if (all.length > 12) body.append(h("details", h("summary", `${all.length - 12} more`), table(all.slice(12))));
}
