#pragma once

#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node {

/// What AntiEntropy asks of a kind of store.
class KeptLookup {
public:
    using Ids = std::vector<std::string>;
    /// Of the ids asked for, in order: those the store lacks; those that were deleted there on purpose (not
    /// lost); those it holds in a later revision.
    struct Absent {
        Ids missing, deleted{}, rewritten{};
    };
    /// `absent`: nullopt when the answer is unusable. Returns whether it was usable.
    using OnAbsent = std::function<bool(Turn&, std::optional<Absent> absent)>;

    /// Asks which of `ids` (in order, each once) the store lacks. One lookup at a time. `on_absent` is called
    /// in a later turn; the lookup has ended by then. The caller sets the timer for the deadline.
    virtual void look_up(Turn& turn, const Ids& ids, OnAbsent on_absent) = 0;
    [[nodiscard]] virtual bool looking_up() const = 0;
    /// No answer is wanted any more.
    virtual void forget_look_up() = 0;

protected:
    ~KeptLookup() = default;
};

/// Verifies that the store kept what it acknowledged.
///
/// A CouchDB loses nothing that it acknowledged, and a JetStream little; a disk that lied, a restored backup
/// or a failover to a replica that lags may. What the store was seen to have of this node's messages is asked
/// for by id once, some seconds later. Whenever the store was away, this asks for the newest of all messages
/// that were in it, whoever posted them, for those that came to it last as far as this node was told, and for
/// those before while one is missing. A store that lost its name is asked for everything. One request asks
/// for 500 ids at most. What is missing is written again.
class AntiEntropy {
public:
    AntiEntropy(const ChatConfig& config, CommitQueue& log, const Store& store, KeptLookup& lookup);

    /// The store has this message of ours, or one that was written again from here.
    void track(const std::string& id);
    /// The store's feed tells of this message: nothing came to the store later, as far as is known.
    void told(const std::string& id);
    /// A new node reads of this message in order, while it is told of newer ones.
    void told_of_old(const std::string& id);
    /// Call when the store went away, dropped a connection, answered for the first time, or repeated old
    /// rows. Queues its most recent messages for verification.
    void reverify();
    /// The store has lost its name, and may have lost anything else: all that it had is asked for again.
    void reverify_all();
    /// Another store answers: what the old one had means nothing.
    void store_changed();

    /// How often reverify() was called: who reads the feed meanwhile reads it once more, when the look is
    /// over.
    [[nodiscard]] std::uint64_t suspicions() const { return suspicions_; }
    [[nodiscard]] bool looking_back() const {
        return !again_.empty() || all_after_ || (lookup_->looking_up() && !asked_fresh_);
    }
    /// Ids that the store acknowledged and may have lost: its feed may lack them. A polling node cannot see a
    /// failover, so its newest ids are always included.
    [[nodiscard]] std::vector<std::string> unverified() const;

    /// Sends what is due. `failure_would_be_seen`: if the store fails from now on, reverify() is called.
    /// Otherwise an answer might be older than the failure, and old ids are not asked for.
    void pump(Turn& turn, bool failure_would_be_seen);
    /// The ids that the store has no more, found since this was last asked; each once until it is seen there
    /// again.
    [[nodiscard]] std::vector<std::string> take_lost() { return std::exchange(found_lost_, {}); }
    /// Ids that the store has, of messages that were changed: whether it has them with their changes is to be
    /// looked at.
    [[nodiscard]] std::vector<std::string> take_changed() { return std::exchange(found_changed_, {}); }
    /// Ids of what was deleted in the store: the feed may not tell of that again.
    [[nodiscard]] std::vector<std::string> take_gone() { return std::exchange(found_gone_, {}); }
    /// Ids that the store has and that were written more than once, of messages that are known here as they
    /// were said: somebody may have deleted one between two writes of which this node knows one.
    [[nodiscard]] std::vector<std::string> take_rewritten() { return std::exchange(found_rewritten_, {}); }

private:
    using Ids = std::vector<std::string>;

    /// What came to the store last is to be asked for again.
    void collect();
    /// The newest `count` or some more that the store had, of those up to the place `newest`; gives the place
    /// before the first of them. A place is an arrival; but what a new node read of old is counted from its
    /// other end, since it came in downwards and in the store's order.
    std::uint64_t look_back_from(std::uint64_t newest, std::size_t count, Ids& into) const;
    /// Those of `recent_` and, before them, of `older_` that came to the store last, without the last `skip`.
    void add_recent(std::size_t skip, std::size_t count, Ids& into) const;
    /// The next of all that the store had, into `again_`.
    void collect_onward();
    [[nodiscard]] bool is_stored(const base::JournalEntry& entry) const;
    /// The first of `ids`, which are taken out of it.
    void ask(Turn& turn, Ids& ids, bool fresh);
    void on_absent(Turn& turn, KeptLookup::Absent absent);
    void put_back(Turn& turn);
    /// The store has it, whatever was found before.
    void found_again(const std::string& id);
    void wake_at(Turn& turn, base::Time at);

    base::Duration request_timeout_;
    bool polls_;  ///< nothing is open between two polls that would break when another copy takes over
    CommitQueue* log_;
    const Store* store_;
    KeptLookup* lookup_;
    std::deque<std::string> recent_;  ///< came to the store last, asked for or not
    std::deque<std::string> older_;   ///< of those that a new node reads of old, the last
    std::size_t recent_asked_ = 0;    ///< of these, from the last on
    Ids fresh_;                       ///< seen in the store and not asked for yet
    /// What was fresh and is asked for with what is older, and when that began. A member of a cluster that
    /// lags lacks it still, whatever another one answers.
    std::deque<std::pair<base::Time, std::string>> fresh_lately_;
    base::Time now_{};               ///< of the last pump()
    Ids again_;                      ///< were in the store when it went away, and are to be asked for again
    std::uint64_t again_after_ = 0;  ///< the place before the first that is looked for since then
    /// The arrival up to which all that the store had was collected; nothing: not all is asked for.
    std::optional<std::uint64_t> all_after_;
    std::uint64_t suspected_at_ = 0;  ///< the newest arrival then
    std::uint64_t suspicions_ = 0;
    std::optional<std::uint64_t>
        unwatched_since_;  ///< the last arrival when it was suspected; nothing: it has been watched since
    std::set<std::string> lost_;  ///< found missing, and not seen again yet
    Ids asked_;                   ///< in order, each once
    bool asked_fresh_ = false;
    Ids found_lost_, found_changed_, found_gone_, found_rewritten_;  ///< not yet taken
    std::optional<base::Time> next_look_;                            ///< for what is fresh
    base::Time next_suspicion_{};
    std::optional<base::Time> wake_at_;
};

}  // namespace davenport::node
