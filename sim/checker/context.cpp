#include "sim/checker/context.hpp"

#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t before_us = 2 * second_us;
constexpr std::int64_t after_us = 2 * second_us;
constexpr std::int64_t span_us_max =
    12 * second_us;  // of a message that was stored a minute later, the beginning tells most
constexpr std::size_t lines_max = 24;

struct Span {
    std::int64_t from, to;
    [[nodiscard]] bool has(std::int64_t at) const { return at >= from && at <= to; }
};

Span span_of(const Facts& facts, Index message) {
    const auto& m = facts.messages[message];
    auto last = std::max({m.sent_us, m.accepted_us, m.stored_us});
    for (const auto index : facts.deliveries_of_message(message))
        last = std::max(last, facts.deliveries[index].at_us);
    return {m.due_us - before_us, std::min(last + after_us, m.due_us + span_us_max)};
}

/// When it was that the evidence speaks of: a message's own time, else the end, where what is missing was
/// looked for.
std::optional<Span> span_of(const Facts& facts, std::string_view evidence) {
    const auto name = evidence.substr(0, evidence.find(' '));
    if (const auto message = facts.message_names.find(name);
        message < facts.messages.size() && facts.messages[message].sent_seq != 0)
        return span_of(facts, message);
    if (facts.node_names.find(name) == nobody && facts.clients_names.find(name) == nobody)
        return std::nullopt;
    const auto end = facts.healed_us >= 0 ? facts.healed_us : facts.end_us;
    return Span{end - before_us, facts.end_us};
}

}  // namespace

std::vector<std::string> context_of(const Facts& facts, const Finding& finding) {
    if (finding.outcome == Outcome::pass || finding.evidence.empty()) return {};
    const auto span = span_of(facts, finding.evidence.front());
    if (!span) return {};
    std::vector<std::pair<std::int64_t, std::string>> found;
    for (const auto& fault : facts.faults) {
        if (fault.off_us < span->from || fault.on_us > span->to) continue;
        found.emplace_back(fault.on_us, fmt::format("{} begins ({})", fault.name, fault.kind));
        if (fault.off_us > fault.on_us && span->has(fault.off_us))
            found.emplace_back(fault.off_us, fault.name + " is over");
    }
    for (const auto& change : facts.lifelines)
        if (change.at_us > 0 && span->has(change.at_us))
            found.emplace_back(change.at_us,
                               fmt::format("{} is {}", facts.node_names[change.node], change.state));
    for (const auto& line : facts.logs)
        if (span->has(line.at_us))
            found.emplace_back(line.at_us,
                               fmt::format("{} logs: {}", facts.node_names[line.node], line.text));
    std::ranges::stable_sort(found, {}, &std::pair<std::int64_t, std::string>::first);
    std::vector<std::string> lines;
    for (const auto& [at, text] : found) {
        if (lines.size() == lines_max) {
            lines.push_back(
                fmt::format("... and {} more until {}", found.size() - lines_max, at_text(span->to)));
            break;
        }
        lines.push_back(fmt::format("{:>10}  {}", at_text(at), text));
    }
    return lines;
}

}  // namespace davenport::sim::checker
