#pragma once

#include "node/base/policy.hpp"
#include "node/base/random.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// The store's word about a policy, for whoever asked for it.
struct PolicyNews {
    enum class Kind {
        changed,  ///< another state counts than was known here
        stored,   ///< the store has it as it is known here
        refused,  ///< the store will never take it; what counts is what the store has
    } kind;
    std::string id;
    std::string reason{};
};

/// The rule by which the log's policies and what a store has of them become the same, whichever store it is.
///
/// What a policy is, the store says, unless this node has a state with a higher key; or the key is lower than
/// that of the state which the store was known to have; one without any key was made by hand, and counts.
/// What may differ is queued, read and compared; what then counts more here is to be written. Whoever derives
/// from it reads and writes, one request at a time, and none as long as there is no policy.
///
/// No feed tells a purge, or what a store has lost, so all policies are looked at again now and then.
class PolicyReconciler {
public:
    /// The log has a state of this policy that the store may not have.
    void put(std::string_view id) { look_at(std::string{id}); }
    /// Those that are to be read, to be written, or under way.
    [[nodiscard]] std::size_t unsettled() const {
        return to_look_at_.size() + asked_.size() + writes_.size();
    }
    [[nodiscard]] std::vector<PolicyNews> take_news() { return std::exchange(news_, {}); }

protected:
    /// By its revision, opaque here.
    using IsNewer = bool (*)(std::string_view revision, std::string_view than);
    /// What the store has for an id.
    struct Told {
        std::string revision;
        std::optional<base::PolicyReading> reading{};  ///< nothing: it was deleted
    };
    struct Write {
        std::string id, body;
        std::string over;       ///< the revision that it replaces; empty: there is none
        std::uint64_t version;  ///< HeldPolicy::version of what is written
        bool was_lost = false;  ///< the store had it, and is thought to have lost it
    };
    struct Asked {
        std::string id;
        std::string known;  ///< the revision that was known then: what the feed has told since is newer
    };

    /// `generation`: of the store that is there now; log, generation and random outlive it.
    PolicyReconciler(CommitQueue& log, const base::Generation& generation, base::Random& random,
                     IsNewer is_newer);
    ~PolicyReconciler() = default;

    void look_at(std::string id);
    void look_at_all();
    /// What was under way is looked at anew.
    void put_back();
    /// Cancels the backoff; asks for all policies at once.
    void begin_again(base::Time now);
    /// Backs off, longer each time.
    void pause(Turn& turn);
    void went_well() { backoff_.reset(); }
    /// True when something is to be read or written now; then all of it is of the store that is there now.
    [[nodiscard]] bool is_due(Turn& turn);
    /// Another store answers than was asked.
    [[nodiscard]] bool is_of_another_store() const { return sent_to_ != *generation_; }

    /// The next to be read, at most so many with what is under way.
    void take_to_read(std::size_t most);
    /// It was told anew since it was asked for.
    [[nodiscard]] bool is_overtaken(const Asked& asked) const {
        return known_revision(asked.id) != asked.known;
    }
    /// `told`: nullptr: the store has never had it, as far as it tells. `read`: it was asked for just now,
    /// and is not an old row of the feed.
    void compare(Turn& turn, const std::string& id, Told* told, bool read);
    void write_over(const std::string& id, const HeldPolicy& held, std::string_view revision);
    void gone(const std::string& id);
    /// The store has taken a write. What changed here meanwhile is looked at once more.
    void written(Write& write, std::string revision);
    /// It never will. What counts is then what it has, if anything.
    void refused(Turn& turn, const std::string& id, const std::string& reason);
    [[nodiscard]] bool is_known_stored(const HeldPolicy& held) const;
    [[nodiscard]] const HeldPolicy* find(std::string_view id) const { return log_->policies().find(id); }

    std::vector<Asked> asked_;   ///< under way
    std::vector<Write> writes_;  ///< to be written, or under way

private:
    void adopt(Turn& turn, const std::string& id, Told& told);
    void on_deleted(const std::string& id, const HeldPolicy& held, bool read);
    [[nodiscard]] std::string known_revision(const std::string& id) const;

    CommitQueue* log_;
    const base::Generation* generation_;
    base::Random* random_;
    IsNewer is_newer_;
    Backoff backoff_;
    std::deque<std::string> to_look_at_;
    std::set<std::string> queued_;  ///< the same
    base::Generation sent_to_;
    base::Time not_before_{}, look_again_{};
    std::vector<PolicyNews> news_;  ///< not yet taken
};

}  // namespace davenport::node
