#include "node/core/store/make_store.hpp"

#include "node/core/store/couchdb/couch_store.hpp"
#include "node/core/store/nats/nats_store.hpp"

namespace davenport::node {

std::unique_ptr<SharedStore> make_store(const ChatConfig& config, base::Random& random, CommitQueue& log,
                                        NodeCounts& counts) {
    if (config.stream) return std::make_unique<nats::NatsStore>(config, random, log, counts);
    return std::make_unique<CouchStore>(config, random, log, counts);
}

}  // namespace davenport::node
