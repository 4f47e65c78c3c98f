#include "sim/checker/thresholds.hpp"

#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// What an expression came to.
struct Value {
    Waited value;
    bool is_time = true;
    bool is_bytes = false;
    std::string of;                       ///< " over 512 messages"
    std::int64_t samples = 0;             ///< 0: it is counted, not sampled
    std::optional<Waited> undisturbed{};  ///< what it came to at the least, without the harness's own stalls
};

bool holds(double value, std::string_view relation, double bound) {
    if (relation == "<") return value < bound;
    if (relation == "<=") return value <= bound;
    if (relation == ">") return value > bound;
    if (relation == ">=") return value >= bound;
    return value == bound;
}

/// In the unit that shows it.
std::string bytes_text(std::int64_t bytes) {
    if (bytes < 100'000) return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1e3);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// What has not happened yet is longer than it seems: it can only speak against an upper bound, or for a
/// lower one.
bool holds(Waited value, const Expectation& expectation) {
    const bool upper = expectation.relation.starts_with('<') || expectation.relation == "==";
    return !(value.more && upper) &&
           holds(static_cast<double>(value.us), expectation.relation, expectation.value);
}

/// "p99" as 99000, "p999" and "p99.9" as 99900: the digits behind the second are fractions of a per cent.
std::optional<std::int64_t> share_of(std::string_view function) {
    if (function == "max") return 100'000;
    if (function == "min") return 0;
    if (function == "p100") return 100'000;
    if (function.size() < 3 || function[0] != 'p') return {};
    std::int64_t share = 0, unit = 10'000;
    for (std::size_t i = 1; i < function.size(); ++i) {
        if (function[i] == '.' && i == 3) continue;
        if (function[i] < '0' || function[i] > '9' || unit == 0) return {};
        share += (function[i] - '0') * unit;
        unit /= 10;
    }
    return share;
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

/// Splits "p99(delivery, n2)" into its function and its arguments.
bool split(std::string_view text, std::string_view& function, std::vector<std::string_view>& arguments) {
    const auto open = text.find('(');
    if (open == std::string_view::npos || !text.ends_with(')')) return false;
    function = trim(text.substr(0, open));
    auto rest = text.substr(open + 1, text.size() - open - 2);
    for (;;) {
        const auto comma = rest.find(',');
        arguments.push_back(trim(rest.substr(0, comma)));
        if (comma == std::string_view::npos) return true;
        rest.remove_prefix(comma + 1);
    }
}

/// Figures that are counted, not sampled. Nothing when `what` is not one of them.
std::optional<Value> counted(const Facts& facts, std::string_view function, std::string_view what,
                             const Filter& filter) {
    Value value;
    value.is_time = false;
    const auto within = [&](std::int64_t at_us) { return !filter.phase || filter.phase->contains(at_us); };
    if (function == "max" && what == "backlog") {
        for (const auto& change : facts.backlogs)
            if (within(change.at_us) && (filter.node == nobody || filter.node == change.node))
                value.value.us = std::max(value.value.us, change.count);
    } else if (function == "max" && what == "memory") {
        value.is_bytes = true;
        for (const auto& sample : facts.memory) {
            if (!within(sample.at_us) || (filter.node != nobody && filter.node != sample.node)) continue;
            value.value.us = std::max(value.value.us, sample.bytes);
            ++value.samples;
        }
        value.of = fmt::format(" over {} samples", value.samples);
    } else if (function == "max" && what == "queued") {
        value.is_bytes = true;
        for (const auto& sample : facts.queues) {
            if (filter.node != nobody && filter.node != sample.node) continue;
            if (filter.client != nobody && filter.client != sample.client) continue;
            ++value.samples;
            if (within(sample.at_us)) value.value.us = std::max(value.value.us, sample.bytes);
        }
        value.of = " for one client";
    } else if (function == "max" && what == "stall") {
        value.is_time = true;
        for (const auto& stall : facts.stalls)
            if (within(stall.at_us)) value.value.us = std::max(value.value.us, stall.late_us);
    } else if (function == "count" && what == "requests") {
        for (const auto& requests : facts.requests)
            if (within(requests.at_us) && (filter.node == nobody || filter.node == requests.node))
                value.value.us += requests.count;
    } else if (function == "count" && what == "sends") {
        for (const auto& m : facts.messages)
            if (m.sent_seq != 0 && filter.takes(facts, {0, m.due_us, facts.index_of(m), m.node, m.sender}))
                ++value.value.us;
    } else {
        return {};
    }
    return value;
}

/// How much of a sample's time the harness itself was late in: it may have seen what had happened, or sent
/// what was due, only so much later.
std::int64_t stalled_within(const Facts& facts, const Sample& sample) {
    std::int64_t stalled = 0;
    const auto end = sample.due_us + sample.waited_us();
    for (const auto& stall : facts.stalls)
        stalled += std::max<std::int64_t>(
            std::min(stall.at_us, end) - std::max(stall.at_us - stall.late_us, sample.due_us), 0);
    return stalled;
}

/// The figure itself: a quantile, or the mean. Nothing when there is no such function.
std::optional<Waited> figure_of(const Figures& figures, std::string_view function) {
    if (function == "mean") return Waited{figures.mean_us, figures.undelivered > 0};
    const auto share = share_of(function);
    return share ? std::optional{figures.quantile(*share)} : std::nullopt;
}

std::optional<Value> sampled(const Facts& facts, const Latencies& latencies, std::string_view function,
                             Metric metric, const Filter& filter, std::string& why) {
    const auto figures = latencies.figures(metric, filter);
    Value value;
    value.samples = figures.count;
    value.of = fmt::format(" over {} {}", figures.count,
                           metric == Metric::delivery ? "deliveries"
                           : metric == Metric::shown  ? "showings"
                                                      : "messages");
    if (figures.undelivered > 0) value.of += fmt::format(", {} of them never", figures.undelivered);
    if (function == "count" || function == "undelivered") {
        value.is_time = false;
        value.value.us = function == "count" ? figures.count : figures.undelivered;
        return value;
    }
    if (figures.count == 0) {
        why = "there was none";
        return {};
    }
    const auto figure = figure_of(figures, function);
    if (!figure) {
        why = fmt::format("there is no figure \"{}\"", function);
        return {};
    }
    value.value = *figure;
    if (!facts.stalls.empty())
        value.undisturbed =
            figure_of(latencies.figures(metric, filter,
                                        [&](const Sample& sample) {
                                            return std::max<std::int64_t>(
                                                sample.waited_us() - stalled_within(facts, sample), 0);
                                        }),
                      function);
    return value;
}

/// Reads "n2", "r1", "from c1", "to n2", "except n1" or "poller" into the filter; false when a name is
/// unknown.
bool read_place(const Facts& facts, std::string_view text, Filter& filter) {
    const auto space = text.find(' ');
    const auto word = space == std::string_view::npos ? std::string_view{"to"} : text.substr(0, space);
    const auto name = space == std::string_view::npos ? text : trim(text.substr(space + 1));
    if (name == "poller") return filter.pollers = true;
    const auto node = facts.node_names.find(name);
    const auto client = facts.clients_names.find(name);
    const auto room = facts.room_names.find(name);
    if (word == "from") {
        filter.from_node = node;
        filter.from_client = client;
    } else if (word == "except") {
        if (node != nobody) filter.except_nodes.push_back(node);
        if (client != nobody) filter.except_clients.push_back(client);
    } else if (word == "to") {
        if (node != nobody) filter.node = node;
        if (client != nobody) filter.client = client;
        if (room != nobody) filter.room = room;
    } else {
        return false;
    }
    return node != nobody || client != nobody || room != nobody;
}

std::optional<Value> value_of(const Facts& facts, const Latencies& latencies, const Expectation& expectation,
                              std::string& why) {
    std::string_view function;
    std::vector<std::string_view> arguments;
    if (!split(expectation.property, function, arguments)) {
        why = fmt::format("\"{}\" is no property that is known", expectation.property);
        return {};
    }
    const auto phase = phase_named(facts, expectation.phase);
    if (!phase) {
        why = fmt::format("the phase \"{}\" did not take place", expectation.phase);
        return {};
    }
    Filter filter{.phase = &*phase};
    for (const auto argument : std::span{arguments}.subspan(1)) {
        if (read_place(facts, argument, filter)) continue;
        why = fmt::format("there is no node, room or client \"{}\"", argument);
        return {};
    }
    if (const auto metric = metric_named(arguments[0]))
        return sampled(facts, latencies, function, *metric, filter, why);
    auto value = counted(facts, function, arguments[0], filter);
    if (!value) why = fmt::format("there is no figure \"{}({})\"", function, arguments[0]);
    if (value && value->is_bytes && value->samples == 0) {
        why = arguments[0] == "memory" ? "no node's memory was looked at"
                                       : "nobody looked at what waited there";
        return {};
    }
    return value;
}

std::optional<Value> recovery_value(const Facts& facts, const Latencies& latencies,
                                    const Expectation& expectation, std::string& why) {
    std::string_view name{expectation.property};
    name.remove_prefix(std::string_view{"recovery"}.size());
    if (trim(name).empty()) name = expectation.phase;
    name = trim(name);
    if (name.starts_with("of ")) name = trim(name.substr(3));
    const auto stable = expectation.stable.value_or(recovery_stable);
    const auto recovery = recovery_of(facts, latencies, name, stable);
    if (!recovery) {
        why = fmt::format("the fault \"{}\" did not take place", name);
        return {};
    }
    if (!recovery->has_before) {
        why = fmt::format("nothing was delivered before {}, to compare with", name);
        return {};
    }
    // Whether it would have been in time nobody knows; that it was not may be known all the same.
    if (recovery->overtaken_us && static_cast<double>(*recovery->overtaken_us) < expectation.value) {
        why = fmt::format("the next fault began {} after {}, before all was as it had been",
                          time_text(*recovery->overtaken_us), name);
        return {};
    }
    const auto of = fmt::format(" until no message waited and p99({}) was under {} again, for {}",
                                recovery->metric, time_text(recovery->limit_us), time_text(stable.count()));
    Value value;
    value.value = recovery->us ? Waited{*recovery->us, false} : Waited{facts.end_us, true};
    value.of = of;
    return value;
}

}  // namespace

Finding check_threshold(const Facts& facts, const Latencies& latencies, const Expectation& expectation) {
    Finding finding;
    finding.property = expectation.text.empty() ? expectation.property : expectation.text;
    finding.location = expectation.location;
    std::string why;
    const auto value = expectation.property.starts_with("recovery")
                           ? recovery_value(facts, latencies, expectation, why)
                           : value_of(facts, latencies, expectation, why);
    if (!value) {
        finding.measured = why;
        return finding;
    }
    finding.measured = (value->is_time    ? waited_text(value->value)
                        : value->is_bytes ? bytes_text(value->value.us)
                                          : fmt::format("{}", value->value.us)) +
                       value->of;
    const bool ok = holds(value->value, expectation);
    finding.outcome = ok ? Outcome::pass : Outcome::fail;
    if (value->undisturbed && holds(*value->undisturbed, expectation) != ok) {
        finding.outcome = Outcome::unknown;
        finding.measured += fmt::format(
            "; the harness itself was late meanwhile, and without that it may have been {}: the machine was "
            "too "
            "busy to measure this on",
            waited_text(*value->undisturbed));
    }
    return finding;
}

bool is_broken_already(const Facts& facts, const Latencies& latencies, const Expectation& expectation,
                       std::int64_t samples_min) {
    std::string why;
    const auto value = value_of(facts, latencies, expectation, why);
    if (!value || (value->samples > 0 && value->samples < samples_min)) return false;
    const auto& least = value->undisturbed ? *value->undisturbed : value->value;
    return !holds(static_cast<double>(least.us), expectation.relation, expectation.value);
}

}  // namespace davenport::sim::checker
