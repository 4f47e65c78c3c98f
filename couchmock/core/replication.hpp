#pragma once

#include "couchmock/core/sequence.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace davenport::couchmock {

class Database;
struct Document;
struct Edit;

/// What a replication did, in the words of its history.
struct ReplicationCounts {
    std::uint64_t checked = 0, found = 0, read = 0, written = 0, failed = 0;
};

/// Whether the target takes a revision; empty: it takes all.
using ReplicaCheck = std::function<bool(const Edit&)>;

/// Copies what changed in `source` behind `since` and is not in `target`, all leaves of it, and moves `since`
/// to where it got. `passes`: which documents; empty: all.
ReplicationCounts copy_changes(const Database& source, Database& target, Position& since,
                               const std::function<bool(const Document&)>& passes, const ReplicaCheck& takes);

/// A replication that goes on until it is cancelled, between two databases of this server: whatever changes
/// in the first is in the second before anybody is told of the change.
struct Replication {
    std::string source, target;          ///< names
    std::string source_url, target_url;  ///< as they are shown, without passwords
    std::string document;                ///< of `_replicator` that asked for it; empty: a request did
    std::string user;                    ///< who asked for it
    std::vector<std::string> roles;      ///< that he had then
    base::WallTime started;
    std::function<bool(const Document&)> passes;
    std::uint64_t tag = 0;  ///< of the source that `since` is a place in
    Position since;
    ReplicationCounts counts;
};

/// A document of `_replicator`, and what became of it.
struct ReplicatorDocument {
    std::string revision;                ///< that was looked at
    std::string state;                   ///< "running", "completed", "failed", "crashing", "error"
    std::string job;                     ///< its continuous replication; empty: none goes on
    std::string source_url, target_url;  ///< without passwords; empty where they could not be read
    std::string info = "null";           ///< JSON: what was done, or `{"error": ...}`
    std::uint64_t error_count = 0;
    base::WallTime started, updated;
    base::Time retry{};  ///< of what crashed
};

}  // namespace davenport::couchmock
