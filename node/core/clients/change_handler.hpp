#pragma once

#include "node/core/clients/access.hpp"
#include "node/core/clients/change_rules.hpp"
#include "node/core/clients/post_handler.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Takes edits and removals in, from clients and from the store; shows them to their rooms; tells who sent
/// them what became of theirs. The counterpart of PostHandler, by the same rules: shown at the journal's
/// commit or when the store has it, whichever is first; `accepted` and `stored` after the commit only.
///
/// Of one message nothing is shown after what counts more.
class ChangeHandler {
public:
    ChangeHandler(const ChatConfig& config, CommitQueue& log, Store& store, const Access& access,
                  Rooms& rooms, PostHandler& posts)
        : config_{&config}, log_{&log}, store_{&store}, access_{&access}, rooms_{&rooms}, posts_{&posts} {}

    /// `who`: whose rate it counts against; empty: nobody's.
    void change(Turn& turn, ChangeDraft draft, ReplyTo waiter, const std::string& who);

    /// Removes a message that is known here, and not removed. `removed`: what it becomes (base::removed()).
    void remove(Turn& turn, base::ChatMessage removed);

    /// This change is on the disk now.
    void committed(Turn& turn, PendingMessage& change);
    // What the store tells: see StoreListener.
    void on_changed(Turn& turn, base::ChatMessage message);
    void on_change_stored(Turn& turn, const base::ChatMessage& message);
    void on_change_refused(Turn& turn, const base::ChatMessage& message, const std::string& reason);

private:
    /// The message is known, or it is certain that nobody can tell of it.
    void decide(Turn& turn, const ChangeDraft& draft, const GoodChange& change, const ReplyTo& waiter);
    void look_up(Turn& turn, ChangeDraft draft, const GoodChange& change, ReplyTo waiter);
    void repeat(Turn& turn, const base::ChatMessage& known, const ReplyTo& waiter);
    void show(PendingMessage& change);
    /// Tells those who wait for changes that count no more, and lets go of these.
    void let_overtaken_go(Turn& turn, std::string_view id);
    void let_overtaken_go(Turn& turn, PendingMessage& change);
    void release_if_done(PendingMessage& change);
    [[nodiscard]] std::vector<ReplyTo> take_late_waiters(const base::ChatMessage& message);

    const ChatConfig* config_;
    CommitQueue* log_;
    Store* store_;
    const Access* access_;
    Rooms* rooms_;
    PostHandler* posts_;
    /// Who waits for changes of an earlier life, which are in the journal and held no more: by id and key.
    std::map<std::string, std::vector<ReplyTo>> late_waiters_;
    /// Changes that the store refused for good in this life, by id and key.
    std::set<std::string> refused_;
    std::size_t lookups_ = 0;  ///< under way
};

}  // namespace davenport::node
