#pragma once

#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

namespace davenport::node {

/// Notices that somebody purged documents, of which no feed tells: looks now and then at how often that was
/// done, and asks what was purged when that is another number than before.
class PurgeWatch {
public:
    PurgeWatch(const ChatConfig& config, const StoreApi& api, RequestTable& requests, StoreHealth& health)
        : request_timeout_{config.request_timeout}, api_{&api}, requests_{&requests}, health_{&health} {}

    void store_changed();
    /// The end of a turn.
    void pump(Turn& turn);
    /// Ids of what was purged lately, when some were since this was last asked.
    [[nodiscard]] std::set<std::string, std::less<>> take_purged() { return std::exchange(purged_, {}); }

private:
    void look(Turn& turn);
    void read(Turn& turn, std::string seq);

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    Request request_;
    std::optional<base::Time> due_;
    bool looked_ = false;  ///< at this store, once
    std::string seq_;      ///< up to which all purges are known; empty: none
    std::set<std::string, std::less<>> purged_;
};

}  // namespace davenport::node
