#include "sim/search/scenario_text.hpp"

#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/value.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim::search {

namespace {

using Pairs = std::vector<std::string>;

std::string show(Duration time) { return show_time(time.count()); }
std::string show(const Range& range) {
    return range.low == range.high ? show(range.low) : show(range.low) + ".." + show(range.high);
}

std::string flow(const Pairs& pairs) { return fmt::format("{{ {} }}", fmt::join(pairs, ", ")); }

/// Between double quotes where YAML could take it for something else.
std::string text(const std::string& value) {
    std::string out{'"'};
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out + '"';
}

std::string placement(const std::map<std::string, std::string>& homes) {
    std::map<std::string, Pairs> clients;
    for (const auto& [client, node] : homes) clients[node].push_back(client);
    Pairs out;
    for (const auto& [node, names] : clients)
        out.push_back(fmt::format("{}: [{}]", node, fmt::join(names, ", ")));
    return flow(out);
}

std::string topology(const Topology& t) {
    const Topology standard;
    Pairs pairs{fmt::format("nodes: {}", t.nodes), fmt::format("clients: {}", t.clients)};
    if (t.polling != standard.polling) pairs.push_back(fmt::format("polling: {}", t.polling));
    if (t.readers != standard.readers) pairs.push_back(fmt::format("readers: {}", t.readers));
    if (!t.homes.empty()) pairs.push_back("placement: " + placement(t.homes));
    if (t.arrive != standard.arrive) pairs.push_back("arrive: " + show(t.arrive));
    if (t.rooms != standard.rooms) pairs.push_back(fmt::format("rooms: {}", t.rooms));
    if (t.rooms_each != standard.rooms_each) pairs.push_back(fmt::format("rooms_each: {}", t.rooms_each));
    if (t.feed != standard.feed) pairs.push_back("feed: " + t.feed);
    if (t.poll_interval != standard.poll_interval) pairs.push_back("poll_interval: " + show(t.poll_interval));
    if (t.store != standard.store) pairs.push_back("store: " + t.store);
    if (t.servers != standard.servers) pairs.push_back(fmt::format("servers: {}", t.servers));
    if (t.shards != standard.shards) pairs.push_back(fmt::format("shards: {}", t.shards));
    if (t.members != standard.members) pairs.push_back(fmt::format("members: {}", t.members));
    if (t.stores != standard.stores) pairs.push_back(fmt::format("stores: {}", t.stores));
    if (t.prefix != standard.prefix) pairs.push_back("prefix: " + t.prefix);
    if (t.batch != standard.batch) pairs.push_back(fmt::format("batch: {}", t.batch));
    if (t.page != standard.page) pairs.push_back(fmt::format("page: {}", t.page));
    if (t.send_queue_bytes != standard.send_queue_bytes)
        pairs.push_back(fmt::format("send_queue: {}B", t.send_queue_bytes));
    return flow(pairs);
}

std::string links(const std::map<std::string, Link>& all) {
    Pairs out;
    for (const auto& [name, link] : all) {
        Pairs pairs{"latency: " + show(link.latency)};
        if (link.bytes_per_second > 0)
            pairs.push_back(fmt::format("bandwidth: {}B/s", link.bytes_per_second));
        out.push_back(fmt::format("{}: {}", name, flow(pairs)));
    }
    return flow(out);
}

std::string message(const Message& m) {
    Pairs pairs{"at: " + show(m.at), "client: " + m.client};
    if (!m.room.empty()) pairs.push_back("room: " + m.room);
    if (m.size_bytes != Message{}.size_bytes) pairs.push_back(fmt::format("size: {}B", m.size_bytes));
    if (m.what != Deed::post) pairs.push_back(m.what == Deed::edit ? "what: edit" : "what: remove");
    return flow(pairs);
}

std::string rate(std::uint64_t per_1000_seconds) {
    return per_1000_seconds % 1000 == 0
               ? fmt::format("{}/s", per_1000_seconds / 1000)
               : fmt::format("{}.{:03}/s", per_1000_seconds / 1000, per_1000_seconds % 1000);
}

std::string stages(const std::vector<Stage>& all) {
    Pairs out;
    for (const auto& s : all)
        out.push_back(flow({"for: " + show(s.length),
                            "rate: " + (s.from == s.to ? rate(s.from) : rate(s.from) + ".." + rate(s.to))}));
    return fmt::format("[{}]", fmt::join(out, ", "));
}

std::string load(const Load& l) {
    const Load standard;
    Pairs pairs;
    if (l.messages.empty()) {
        constexpr const char* arrivals[] = {"constant", "poisson", "ramp", "burst"};
        pairs.push_back(l.stages.empty() ? "rate: " + rate(l.per_1000_seconds)
                                         : "stages: " + stages(l.stages));
        if (l.arrivals != standard.arrivals)
            pairs.push_back(fmt::format("arrivals: {}", arrivals[static_cast<int>(l.arrivals)]));
        if (l.size_bytes != l.size_bytes_max)
            pairs.push_back(fmt::format("size: {}B..{}B", l.size_bytes, l.size_bytes_max));
        else if (l.size_bytes != standard.size_bytes)
            pairs.push_back(fmt::format("size: {}B", l.size_bytes));
        if (l.edits_per_million > 0)
            pairs.push_back(fmt::format("edits: {}%", as_fraction(l.edits_per_million * 100)));
        if (l.removals_per_million > 0)
            pairs.push_back(fmt::format("removals: {}%", as_fraction(l.removals_per_million * 100)));
    }
    if (l.settle != standard.settle) pairs.push_back("settle: " + show(l.settle));
    if (l.stages.empty()) pairs.push_back("for: " + show(l.length));
    if (l.messages.empty()) return " " + flow(pairs) + "\n";
    auto out = fmt::format("\n  {}\n  messages:\n", fmt::join(pairs, "\n  "));
    for (const auto& m : l.messages) out += "    - " + message(m) + '\n';
    return out;
}

std::string fault(const Fault& f) {
    Pairs pairs;
    if (f.at) pairs.push_back("at: " + show(*f.at));
    if (f.every) pairs.push_back("every: " + show(*f.every));
    if (!f.when.empty()) pairs.push_back("when: " + text(f.when));
    pairs.push_back(f.kinds.size() == 1 ? "fault: " + f.kinds.front()
                                        : fmt::format("any: [{}]", fmt::join(f.kinds, ", ")));
    if (f.length) pairs.push_back("for: " + show(*f.length));
    if (!f.node.empty()) pairs.push_back("node: " + f.node);
    if (!f.client.empty()) pairs.push_back("client: " + f.client);
    if (!f.store.empty()) pairs.push_back("store: " + f.store);
    std::set<std::string> written_down;
    for (const auto& kind_name : f.kinds) {
        const auto* kind = language::find_fault(kind_name);
        if (!kind) continue;
        const auto usual = complete(*kind, {});
        for (const auto& [name, value] : f.parameters) {
            const auto* key = kind->find(name);
            const auto found = usual.find(name);
            const bool is_usual = found != usual.end() && found->second == value;
            if (!key || is_usual || !written_down.insert(name).second) continue;
            pairs.push_back(fmt::format("{}: {}", name, written(*key, value)));
        }
    }
    if (!f.name.empty() && f.name != f.kinds.front()) pairs.push_back("name: " + f.name);
    if (f.swarm) pairs.push_back("swarm: true");
    if (f.may_miss) pairs.push_back("may_miss: true");
    return flow(pairs);
}

}  // namespace

std::string scenario_text(const Scenario& scenario, const std::string& comment) {
    std::string out;
    for (std::size_t at = 0; at < comment.size();) {
        const auto end = std::min(comment.find('\n', at), comment.size());
        const auto line = comment.substr(at, end - at);
        out += line.empty() ? "#\n" : "# " + line + '\n';
        at = end + 1;
    }
    out += "name: " + text(scenario.name) + '\n';
    if (!scenario.about.empty()) out += "about: " + text(scenario.about) + '\n';
    out += fmt::format("seed: {}\n", scenario.seed);
    out += "topology: " + topology(scenario.topology) + '\n';
    if (!scenario.links.empty()) out += "links: " + links(scenario.links) + '\n';
    out += "load:" + load(scenario.load);
    if (!scenario.timeline.empty()) out += "timeline:\n";
    for (const auto& line : scenario.timeline) out += "  - " + fault(line) + '\n';
    if (!scenario.expect.empty()) out += "expect:\n";
    for (const auto& expectation : scenario.expect) out += "  - " + expectation.text + '\n';
    out += "heal: " + show(scenario.heal) + '\n';
    return out;
}

}  // namespace davenport::sim::search
