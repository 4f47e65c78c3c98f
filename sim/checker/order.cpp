#include "sim/checker/audience.hpp"
#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// Ids of one room sort by their letters: 26 as of version 1, 39 as of version 2. Other ids have no place
/// that we know.
bool has_place(const std::string& id) {
    const auto colon = id.find(':');
    const auto letters = colon == std::string::npos ? 0 : id.size() - colon - 1;
    return letters == 26 || letters == 39;
}
bool comparable(const Message& a, const Message& b) {
    return a.room == b.room && has_place(a.id) && has_place(b.id);
}

void compare_histories(const Facts& facts, Evidence& evidence) {
    // A message that faults destroyed in the store and at its node may live on in other journals; one that
    // the store refused, in its node's.
    const auto is_destroyed = [&](Index message) {
        const auto& m = facts.messages[message];
        return (m.excused && m.store_lost) || m.rejected || m.deleted_by_hand;
    };
    for (const auto& room : facts.rooms) {
        std::vector<std::vector<Index>> histories = room.histories;
        for (auto& history : histories) std::erase_if(history, is_destroyed);
        const std::vector<Index>* first = nullptr;
        Index first_node = nobody;
        for (Index node = 0; node < histories.size(); ++node) {
            const auto& history = histories[node];
            if (history.empty()) continue;
            for (std::size_t i = 1; i < history.size(); ++i) {
                const auto& before = facts.messages[history[i - 1]];
                const auto& after = facts.messages[history[i]];
                if (comparable(before, after) && before.id >= after.id)
                    evidence.add(fmt::format("the history of {} has {} before {}, against their ids",
                                             facts.node_names[node], facts.message_names[history[i - 1]],
                                             facts.message_names[history[i]]));
            }
            if (!first) {
                first = &history;
                first_node = node;
                continue;
            }
            const auto [here, there] = std::ranges::mismatch(*first, history);
            if (here == first->end() && there == history.end()) continue;
            const auto name = [&](auto at, const std::vector<Index>& all) {
                return at == all.end() ? std::string_view{"nothing more"} : facts.message_names[*at];
            };
            evidence.add(fmt::format("histories part at place {}: {} has {}, {} has {} ({} and {} messages)",
                                     here - first->begin() + 1, facts.node_names[first_node],
                                     name(here, *first), facts.node_names[node], name(there, history),
                                     first->size(), history.size()));
        }
    }
}

/// Walks what each client saw and said, in its own order, and holds the newest that it was shown in each
/// room.
struct Walk {
    const Facts& facts;
    Evidence& evidence;
    std::int64_t answers = 0, live = 0;
    std::vector<Index> shown_newest{}, live_newest{}, said_last{};  // by room

    void client(Index who, const std::vector<Index>& said) {
        shown_newest.assign(facts.rooms.size(), nobody);
        live_newest.assign(facts.rooms.size(), nobody);
        said_last.assign(facts.rooms.size(), nobody);
        std::uint32_t connection = 0;
        auto next = said.begin();
        for (const auto index : facts.deliveries_to_client(who)) {
            for (; next != said.end() && facts.messages[*next].shown_before <= index; ++next) say(*next);
            const auto& delivery = facts.deliveries[index];
            if (delivery.connection != connection) std::ranges::fill(live_newest, nobody);
            connection = delivery.connection;
            see(delivery);
        }
        for (; next != said.end(); ++next) say(*next);
    }

    void see(const Delivery& delivery) {
        const auto& m = facts.messages[delivery.message];
        if (m.room == nobody || m.id.empty()) return;
        auto& newest = shown_newest[m.room];
        if (newest == nobody || (comparable(m, facts.messages[newest]) && m.id > facts.messages[newest].id))
            newest = delivery.message;
        auto& placed = live_newest[m.room];
        if (delivery.via == DeliveryPath::live && !delivery.late) {
            ++live;
            if (placed != nobody && comparable(m, facts.messages[placed]) &&
                m.id < facts.messages[placed].id) {
                if (evidence.wants_more())
                    evidence.add(fmt::format("{} shown to {} by {} at {}, above {}, and not marked late",
                                             describe(facts, delivery.message),
                                             facts.clients_names[delivery.client],
                                             facts.node_names[delivery.node], at_text(delivery.at_us),
                                             facts.message_names[placed]));
                else
                    evidence.count_only();
            }
        }
        if (placed == nobody || (comparable(m, facts.messages[placed]) && m.id > facts.messages[placed].id))
            placed = delivery.message;
    }

    void say(Index number) {
        const auto& m = facts.messages[number];
        if (m.room == nobody || m.id.empty() || m.refused) return;  // refused: said again under a later key
        check_after(number, shown_newest[m.room], "which its sender had been shown");
        check_after(number, said_last[m.room], "which its sender had said");
        said_last[m.room] = number;
    }

    void check_after(Index number, Index cause, const char* why) {
        if (cause == nobody || cause == number) return;
        const auto& answer = facts.messages[number];
        const auto& question = facts.messages[cause];
        if (!comparable(answer, question)) return;
        ++answers;
        if (answer.id > question.id) return;
        if (!evidence.wants_more()) return evidence.count_only();
        evidence.add(fmt::format("{} stands before {}, {} before: {} < {}", describe(facts, number),
                                 facts.message_names[cause], why, answer.id, question.id));
    }
};

}  // namespace

Finding check_order(const Facts& facts) {
    Evidence evidence;
    compare_histories(facts, evidence);

    std::vector<std::vector<Index>> said(facts.clients.size());
    for (Index number = 0; number < facts.messages.size(); ++number)
        if (facts.messages[number].sender != nobody) said[facts.messages[number].sender].push_back(number);
    Walk walk{facts, evidence};
    for (Index who = 0; who < facts.clients.size(); ++who) {
        std::ranges::sort(said[who], {}, [&](Index number) {
            return std::pair{facts.messages[number].shown_before, facts.messages[number].number};
        });
        walk.client(who, said[who]);
    }
    const auto nodes = facts.histories_read ? "histories compared" : "histories not read";
    auto measured = fmt::format("{} out of place; {} answers, {} live showings, {}", evidence.count(),
                                walk.answers, walk.live, nodes);
    return finding("canonical_order", std::move(evidence), std::move(measured));
}

}  // namespace davenport::sim::checker
