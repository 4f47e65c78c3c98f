#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

constexpr Duration within_default = std::chrono::seconds{15};  // a dead connection is found out meanwhile
constexpr std::int64_t patience_us = 2'000'000;  ///< between two messages, where settings ask for it
constexpr std::int64_t rounding_us = 10'000;

/// How a node says that it is for this policy's sake.
std::string_view code_of(const PolicySpan& span) {
    if (span.what == "ban") return "banned";
    if (span.what == "nothing") return "not_a_member";
    return span.what == "patience" ? "slow_mode" : "read_only";
}

bool forbids_reading(const PolicySpan& span) { return span.what == "ban" || span.what == "nothing"; }

class Check {
public:
    Check(const Facts& facts, std::int64_t within_us) : facts_{facts}, within_us_{within_us} {}

    Finding run(std::string property) {
        for (Index number = 0; number < facts_.messages.size(); ++number) look_at_post(number);
        for (const auto& change : facts_.changes) look_at(change);
        for (const auto& delivery : facts_.deliveries) look_at(delivery);
        for (const auto& refusal : facts_.refusals) look_at(refusal);
        look_for_haste();
        auto measured =
            fmt::format("{} policies, {} refusals, {} of them of posts that every node had to refuse",
                        facts_.policies.size(), facts_.refusals.size(), posts_);
        return finding(std::move(property), std::move(evidence_), std::move(measured));
    }

private:
    [[nodiscard]] static bool covers(const PolicySpan& span, Index client, Index room) {
        return (span.client == nobody || span.client == client) && (span.room == nobody || span.room == room);
    }
    [[nodiscard]] static bool stood_until(const PolicySpan& span, std::int64_t at_us) {
        return span.lifting_us == never || at_us < span.lifting_us;
    }

    /// When a fault was on last up to then, or some node said that it does not see the store. (One to which
    /// only long polls come tells nobody.)
    [[nodiscard]] std::int64_t trouble_before(std::int64_t at_us) const {
        std::int64_t last = never;
        std::vector<std::int64_t> down(facts_.node_names.size(), never);
        for (const auto& said : facts_.outages) {
            if (said.at_us > at_us) break;
            down[said.node] = said.state == "down" ? at_us : said.at_us;
        }
        for (const auto until_us : down) last = std::max(last, until_us);
        for (const auto& fault : facts_.faults)
            if (fault.on_us <= at_us && !fault.kind.starts_with("policy."))
                last = std::max(last, std::min(fault.off_us, at_us));
        return last;
    }
    /// Whether every node had to know of it when something began that was over at `until_us`.
    [[nodiscard]] bool must_hold(const PolicySpan& span, std::int64_t from_us, std::int64_t until_us) const {
        return span.set_us != never && stood_until(span, until_us) && from_us > span.set_us + within_us_ &&
               from_us > trouble_before(until_us) + within_us_;
    }

    void look_at_post(Index number) {
        const auto& m = facts_.messages[number];
        if (m.sent_us == never || m.sender == nobody) return;
        for (const auto& span : facts_.policies) {
            if (span.what == "patience" || !covers(span, m.sender, m.room)) continue;
            const auto until = m.accepted_us == never ? m.sent_us : m.accepted_us;
            if (must_hold(span, m.sent_us, until)) {
                posts_ += m.accepted_us == never ? 1 : 0;
                if (m.accepted_us != never) blame_post(number, span, "which had stood long enough");
            } else if (m.accepted_us != never && knew(span, m)) {
                blame_post(number, span, "of which that node had told its sender");
            }
        }
    }

    /// Whoever may not write may not change what was written, either; slow mode counts no changes.
    void look_at(const Change& change) {
        if (change.by_hand || change.accepted_us == never || change.sent_us == never) return;
        const auto& m = facts_.messages[change.message];
        for (const auto& span : facts_.policies) {
            if (span.what == "patience" || !covers(span, m.sender, m.room)) continue;
            if (!must_hold(span, change.sent_us, change.accepted_us)) continue;
            if (!evidence_.wants_more()) {
                evidence_.count_only();
                continue;
            }
            evidence_.add(fmt::format("{} of {} was accepted by {} against {}, which had stood long enough",
                                      change.count < 0 ? "a removal" : "an edit",
                                      describe(facts_, change.message), facts_.node_names[change.accepted_by],
                                      name(span)));
        }
    }

