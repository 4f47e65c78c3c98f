#pragma once

#include "couchmock/core/server.hpp"

#include <cstdint>
#include <string_view>

namespace davenport::couchmock {

/// What a partition holds, as `_partition/NAME` tells.
struct PartitionSize {
    std::uint64_t documents = 0, deleted = 0;
    std::uint64_t bytes = 0;  ///< of bodies and attachments of all branches: `sizes.external`
};
/// `prefix`: the partition's name and a colon.
PartitionSize size_of_partition(const Database& database, std::string_view prefix);

/// Throws 403 where a partition has reached `[couchdb] max_partition_size` and the edit, which is no
/// conflict, makes its document larger (couch_db_updater:is_overflowed). Without the setting CouchDB's 10 GiB
/// are taken to be out of reach.
void refuse_overflow(const Server& server, const Database& database, const Edit& edit);

}  // namespace davenport::couchmock
