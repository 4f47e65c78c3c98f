#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/journal.hpp"
#include "node/base/presence.hpp"
#include "node/base/time.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// node/core/store: the shared store, whatever it is. This header is its door: what the node asks of a store,
/// and what it is told. Nobody behind it knows what a session or a frame is; nobody before it knows what a
/// status code, a URL or a `seq` is.
namespace davenport::node {

struct PendingMessage;

/// A place in the order in which a store tells of its writes. Opaque: never parsed, never compared, only
/// handed back to the store (the generation) that it came from.
using Place = std::string;
/// The place before everything that any store tells.
inline constexpr std::string_view beginning = "0";

/// One stretch of what was written to the store, in the store's order.
struct StorePage {
    std::vector<base::ChatMessage> messages;
    Place next;         ///< where the following stretch begins
    bool more = false;  ///< the stretch was cut by its limit
};

/// A small document of the nodes' own that all nodes read: no message, and seen by no client.
struct StoreNote {
    std::string id;        ///< without what all notes' ids begin with
    std::string revision;  ///< handed back to write over it; empty for a new one
    std::string body{};    ///< JSON, an object
    bool deleted = false;
};

/// What the node is told without having asked, during a turn, in the order in which the store learns of it.
class StoreListener {
public:
    /// A message that this node did not know. The listener adds it to the log.
    virtual void on_message(Turn& turn, base::ChatMessage message) = 0;
    /// The store has this message, which the node knows. Told once for each generation, but for restarts.
    /// `pending`: the message while it is on its way, else nullptr.
    virtual void on_stored(Turn& turn, std::string_view id, PendingMessage* pending) = 0;
    /// The store will never take this message.
    virtual void on_refused(Turn& turn, std::string_view id, const std::string& reason) = 0;
    /// A message that this node knows was changed: the store has it so, and that counts more than all that
    /// the node knows of it. The listener adds it to the log.
    virtual void on_changed(Turn& turn, base::ChatMessage message) = 0;
    /// A message that was shown to nobody here was changed, or is gone (see base::gone_unknown()). Who
    /// follows its room may have been shown it elsewhere.
    virtual void on_changed_elsewhere(Turn& turn, const base::ChatMessage& message) = 0;
    /// The store has the message as this node knows it, with its last change, or something that counts as
    /// that. Told once for each generation, but for restarts.
    virtual void on_change_stored(Turn& turn, const base::ChatMessage& message) = 0;
    /// The store will never take this change.
    virtual void on_change_refused(Turn& turn, const base::ChatMessage& message,
                                   const std::string& reason) = 0;
    /// What the log has of this policy was changed by the store's word. `stored`: it was not, and the store
    /// has it so.
    virtual void on_policy(Turn& turn, std::string_view id, bool stored) = 0;
    /// The store will never take what this node made of this policy; the log has it no more.
    virtual void on_policy_refused(Turn& turn, std::string_view id, const std::string& reason) = 0;
    /// Another node told who is there.
    virtual void on_presence(base::Presence presence) = 0;
    /// Some node wrote a note, this one included, or somebody deleted one.
    virtual void on_note(Turn& turn, const StoreNote& note) = 0;
    /// Another store answers than before: all that was known of the old one's content means nothing.
    virtual void on_another_store() = 0;
    /// This node is new, and the store has more than it can read at once: see Store::catching_up().
    virtual void on_catching_up(Turn& turn) = 0;
    /// The store answers again, or this node has read all that it has: what waited for that may go on.
    virtual void on_store_back() = 0;

protected:
    ~StoreListener() = default;
};

/// The shared store as the rest of the node sees it.
///
/// Answers come by callback, in a later turn, exactly once; a request that fails reports the failure to the
/// store's health by itself. A callback that a caller no longer wants is withdrawn with cancel().
///
/// Threads: not thread-safe. Errors: none is thrown; a store that is away is a state, see usable().
class Store {
public:
    using RequestId = std::uint64_t;

