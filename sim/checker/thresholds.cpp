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
    std::string of;            ///< " over 512 messages"
    std::int64_t samples = 0;  ///< 0: it is counted, not sampled
};

bool holds(double value, std::string_view relation, double bound) {
    if (relation == "<") return value < bound;
    if (relation == "<=") return value <= bound;
    if (relation == ">") return value > bound;
    if (relation == ">=") return value >= bound;
    return value == bound;
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

/// Figures that are counted, not sampled. Nothing when `what` is none of them.
std::optional<Value> counted(const Facts& facts, std::string_view function, std::string_view what,
                             const Filter& filter) {
    Value value{{}, false, ""};
    const auto within = [&](std::int64_t at_us) { return !filter.phase || filter.phase->contains(at_us); };
    if (function == "max" && what == "backlog") {
        for (const auto& change : facts.backlogs)
            if (within(change.at_us) && (filter.node == nobody || filter.node == change.node))
                value.value.us = std::max(value.value.us, change.count);
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
            if (m.sent_seq != 0 && within(m.due_us) && (filter.node == nobody || filter.node == m.node) &&
                (filter.room == nobody || filter.room == m.room))
                ++value.value.us;
    } else {
        return {};
    }
    return value;
}

std::optional<Value> sampled(const Latencies& latencies, std::string_view function, Metric metric,
                             const Filter& filter, std::string& why) {
    const auto figures = latencies.figures(metric, filter);
    Value value;
    value.samples = figures.count;
    value.of =
        fmt::format(" over {} {}", figures.count, metric == Metric::delivery ? "deliveries" : "messages");
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
    if (function == "mean") {
        value.value = {figures.mean_us, figures.undelivered > 0};
        return value;
    }
    const auto share = share_of(function);
    if (!share) {
        why = fmt::format("there is no figure \"{}\"", function);
        return {};
    }
    value.value = figures.quantile(*share);
    return value;
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
    Filter filter{&*phase, nobody, nobody};
    for (const auto argument : std::span{arguments}.subspan(1)) {
        const auto equals = argument.find('=');
        const auto name = equals == std::string_view::npos ? argument : trim(argument.substr(equals + 1));
        if (const auto node = facts.node_names.find(name); node != nobody) {
            filter.node = node;
        } else if (const auto room = facts.room_names.find(name); room != nobody) {
            filter.room = room;
        } else {
            why = fmt::format("there is no node or room \"{}\"", name);
            return {};
        }
    }
    if (const auto metric = metric_named(arguments[0]))
        return sampled(latencies, function, *metric, filter, why);
    auto value = counted(facts, function, arguments[0], filter);
    if (!value) why = fmt::format("there is no figure \"{}({})\"", function, arguments[0]);
    return value;
}

std::optional<Value> recovery_value(const Facts& facts, const Latencies& latencies,
                                    const Expectation& expectation, std::string& why) {
    std::string_view name{expectation.property};
    name.remove_prefix(std::string_view{"recovery"}.size());
    if (trim(name).empty()) name = expectation.phase;
    name = trim(name);
    if (name.starts_with("of ")) name = trim(name.substr(3));
    const auto recovery = recovery_of(facts, latencies, name);
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
    const auto of = fmt::format(" until no message waited and p99(delivery) was under {} again",
                                time_text(recovery->limit_us));
    if (!recovery->us) return Value{{facts.end_us, true}, true, of};
    return Value{{*recovery->us, false}, true, of};
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
    finding.measured =
        (value->is_time ? waited_text(value->value) : fmt::format("{}", value->value.us)) + value->of;
    // What has not happened yet is longer than it seems: it can only speak against an upper bound, or for a
    // lower one.
    const bool upper = expectation.relation.starts_with('<') || expectation.relation == "==";
    const bool ok = holds(static_cast<double>(value->value.us), expectation.relation, expectation.value);
    finding.outcome = (value->value.more && upper) ? Outcome::fail : ok ? Outcome::pass : Outcome::fail;
    return finding;
}

bool is_broken_already(const Facts& facts, const Latencies& latencies, const Expectation& expectation,
                       std::int64_t samples_min) {
    std::string why;
    const auto value = value_of(facts, latencies, expectation, why);
    if (!value || (value->samples > 0 && value->samples < samples_min)) return false;
    return !holds(static_cast<double>(value->value.us), expectation.relation, expectation.value);
}

std::optional<Recovery> recovery_of(const Facts& facts, const Latencies& latencies, std::string_view name) {
    const auto before = phase_named(facts, "before " + std::string{name});
    const auto during = phase_named(facts, "during " + std::string{name});
    if (!before || !during) return {};
    constexpr std::int64_t window_us = 250'000;
    const auto end = std::ranges::max(during->spans, {}, &Span::to_us).to_us;
    auto until = facts.end_us;  // the next fault's effects are its own
    for (const auto& fault : facts.faults)
        if (fault.on_us > end) until = std::min(until, fault.on_us);

    Recovery recovery;
    recovery.fault = name;
    const auto usual = latencies.figures(Metric::delivery, {&*before, nobody, nobody});
    recovery.has_before = usual.count > 0;
    if (!recovery.has_before) return recovery;
    const auto usual_us = usual.quantile(99'000).us;
    recovery.limit_us = std::max(usual_us * 3, usual_us + 25'000);

    struct Window {
        std::int64_t count = 0, slow = 0, last_slow_us = 0;
    };
    std::vector<Window> windows(static_cast<std::size_t>((until - end) / window_us + 1));
    std::int64_t last_us = end;
    for (const auto& sample : latencies.samples(Metric::delivery)) {
        if (sample.due_us > until) continue;
        if (!sample.arrived()) return recovery;
        const auto at = sample.due_us + sample.key;
        if (at <= end) continue;
        if (at > until) {
            if (sample.due_us <= end) {  // what the fault held up came only after the next one began
                recovery.overtaken_us = until - end;
                return recovery;
            }
            continue;
        }
        auto& window = windows[static_cast<std::size_t>((at - end) / window_us)];
        ++window.count;
        if (sample.key <= recovery.limit_us) continue;
        ++window.slow;
        window.last_slow_us = std::max(window.last_slow_us, at);
    }
    for (const auto& window : windows)
        if (window.slow * 100 > window.count) last_us = std::max(last_us, window.last_slow_us);

    std::vector<std::int64_t> backlog(facts.node_names.size(), 0);
    bool waiting = false;
    for (const auto& change : facts.backlogs) {
        if (change.at_us > until) break;
        backlog[change.node] = change.count;
        const bool waits = std::ranges::any_of(backlog, [](auto count) { return count > 0; });
        // A message or two on their way to the store are no backlog: only what the fault left counts, until
        // it is first gone.
        if (change.at_us <= end) {
            waiting = waits;
        } else if (waiting && !waits) {
            waiting = false;
            last_us = std::max(last_us, change.at_us);
        }
    }
    if (waiting && until < facts.end_us) recovery.overtaken_us = until - end;
    if (waiting) return recovery;
    recovery.us = last_us - end;
    return recovery;
}

}  // namespace davenport::sim::checker
