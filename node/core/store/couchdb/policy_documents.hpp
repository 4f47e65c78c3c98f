#pragma once

#include "node/base/policy.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/couchdb/feed_parser.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// Keeps the log's policies and the store's documents of them the same.
///
/// What a policy is, the store's document says, unless this node has a state with a higher key: then that is
/// written over it. A document whose key is lower than that of the state which the store was known to have
/// was lost or taken back, and is written again; one without any key was made by hand, and counts. A document
/// that was deleted or purged is no policy any more; but what was made here since, and no store had yet, is
/// written.
///
/// Documents come by the feed. Those that are to be written, and now and then all that are known, are read by
/// their ids and compared, some hundreds at once; so what somebody purged is noticed, and what the store has
/// lost is written again. One request at a time, and none as long as there is no policy.
class PolicyDocuments {
public:
    PolicyDocuments(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                    base::Random& random, StoreHealth& health, CommitQueue& log);

    /// The log has a state of this policy that the store may not have.
    void put(std::string_view id) { look_at(std::string{id}); }
    /// A row of the feed about a policy's document.
    void on_row(Turn& turn, FeedRow& row);
    /// A row of an old stretch of the feed, which may be older than what the live feed has told.
    void on_old_row(std::string id) { look_at(std::move(id)); }
    /// Reads all documents at once: the feed of a store with a long history brings them late.
    void read_all(Turn& turn);

    /// Another store answers than before: all that is known is compared with what it has.
    void store_changed();
    /// The store is back: what was asked of it before will hardly be answered, and what it had may be gone.
    void start_over(Turn& turn);
    /// The end of a turn: asks or writes if it may.
    void pump(Turn& turn);

    /// What the store's word was, for whoever asked for it.
    struct News {
        enum class Kind {
            changed,  ///< another state counts than was known here
            stored,   ///< the store has it as it is known here
            refused,  ///< the store will never take it; what counts is what the store has
        } kind;
        std::string id;
        std::string reason{};
    };
    [[nodiscard]] std::vector<News> take_news() { return std::exchange(news_, {}); }

private:
    /// What the store has for an id.
    struct Told {
        std::string revision;
        std::optional<base::PolicyReading> reading{};  ///< nothing: it was deleted
    };
    struct Write {
        std::string id, document;
        std::uint64_t version;  ///< HeldPolicy::version of what is written
    };

    void look_at(std::string id);
    void look_at_all();
    /// `told`: nullptr: the store has never had it, as far as it tells. `read`: it was asked for just now,
    /// and is not an old row of the feed.
    void compare(Turn& turn, const std::string& id, Told* told, bool read);
    void adopt(Turn& turn, const std::string& id, Told& told);
    void on_deleted(const std::string& id, const HeldPolicy& held, bool read);
    void gone(const std::string& id);
    void write_over(const std::string& id, const HeldPolicy& held, std::string_view revision);
    [[nodiscard]] bool is_known_stored(const HeldPolicy& held) const;
    [[nodiscard]] std::string known_revision(const std::string& id) const;

    void read(Turn& turn);
    bool on_read(Turn& turn, const base::HttpResponse& response);
    void on_all(Turn& turn, std::string_view body);
    void write(Turn& turn);
    bool on_written(Turn& turn, const base::HttpResponse& response);
    bool on_reply(Turn& turn, const Reply& reply,
                  bool (PolicyDocuments::*on_answer)(Turn&, const base::HttpResponse&));
    void refused(Turn& turn, const std::string& id, const std::string& reason);
    void look_for_purges(Turn& turn, std::vector<std::string> missing);
    void put_back();
    void pause(Turn& turn);

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    CommitQueue* log_;
    base::Random* random_;
    Backoff backoff_;

    std::deque<std::string> to_look_at_;
    std::set<std::string> queued_;  ///< the same
    /// Under way: ids, and the revision that was known when they were asked for. What the feed has told since
    /// is newer than the answer.
    std::vector<std::pair<std::string, std::string>> asked_;
    int reads_of_all_ = 0;                  ///< under way
    std::set<std::string> told_meanwhile_;  ///< by the feed, while all are being read
    std::vector<Write> writes_;             ///< to be written, or under way
    std::size_t writes_max_;                ///< at once; fewer after an answer that they were too large
    bool overtaken_ = false;                ///< somebody wrote between the last read and the write
    base::Generation sent_to_;
    Request request_;
    base::Time not_before_{}, look_again_{};
    std::vector<News> news_;  ///< not yet taken
};

}  // namespace davenport::node
