// The space-time diagram of one message: a lane for its sender, its node, the store, the other nodes and who saw it; time to the
// right, logarithmic since it was due, for what matters happens in the first milliseconds or seconds later.
function chooseStory(i, look) {
  view.story = i;
  redraw(["story"]);
  if (look) document.getElementById("story").scrollIntoView({ behavior: "smooth" });
}

function drawStory() {
  const { stories } = results;
  if (!stories.length) return void (document.getElementById("story").hidden = true);
  const story = stories[view.story];
  const title = (one) => `${one.failed ? "✗ " : ""}${one.message} (${one.shown.some((x) => x.at_us < 0) ? "never everywhere" : time(worstOf(one))})`;
  const step = (by) => chooseStory((view.story + by + stories.length) % stories.length);
  fill(part("story", "controls"), h("label", "message ", h("select", { onchange: (e) => chooseStory(+e.target.value) }, ...stories.map((one, i) => h("option", { value: i, ...(i === view.story ? { selected: "" } : {}) }, title(one))))), h("button", { onclick: () => step(-1), "aria-label": "previous message" }, "‹"), h("button", { onclick: () => step(1), "aria-label": "next message" }, "›"),
    h("span.note", `${story.sender} to ${story.room} by ${story.node}, due ${at(story.due_us)}${story.tries > 1 ? `, sent ${story.tries} times` : ""}${story.in_store ? "" : ", not seen in the store"}`));
  fill(part("story", "body"), diagram(story));
}

function diagram(story) {
  const width = Math.max(part("story", "body").clientWidth, 620), left = 120, right = width - 40, row = 28, top = 30;
  const others = [...new Set(story.shown.map((one) => one.node))].filter((n) => n !== story.node).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const lanes = [], lane = new Map();
  const add = (key, name, kind) => { lane.set(key, lanes.length); lanes.push({ name, kind }); };
  add("sender", `${story.sender} (sender)`, "client");
  for (const one of story.shown.filter((x) => x.node === story.node && x.client !== story.sender).slice(0, 6)) add(`c ${one.client}`, one.client, "client");
  add(`n ${story.node}`, story.node, "node");
  add("store", "store", "store");
  for (const node of others) {
    add(`n ${node}`, node, "node");
    for (const one of story.shown.filter((x) => x.node === node).slice(0, 6)) add(`c ${one.client}`, one.client, "client");
  }
  const after = (us) => Math.max(us - story.due_us, 0);
  const last = Math.max(1000, after(story.accepted_us), after(story.stored_us), ...story.shown.map((one) => (one.at_us < 0 ? 0 : after(one.at_us))));
  const unit = 200, span = Math.log1p((last * 1.15) / unit);
  const x = (us) => left + (Math.log1p(after(us) / unit) / span) * (right - left);
  const y = (key) => top + lane.get(key) * row + row / 2;
  const height = top + lanes.length * row + 26;
  const svg = s("svg", { class: "lanes", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `the way of ${story.message}` });
  let nameEnd = -Infinity;  // names stand in one row; what finds no room goes without
  for (const fault of results.faults) {
    if (fault.to_us < story.due_us || fault.from_us > story.due_us + last * 1.15) continue;
    const from = x(fault.from_us), to = Math.min(x(fault.to_us), right);
    svg.append(s("rect", { x: from, y: top, width: Math.max(to - from, 1), height: lanes.length * row, fill: faultColour(fault.kind, 0.12) }));
    if (from + 4 < nameEnd) continue;
    svg.append(s("text", { x: from + 4, y: top - 18, style: `fill:${faultColour(fault.kind, 1)}` }, fault.name));
    nameEnd = from + 12 + 7 * fault.name.length;
  }
  for (let us = 1000; us < last * 1.15; us *= 10) {
    const place = x(story.due_us + us);
    svg.append(s("line", { x1: place, x2: place, y1: top, y2: top + lanes.length * row, stroke: colour("--grid") }), s("text", { x: place, y: height - 10, "text-anchor": "middle" }, `+${tick(us)}`));
  }
  svg.append(s("text", { x: left, y: height - 10, "text-anchor": "middle" }, "due"));
  lanes.forEach((one, i) => {
    const place = top + i * row + row / 2;
    svg.append(s("line", { x1: left, x2: right, y1: place, y2: place, stroke: colour(one.kind === "client" ? "--line" : "--soft"), "stroke-width": one.kind === "client" ? 1 : 1.6 }), s("text", { x: left - 10, y: place + 4, "text-anchor": "end", class: one.kind === "client" ? "" : "name" }, one.name));
  });
  const arrow = (fromX, fromKey, toX, toKey, paint, guessed) => svg.append(s("line", { x1: fromX, y1: y(fromKey), x2: toX, y2: y(toKey), stroke: paint, "stroke-width": 1.5, ...(guessed ? { "stroke-dasharray": "3 4", opacity: 0.7 } : {}) }));
  const dot = (us, key, paint, text, label) => {
    const mark = s("circle", { cx: x(us), cy: y(key), r: 4.5, fill: paint, stroke: colour("--card"), "stroke-width": 1.5 });
    mark.append(s("title", {}, `${text} at ${at(us)}, ${time(after(us))} after it was due`));
    svg.append(mark);
    if (label) svg.append(s("text", { x: x(us) + 7, y: y(key) - 6 }, label));
  };
  const near = 8, sent = colour("--s1"), kept = colour("--pass"), shown = colour("--s4"), home = `n ${story.node}`;
  arrow(x(story.sent_us), "sender", x(story.sent_us) + near, home, sent);
  if (story.accepted_us >= 0) arrow(Math.max(x(story.accepted_us) - near, left), home, x(story.accepted_us), "sender", kept);
  // When the store got it is not seen from outside: at the latest when its sender was told, or when another node had it.
  const away = story.shown.filter((one) => one.node !== story.node && one.at_us >= 0).map((one) => one.at_us);
  const inStore = Math.min(...[story.stored_us, ...away].filter((us) => us >= 0));
  if (Number.isFinite(inStore)) {
    const place = Math.max(x(inStore) - 2 * near, left);
    arrow(Math.max(place - near, left), home, place, "store", sent, true);
    for (const node of others) {
      const first = story.shown.filter((one) => one.node === node && one.at_us >= 0).map((one) => one.at_us);
      if (first.length) arrow(place, "store", Math.max(x(Math.min(...first)) - near, left), `n ${node}`, shown, true);
    }
    if (story.stored_us >= 0) arrow(Math.max(x(story.stored_us) - near, left), home, x(story.stored_us), "sender", colour("--s2"));
  }
  dot(story.sent_us, "sender", sent, "sent", "sent");
  for (const one of story.shown) {
    const key = one.client === story.sender ? "sender" : `c ${one.client}`;
    if (!lane.has(key)) continue;
    if (one.at_us < 0) {
      svg.append(s("text", { x: right + 6, y: y(key) + 5, style: `fill:${colour("--fail")};font-weight:700` }, "✗"));
      continue;
    }
    arrow(Math.max(x(one.at_us) - near, left), `n ${one.node}`, x(one.at_us), key, shown);
    dot(one.at_us, key, shown, `shown to ${one.client}${one.via ? ` by ${one.via}` : ""}${one.late ? ", marked late" : ""}`, one.late ? "late" : one.via || "");
  }
  if (story.accepted_us >= 0) dot(story.accepted_us, "sender", kept, "accepted", "");
  if (story.stored_us >= 0) dot(story.stored_us, "sender", colour("--s2"), "stored", "stored");
  return svg;
}