    virtual ~Store() = default;

    // ---- how it is

    /// It answered when it was last asked, and nothing has failed since: requests may be sent.
    [[nodiscard]] virtual bool usable() const = 0;
    /// As clients are told. Stays true while a failure is looked into.
    [[nodiscard]] virtual bool up() const = 0;
    /// Which store answered last; empty before the first answer.
    [[nodiscard]] virtual const base::Generation& generation() const = 0;
    /// Until then it is certain to have been that store.
    [[nodiscard]] virtual base::Time confirmed_at() const = 0;
    /// Which form the ids of the chat have, by their keys' time.
    [[nodiscard]] virtual base::FullIdsFrom full_ids_from() const = 0;
    /// How far this node's clock is ahead of the store's (negative: behind), when that is so much that it
    /// matters; else 0.
    [[nodiscard]] virtual base::Duration clock_ahead() const = 0;
    /// What the store's clock says, by an answer of the last minutes and the time that has passed since;
    /// never more than that. Nothing: nobody knows.
    [[nodiscard]] virtual std::optional<base::WallTime> clock(base::Time now) const = 0;
    /// Reads the store's identity again; traffic continues.
    virtual void recheck(Turn& turn) = 0;

    // ---- writing

    /// Writes a message or a change that was just added to the log, and repeats it until the store has it or
    /// refuses it for good. A change is written over what the store has, unless that counts more.
    virtual void put(const PendingMessage& pending) = 0;
    /// Writes a policy that was just changed in the log, unless what the store has of it counts more.
    virtual void put_policy(std::string_view id) = 0;
    /// How many messages wait to be written.
    [[nodiscard]] virtual std::size_t backlog() const = 0;
    /// A message with this arrival is read from the log when its turn comes: it need not stay in memory.
    [[nodiscard]] virtual bool reads_later(std::uint64_t arrival) const = 0;
    /// The store refused this message for good, in this process's life.
    [[nodiscard]] virtual bool has_refused(std::string_view id) const = 0;

    // ---- reading

    /// This node has read the store's writes up to here.
    [[nodiscard]] virtual const Place& read_up_to() const = 0;
    /// This node has read all that the store had at the last look.
    [[nodiscard]] virtual bool caught_up() const = 0;

    /// This node is new and reads what the store had before, from its newest end as far as somebody wants to
    /// see it. What is said now comes live meanwhile; what is old is told to nobody as news.
    [[nodiscard]] virtual bool catching_up() const = 0;
    /// This new node's feed is not open yet, so a new write may arrive neither live nor in a page. Resumes
    /// wait.
    [[nodiscard]] virtual bool opening() const = 0;
    struct Progress {
        std::uint64_t read = 0, of = 0;  ///< documents; `of` is 0 while it is not known
    };
    [[nodiscard]] virtual Progress progress() const = 0;
    /// The newest `limit` messages of a room below `before` (all when empty), newest first, for a node that
    /// is catching up; nullptr when they could not be read. The node itself takes them in after the callback.
    using OnRoom = std::function<void(Turn&, const std::vector<base::ChatMessage>* messages)>;
    virtual RequestId read_room(Turn& turn, std::string_view room, std::string_view before, std::size_t limit,
                                OnRoom on_room) = 0;
    /// So many of this room were read that way.
    [[nodiscard]] virtual bool has_newest(std::string_view room, std::size_t limit) const = 0;

    /// One page of what was written after `place`. The node itself takes in what it brings, after the
    /// callback. `page`: nullptr when it could not be read; then `unknown_place` tells whether the store does
    /// not know `place`.
    using OnPage = std::function<void(Turn&, const StorePage* page, bool unknown_place)>;
    virtual RequestId read_since(Turn& turn, const Place& place, OnPage on_page) = 0;