    /// The node that accepted it had refused its sender there before, for this policy's sake.
    [[nodiscard]] bool knew(const PolicySpan& span, const Message& m) const {
        if (was_undone(span, m.accepted_us)) return false;
        return std::ranges::any_of(facts_.refusals, [&](const Refusal& r) {
            return r.client == m.sender && r.room == m.room && r.node == m.accepted_by &&
                   is_told_of(span, r) && r.at_us < m.sent_us && stood_until(span, m.accepted_us) &&
                   lived(m.accepted_by, r.at_us, m.accepted_us);
        });
    }
    /// The store lost its last writes, or a node came back with an older journal: what that one knows may be
    /// written over what others know.
    [[nodiscard]] bool was_undone(const PolicySpan& span, std::int64_t until_us) const {
        constexpr std::array kinds{"store.wipe", "store.amnesia", "store.failover", "node.restore"};
        return std::ranges::any_of(facts_.faults, [&](const FaultSpan& fault) {
            return fault.on_us <= until_us && fault.off_us >= span.written_us &&
                   std::ranges::find(kinds, fault.kind) != kinds.end();
        });
    }
    /// The refusal is for no other policy's sake.
    [[nodiscard]] bool is_told_of(const PolicySpan& span, const Refusal& r) const {
        return r.code == code_of(span) && std::ranges::all_of(facts_.policies, [&](const PolicySpan& other) {
                   const bool same = &other == &span;
                   return same ==
                          (covers(other, r.client, r.room) && r.code == code_of(other) && explains(other, r));
               });
    }
    [[nodiscard]] bool explains(const PolicySpan& span, const Refusal& r) const {
        return r.at_us >= span.written_us &&
               (span.lifted_us == never ||
                r.at_us <= std::max(span.lifted_us, trouble_before(r.at_us)) + within_us_);
    }
    [[nodiscard]] bool lived(Index node, std::int64_t from_us, std::int64_t to_us) const {
        return std::ranges::none_of(facts_.lifelines, [&](const NodeChange& change) {
            return change.node == node && change.at_us >= from_us && change.at_us <= to_us;
        });
    }

    void look_at(const Delivery& delivery) {
        const auto& m = facts_.messages[delivery.message];
        if (m.sent_us == never) return;
        for (const auto& span : facts_.policies) {
            if (!forbids_reading(span) || !covers(span, delivery.client, m.room)) continue;
            // Who reads over HTTP says no name.
            if (span.what == "ban" && facts_.clients[delivery.client].polls) continue;
            if (!must_hold(span, m.sent_us, delivery.at_us)) continue;
            if (!evidence_.wants_more()) {
                evidence_.count_only();
                continue;
            }
            evidence_.add(fmt::format("{} shown to {} by {} at {}, against {}",
                                      describe(facts_, delivery.message),
                                      facts_.clients_names[delivery.client], facts_.node_names[delivery.node],
                                      at_text(delivery.at_us), name(span)));
        }
    }

    void look_at(const Refusal& r) {
        const auto is_why = [&](const PolicySpan& span) {
            return r.code == code_of(span) && covers(span, r.client, r.room) && explains(span, r);
        };
        if (std::ranges::any_of(facts_.policies, is_why)) return;
        const auto what = r.message == nobody ? "room " + std::string{facts_.room_names[r.room]}
                                              : describe(facts_, r.message);
        evidence_.add(fmt::format("{}: {} refused {} with {} at {}, and nothing stood against it",
                                  facts_.clients_names[r.client], facts_.node_names[r.node], what, r.code,
                                  at_text(r.at_us)));
    }

    /// Two messages of one person at one node, too soon after one another. The second one came to the node
    /// before its sender was told, the first one after it was sent.
    void look_for_haste() {
        std::map<std::tuple<Index, Index, Index>, std::vector<Index>> said;  // by sender, room and node
        for (Index number = 0; number < facts_.messages.size(); ++number)
            if (const auto& m = facts_.messages[number]; m.accepted_us != never && m.sent_us != never)
                said[{m.sender, m.room, m.accepted_by}].push_back(number);
        for (auto& [where, numbers] : said) {
            std::ranges::sort(numbers, {}, [&](Index number) { return facts_.messages[number].accepted_us; });
            for (const auto& span : facts_.policies)
                if (span.what == "patience" && covers(span, std::get<0>(where), std::get<1>(where)))
                    for (std::size_t i = 1; i < numbers.size(); ++i)
                        look_for_haste(span, numbers[i - 1], numbers[i]);
        }
    }
    void look_for_haste(const PolicySpan& span, Index before, Index number) {
        const auto& first = facts_.messages[before];
        const auto& second = facts_.messages[number];
        if (!must_hold(span, first.resent_us, second.accepted_us)) return;
        // A node whose disk failed said that it does not take it, and had it nevertheless.
        if (first.sent_us <= span.set_us || second.sent_us <= span.set_us) return;
        if (second.accepted_us - first.resent_us < patience_us - rounding_us)
            blame_post(number, span, "so soon after the one before");
    }

    void blame_post(Index number, const PolicySpan& span, std::string_view why) {
        if (!evidence_.wants_more()) return evidence_.count_only();
        evidence_.add(fmt::format("{} was accepted by {} against {}, {}", describe(facts_, number),
                                  facts_.node_names[facts_.messages[number].accepted_by], name(span), why));
    }
    [[nodiscard]] std::string name(const PolicySpan& span) const {
        return fmt::format("{} ({})", span.name, span.what);
    }

    const Facts& facts_;
    std::int64_t within_us_;
    Evidence evidence_;
    std::int64_t posts_ = 0;
};

}  // namespace

Finding check_policies(const Facts& facts, std::optional<Duration> within) {
    auto property = within ? fmt::format("policies within {}", time_text(within->count())) : "policies";
    return Check{facts, within.value_or(within_default).count()}.run(std::move(property));
}

}  // namespace davenport::sim::checker
