#pragma once

#include "node/base/chat_message.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {

/// A store's identity, from its `_local/davenport` document: another one answers after a wipe, a drop, or a
/// failover to another CouchDB.
using Generation = std::string;

/// How far a node has read one store: everything that it told up to `place` is in the journal.
struct Checkpoint {
    Generation generation;
    std::string place;                            ///< opaque; handed back to the store as it came
    FullIdsFrom full_ids_from = full_ids_always;  ///< of the chat in it
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// A message with its place in the order in which this node came to know it, or its last change.
struct JournalEntry {
    std::uint64_t arrival = 0;  ///< 1, 2, 3, ... within one journal; what is forgotten leaves a gap
    ChatMessage message;
    bool accepted_here = false;  ///< posted by a client of this node (else read from the feed)
    Generation stored_in;        ///< the generation that is known to hold it; empty while none is
    std::uint64_t said = 0;      ///< of a change: the arrival of the message itself; else 0

    /// When the message itself arrived.
    [[nodiscard]] std::uint64_t first_arrival() const { return said != 0 ? said : arrival; }
    [[nodiscard]] bool is_change() const { return said != 0; }
};

/// One life of the node's process. Each is on the disk before anything is told of what arrived in it, so a
/// journal that was put back from a copy lacks the lives that came after the copy.
struct JournalRun {
    std::string id;           ///< nobody else's
    std::uint64_t after = 0;  ///< it began after this arrival
    friend bool operator==(const JournalRun&, const JournalRun&) = default;
};

/// A policy as the journal keeps it: see policy.hpp.
struct JournalPolicy {
    std::string id;          ///< the document's
    std::string body;        ///< as policy_body(); empty: there is none any more
    std::string revision{};  ///< in `stored_in`; opaque
    Generation stored_in{};  ///< the generation that is known to hold it so; empty while none is
    friend bool operator==(const JournalPolicy&, const JournalPolicy&) = default;
};

/// What one commit writes, all or nothing.
struct JournalBatch {
    std::uint64_t number = 0;  ///< 1, 2, 3, ... since the node's start; told back with Persisted
    /// An id that is there already is left as it is. A change takes the place of what is there for its id
    /// (all but `accepted_here`), and is nothing when nothing is.
    std::vector<JournalEntry> entries{};
    /// Ids now known to be in `stored_generation`; those that a change of this batch is for are left out.
    std::vector<std::string> stored{};
    Generation stored_generation{};
    std::optional<Checkpoint> checkpoint{};  ///< never ahead of the entries of this batch and those before it
    std::string uuid{};                      ///< not empty: the journal's name from here on
    std::vector<JournalPolicy> policies{};   ///< each takes the place of what is there for its id
};

/// A room that something was said in.
struct JournalRoom {
    std::string name;
    std::string newest;  ///< the highest position
    friend bool operator==(const JournalRoom&, const JournalRoom&) = default;
};

/// The journal as the core reads it: what was committed, and nothing that is still under way.
///
/// Two implementations, SQLite in the shells and a model in the virtual world, pass the same tests.
/// Threads: called by the core's thread only. Errors: an unreadable journal throws JournalError; there is no
/// going on without it.
class JournalView {
public:
    virtual ~JournalView() = default;

    struct State {
        std::string uuid;                ///< who this node is; another one once it is found to have gone back
        std::uint64_t last_arrival = 0;  ///< 0 when empty
        std::optional<Checkpoint> checkpoint;
    };
    [[nodiscard]] virtual State state() = 0;
    /// The lowest number that any message arrived with, also where a change has taken its place; 0 when
    /// empty.
    [[nodiscard]] virtual std::uint64_t first_arrival() = 0;
    /// The lives of the node with this journal, in order; this one is the last.
    [[nodiscard]] virtual std::vector<JournalRun> runs() = 0;

    [[nodiscard]] virtual bool contains(std::string_view id) = 0;
    [[nodiscard]] virtual std::optional<JournalEntry> find(std::string_view id) = 0;

    /// The newest `limit` messages of `room` whose position is below `before` (all when empty), newest first.
    [[nodiscard]] virtual std::vector<JournalEntry> page(std::string_view room, std::string_view before,
                                                         std::size_t limit) = 0;

    /// Messages of `room` (of all rooms when empty) that arrived after `arrival`, in order of arrival.
    [[nodiscard]] virtual std::vector<JournalEntry> after(std::string_view room, std::uint64_t arrival,
                                                          std::size_t limit) = 0;

    /// The first `limit` rooms whose name is above `after`, by name.
    [[nodiscard]] virtual std::vector<JournalRoom> rooms(std::string_view after, std::size_t limit) = 0;

    /// Messages not known to be in `generation`, in order of arrival, from after `arrival` on.
    [[nodiscard]] virtual std::vector<JournalEntry> not_stored_in(const Generation& generation,
                                                                  std::uint64_t arrival,
                                                                  std::size_t limit) = 0;
    /// How many messages not_stored_in() would give.
    [[nodiscard]] virtual std::size_t count_not_stored_in(const Generation& generation) = 0;

    /// The ids of all messages that were edited or removed, in any order.
    [[nodiscard]] virtual std::vector<std::string> changed() = 0;

    /// All policies, by id.
    [[nodiscard]] virtual std::vector<JournalPolicy> policies() = 0;
};

/// The journal can't be used; `what()` names the file and the remedy.
struct JournalError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace davenport::base