    /// Ids of messages that this process found to be gone from the store. It need not tell of them again:
    /// pages are without what was purged, and without what a store lost since. Bounded.
    [[nodiscard]] virtual const std::set<std::string, std::less<>>& vanished() const = 0;

    enum class Lookup { known, unknown, no_answer };
    using OnLookup = std::function<void(Turn&, Lookup)>;
    /// Whether the store has this message. One that it has the node has taken in before the callback, unless
    /// it has no place yet.
    virtual RequestId fetch(Turn& turn, std::string_view id, OnLookup on_lookup) = 0;

    enum class Password {
        right,
        right_of_admin,  ///< the account is the server's own administrator: read_accounts() knows nothing of
                         ///< it
        wrong,
        locked,  ///< too many wrong ones before
        no_answer,
    };
    using OnPassword = std::function<void(Turn&, Password)>;
    virtual RequestId check_password(Turn& turn, std::string_view name, std::string_view password,
                                     OnPassword on_password) = 0;

    struct Account {
        std::string name;
        bool exists = false;
        bool admitted = false;  ///< the store lets it read the chat
        std::string mark;       ///< another one after a change of the password; empty: nobody can say
        std::set<std::string, std::less<>> roles{};  ///< that the store says it has
    };
    /// In place of Account::mark for what read_accounts() knows nothing of.
    static constexpr std::string_view mark_of_admin = "admin";
    enum class AccountsAnswer {
        told,
        not_allowed,  ///< the node's own account may not look at others
        no_answer,
    };
    using OnAccounts = std::function<void(Turn&, AccountsAnswer, const std::vector<Account>&)>;
    /// How these accounts stand now: one Account for each name.
    virtual RequestId read_accounts(Turn& turn, std::vector<std::string> names, OnAccounts on_accounts) = 0;

    // ---- notes

    enum class Noted {
        stored,
        other_revision,  ///< somebody else wrote in between
        failed,
    };
    using OnNoted = std::function<void(Turn&, Noted)>;
    /// `note.body`: its JSON members, without braces.
    virtual RequestId write_note(Turn& turn, const StoreNote& note, OnNoted on_noted) = 0;
    /// `note`: nullptr when it could not be read; with an empty body when there is none.
    using OnNote = std::function<void(Turn&, const StoreNote* note)>;
    virtual RequestId read_note(Turn& turn, const std::string& id, OnNote on_note) = 0;
    /// All notes, as far as one answer holds them; nullptr when they could not be read.
    using OnNotes = std::function<void(Turn&, const std::vector<StoreNote>* notes)>;
    virtual RequestId read_notes(Turn& turn, OnNotes on_notes) = 0;

    /// The callback of this request is not called any more, and the store need not answer.
    virtual void cancel(Turn& turn, RequestId request) = 0;

    // ---- who is there

    enum class Published {
        stored,
        again,  ///< something of an earlier life was in its way, and is known now
        failed,
    };
    using OnPublished = std::function<void(Published)>;
    /// Writes who is at this node, in place of what it wrote before. `asks`: the others are to say theirs
    /// again. One at a time.
    virtual void publish(Turn& turn, const base::People& people, bool asks, OnPublished on_published) = 0;
    [[nodiscard]] virtual bool publishing() const = 0;
    /// Gives up a publication that has had no answer in time; the caller's own alarm brings the turn.
    virtual void expire_publication(Turn& turn) = 0;

    // ---- whether it kept what it acknowledged

    /// How often the store was suspected of having lost something. Who reads while this changes reads again.
    [[nodiscard]] virtual std::uint64_t suspicions() const = 0;
    /// A suspicion is being looked into.
    [[nodiscard]] virtual bool verifying() const = 0;
    /// Policies that are to be compared with the store's, and documents made by hand that have no place yet.
    [[nodiscard]] virtual std::size_t unsettled() const = 0;
    /// Ids that the store acknowledged and may not have any more.
    [[nodiscard]] virtual std::vector<std::string> unverified() const = 0;
};

}  // namespace davenport::node
