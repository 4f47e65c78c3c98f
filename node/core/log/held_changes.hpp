#pragma once

#include "node/base/journal.hpp"
#include "node/core/events.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace davenport::node {

/// Somebody who is to be told how a message or a change fares: a session (by frames) or a REST request (by
/// its one answer).
struct ReplyTo {
    SessionId session = 0;
    ExchangeId exchange = 0;
    std::string key;
};

/// A message or a change on its way: known to this node, and not yet both on its disk and (if posted here) in
/// the store.
struct PendingMessage {
    base::JournalEntry entry;  ///< of a change: the whole message, as the change makes it
    bool handed = false;       ///< stands in the batch under way or in one before it
    bool committed = false;    ///< on the disk
    bool stored = false;       ///< the store has it
    bool shown = false;        ///< to the room, here
    bool overtaken = false;    ///< of a change: another one that counts more is in the store, or on its way
    std::vector<ReplyTo> replies_to;
};

/// The changes that are on their way, and which messages were ever changed.
///
/// Of one message each change counts more than those before it: only the last is written to the store.
class HeldChanges {
public:
    using OfOne = std::list<PendingMessage>;  ///< of one message, by arrival

    /// Messages that the journal has with a change.
    void remember(const std::vector<std::string>& ids) {
        for (const auto& id : ids) changed_.insert(hash(id));
    }
    [[nodiscard]] bool may_be_changed(std::string_view id) const { return changed_.contains(hash(id)); }

    PendingMessage& add(base::JournalEntry entry);
    /// nullptr when none is held.
    [[nodiscard]] OfOne* of(std::string_view id);
    /// The last change of a message, or nullptr.
    [[nodiscard]] PendingMessage* last(std::string_view id);
    [[nodiscard]] const PendingMessage* last(std::string_view id) const;
    /// The pointer is of no use after that.
    void erase(const PendingMessage& change);
    [[nodiscard]] bool empty() const { return held_.empty(); }
    /// The message waits for the store with a change.
    [[nodiscard]] bool waits_for_store(std::string_view id) const {
        const auto* change = last(id);
        return change && !change->stored && !change->overtaken;
    }

private:
    static std::size_t hash(std::string_view id) { return std::hash<std::string_view>{}(id); }

    std::map<std::string, OfOne, std::less<>> held_;
    std::unordered_set<std::size_t> changed_;  ///< hashes of ids; looked up, never walked
};

}  // namespace davenport::node
