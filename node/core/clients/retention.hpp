#pragma once

#include "node/core/clients/change_handler.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::node {

/// Removes what is older than its room keeps (`retention_days`): once after this node has caught up, then
/// every hour, as a moderator's removals are made. What the store does not have yet, and what this node's
/// journal has forgotten, stays.
///
/// The key of such a removal is the moment from which the message was too old. All nodes make the same one,
/// so that two which do it at once write the same document.
///
/// Removal is irreversible, so anything that may be a mistake delays it. A room's new number of days counts
/// an hour after this node has heard it. Ages are told by the earlier one of two clocks, the store's and this
/// machine's, and by neither while they disagree or the store's is not known. A clock that went forward by
/// more than a day while the node ran is believed a day later.
class Retention {
public:
    Retention(CommitQueue& log, Store& store, ChangeHandler& changes);

    /// The store is back, or rooms have other settings.
    void wake() { awake_ = true; }
    /// The end of a turn.
    void pump(Turn& turn);
    void on_timer(Turn& turn);
    /// The node is about to end.
    void stop() { stopped_ = true; }

private:
    struct Setting {
        std::int64_t days;
        std::optional<base::Time> since;  ///< nothing: from before this life
    };
    /// A room that is walked from its newest too old message to its oldest.
    struct Walk {
        std::string room;
        std::int64_t days = 0;
        std::string from;    ///< the position below which it goes on
        std::string top;     ///< where it began
        std::string bottom;  ///< below that nothing is left
        std::uint64_t removed = 0;
        bool left_some = false;  ///< for another time
    };

    void read_settings(base::Time now);
    [[nodiscard]] bool may_remove() const;
    /// What time it is, or nothing while that is not certain enough.
    std::optional<base::WallTime> believed_time(Turn& turn);
    void postpone(Turn& turn, std::string_view why);
    void begin(const Turn& turn, base::WallTime time);
    /// One page of the first walk. True when something was removed.
    bool walk(Turn& turn);
    void end_walk(Turn& turn);

    CommitQueue* log_;
    Store* store_;
    ChangeHandler* changes_;
    std::map<std::string, Setting> settings_;   ///< by room
    std::map<std::string, std::string> empty_;  ///< by room: a position below which nothing was left
    std::deque<Walk> walks_;                    ///< to be done in this pass
    base::Time due_{};                          ///< of the next pass
    std::uint64_t passes_ = 0;
    std::optional<base::Duration> offset_;  ///< of the calendar from the monotonic clock
    base::Time doubted_until_{};            ///< the calendar went forward
    bool told_doubt_ = false;
    bool awake_ = true, stopped_ = false;
};

}  // namespace davenport::node
