#pragma once

#include "couchmock/core/api.hpp"

#include <functional>
#include <string>

#include <boost/json/object.hpp>

/// What `_replicate` and the documents of `_replicator` have in common: replications between databases of
/// this server. One with another server fails as if nobody answered there.
namespace davenport::couchmock::api {

/// One end of a replication: a database of ours.
struct ReplicationEnd {
    std::string name;
    std::string url;  ///< as it is shown: whole, and without name and password
};

/// A replication whose ends and filter were found.
struct WantedReplication {
    ReplicationEnd source, target;
    bool continuous = false;
    std::string id;  ///< the same for the same replication
    std::function<bool(const Document&)> passes;
};

/// What a replication that ends came to.
struct ReplicationRun {
    boost::json::object checkpoint;
    ReplicationCounts counts;
    std::string seq;  ///< of the source, where it got to; empty when there was nothing to do
    bool no_changes = false;
};

/// Makes the target when `body` says so. Throws what CouchDB answers when it cannot be done.
WantedReplication open_replication(Server& server, const Call& call, const boost::json::value& body);
/// From now on until it is cancelled. False when the same one goes on already. `document`: of `_replicator`.
bool begin_replication(Server& server, const Call& call, WantedReplication wanted,
                       const std::string& document);
ReplicationRun run_replication(Server& server, const Call& call, const WantedReplication& wanted);

// ---- documents of _replicator (api_replicator.cpp)
/// Looks at a document before it is written, and says whose it is. Throws 403.
void prepare_replicator_document(Server& server, const Call& call, Edit& edit);
/// Does what documents ask for that are new, or whose time has come, and ends what those asked for that are
/// gone.
void look_at_replicator(Server& server, base::Now now);
/// `_scheduler/docs` and what is below.
void scheduler_documents(Server& server, Call& call);

}  // namespace davenport::couchmock::api
