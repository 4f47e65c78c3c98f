#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::checker {
namespace {

/// How long before a message a fault may have ended and still be why it is late.
constexpr std::int64_t aftermath_us = 5'000'000;
/// The same of real NATS servers of which one was away: they elect who leads them, and then who leads the
/// chat, some once more when it is back. Until then a node reads from whichever copy answers, and that may
/// lack a message for a while. Nearly all elections took less; one took 60 s.
constexpr std::int64_t elections_us = 30'000'000;

bool is_real(const Facts& facts) { return facts.run.find(R"("world":"process")") != std::string::npos; }

std::int64_t aftermath_of(const Facts& facts, const FaultSpan& fault) {
    return fault.kind.starts_with("server.") && is_real(facts) ? elections_us : aftermath_us;
}

/// Nothing was wrong when the message was said, nor long before, nor until it was shown.
bool was_calm(const Facts& facts, const Message& message, std::int64_t shown_us) {
    return std::ranges::none_of(facts.faults, [&](const FaultSpan& fault) {
        return fault.on_us <= shown_us &&
               (fault.off_us < 0 || fault.off_us + aftermath_of(facts, fault) >= message.sent_us);
    });
}

/// Somebody changed it before it was shown: a store tells of a document by what was written last, so it may
/// come after what was said later.
bool was_changed(const Facts& facts, Index message, std::int64_t shown_us) {
    return std::ranges::any_of(facts.changes, [&](const Change& change) {
        return change.message == message && change.sent_us <= shown_us;
    });
}

/// Nobody has it any more, and nobody is to blame: faults destroyed it, or it was never accepted. No node can
/// know it, to mark what comes after it.
bool is_gone(const Facts& facts, const Message& message) {
    return facts.documents > 0 && message.documents == 0 &&
           (message.excused || message.rejected || message.deleted_by_hand || message.accepted_us < 0);
}

}  // namespace

Finding check_fifo(const Facts& facts) {
    struct Newest {
        Index client = nobody;  // whose walk wrote it: a new client starts with none, without clearing all
        Index message = nobody;
    };
    Evidence evidence;
    std::int64_t compared = 0, late = 0;
    std::vector<Newest> newest(facts.streams);
    for (Index client = 0; client < facts.clients.size(); ++client) {
        for (const auto index : facts.deliveries_to_client(client)) {
            const auto& delivery = facts.deliveries[index];
            const auto& message = facts.messages[delivery.message];
            late += delivery.late ? 1 : 0;
            if (message.stream == nobody || delivery.via != DeliveryPath::live) continue;
            // The mark is an excuse where something went wrong, and nowhere else.
            if (delivery.late && (!facts.one_order || !was_calm(facts, message, delivery.at_us) ||
                                  was_changed(facts, delivery.message, delivery.at_us)))
                continue;
            auto& before = newest[message.stream];
            if (before.client != client) before = {client, nobody};
            if (before.message != nobody) {
                ++compared;
                if (message.number < facts.messages[before.message].number) {
                    if (evidence.wants_more()) {
                        evidence.add(fmt::format(
                            "{} shown to {} by {} at {}, after {}, {}", describe(facts, delivery.message),
                            facts.clients_names[client], facts.node_names[delivery.node],
                            at_text(delivery.at_us), facts.message_names[before.message],
                            delivery.late ? "though nothing had gone wrong that could make it late"
                                          : "and not marked late"));
                    } else {
                        evidence.count_only();
                    }
                    continue;
                }
            }
            if (!delivery.late && !is_gone(facts, message)) before.message = delivery.message;
        }
    }
    auto measured = fmt::format("{} of {} live showings out of a sender's order", evidence.count(), compared);
    if (late > 0) measured += fmt::format("; {} marked late", late);
    return finding("fifo_per_sender", std::move(evidence), std::move(measured));
}

}  // namespace davenport::sim::checker
