#include "sim/checker/facts.hpp"

#include <algorithm>
#include <array>

/// What a history says of bans and of rooms' settings.
namespace davenport::sim::checker {
namespace {

constexpr std::array<std::string_view, 4> codes{"banned", "not_a_member", "read_only", "slow_mode"};

}  // namespace

bool is_for_a_policy(std::string_view code) { return std::ranges::find(codes, code) != codes.end(); }

void Facts::take_store(Index node, bool is_down, std::int64_t at_us) {
    const std::string_view state = is_down ? "down" : "up";
    const auto last = std::find_if(outages.rbegin(), outages.rend(),
                                   [&](const NodeChange& said) { return said.node == node; });
    if (last == outages.rend() ? is_down : last->state != state)
        outages.push_back({at_us, node, std::string{state}});
}

void Facts::take_policy(const Record& record) {
    auto span = std::ranges::find(policies, record.name, &PolicySpan::name);
    if (span == policies.end()) {
        span = policies.insert(span, {record.name, record.text});
        span->written_us = record.kind == RecordKind::policy_set ? record.due_us : 0;
        if (!record.client.empty()) client(record.client, span->client);
        if (!record.room.empty()) room(record.room, span->room);
    }
    if (record.kind == RecordKind::policy_set) {
        span->set_us = record.at_us;
    } else {
        if (span->lifting_us == never) span->lifting_us = record.due_us;
        span->lifted_us = record.at_us;
    }
}

void Facts::take_put_out(const Record& record) {
    Index who{};
    const auto& c = client(record.client, who);
    take_refusal(record, who, node(record, &c), nobody);
    people.leave(record.at_us, record.client, record.room);
    warnings.set(who, ClientWarnings::About::gap, true, record.at_us);  // until it has joined
}

void Facts::take_refusal(const Record& record, Index client, Index node, Index message) {
    if (!is_for_a_policy(record.text)) return;
    Index where{};
    room(record.room, where);
    refusals.push_back({record.at_us, client, where, node, message, record.text});
}

}  // namespace davenport::sim::checker
