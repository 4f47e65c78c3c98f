#pragma once

#include "couchmock/core/api.hpp"
#include "couchmock/core/replication_end.hpp"
#include "couchmock/core/replication_flow.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

/// What `_replicate` and the documents of `_replicator` have in common: replications between databases of
/// this server, done within one event, and those with other servers (replication_jobs.hpp).
namespace davenport::couchmock::api {

/// A replication whose ends and filter were found.
struct WantedReplication {
    ReplicationEnd source, target;
    bool continuous = false;
    std::string id;                               ///< the same for the same replication
    std::string base_id;                          ///< of its checkpoints
    std::function<bool(const Document&)> passes;  ///< where both ends are ours
    ReplicationWish wish;                         ///< where one is not
    [[nodiscard]] bool remote() const { return !source.ours || !target.ours; }
};

/// What a replication that ends came to.
struct ReplicationRun {
    boost::json::object checkpoint;
    ReplicationCounts counts;
    std::string seq;  ///< of the source, where it got to; empty when there was nothing to do
    bool no_changes = false;
};

/// Makes the target when `body` says so and both ends are ours. Throws what CouchDB answers when it cannot be
/// done.
WantedReplication open_replication(Server& server, const Call& call, const boost::json::value& body);
/// From now on until it is cancelled, or is over. Nothing, or whose document asked for the same one that goes
/// on already: empty for a request. `document`: of `_replicator` that asks.
std::optional<std::string> begin_replication(Server& server, const Call& call, WantedReplication wanted,
                                             const std::string& document);
ReplicationRun run_replication(Server& server, const Call& call, const WantedReplication& wanted);

/// A replication that goes on, or is tried again, as `_scheduler/jobs` and `_active_tasks` tell it.
struct ReplicationView {
    std::string id;
    std::string document;  ///< of `_replicator`; empty: a request asked for it
    std::string user;
    std::string source_url, target_url;
    bool continuous = true;
    bool running = true;
    base::WallTime started{};
    ReplicationCounts counts{};
    std::string committed = "0", through = "0", pending = "0";  ///< JSON
    std::string history{};                                      ///< JSON, without brackets; the newest first
};
/// All of them, in the order of their ids.
std::vector<ReplicationView> all_replications(const Server& server);
/// As `info` has it, without braces.
std::string replication_stats(const ReplicationCounts& counts, std::string_view committed,
                              std::string_view pending);
/// "2026-11-23T18:59:25Z"
std::string to_the_second(base::WallTime time);

// ---- documents of _replicator (api_replicator.cpp)
/// The job of a document crashed, and is tried again later; or came to its end.
void note_replication_crash(Server& server, const std::string& document, const std::string& error,
                            std::uint64_t crashes, base::Now now);
void note_replication_end(Server& server, const std::string& document, const ReplicationCounts& counts,
                          std::string_view committed, base::Now now);
/// Looks at a document before it is written, and says whose it is. Throws 403.
void prepare_replicator_document(Server& server, const Call& call, Edit& edit);
/// Does what documents ask for that are new, or whose time has come, and ends what those asked for that are
/// gone.
void look_at_replicator(Server& server, base::Now now);
/// `_scheduler/docs` and what is below.
void scheduler_documents(Server& server, Call& call);

}  // namespace davenport::couchmock::api
