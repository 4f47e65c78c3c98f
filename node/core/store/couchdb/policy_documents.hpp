#pragma once

#include "node/core/store/couchdb/feed_parser.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"
#include "node/core/store/policy_reconciler.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// The log's policies and a CouchDB's documents of them.
///
/// A document that was deleted or purged is no policy any more; but what was made here since, and no store
/// had yet, is written. Documents come by the feed. Those that are to be written, and now and then all that
/// are known, are read by their ids and compared, some hundreds at once; so what somebody purged is noticed,
/// and what the store has lost is written again.
class PolicyDocuments : public PolicyReconciler {
public:
    PolicyDocuments(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                    base::Random& random, StoreHealth& health, CommitQueue& log);

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

private:
    void read(Turn& turn);
    bool on_read(Turn& turn, const base::HttpResponse& response);
    void on_all(Turn& turn, std::string_view body);
    void write(Turn& turn);
    bool on_written(Turn& turn, const base::HttpResponse& response);
    bool on_reply(Turn& turn, const Reply& reply,
                  bool (PolicyDocuments::*on_answer)(Turn&, const base::HttpResponse&));
    void look_for_purges(Turn& turn, std::vector<std::string> missing);
    void give_up();

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    int reads_of_all_ = 0;                  ///< under way
    std::set<std::string> told_meanwhile_;  ///< by the feed, while all are being read
    std::size_t writes_max_;                ///< at once; fewer after an answer that they were too large
    bool overtaken_ = false;                ///< somebody wrote between the last read and the write
    Request request_;
};

}  // namespace davenport::node
