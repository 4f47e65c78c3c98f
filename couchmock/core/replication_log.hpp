#pragma once

#include "couchmock/core/replication.hpp"
#include "node/base/time.hpp"

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace davenport::couchmock {

/// Where two ends have been brought together before.
struct CommonPlace {
    boost::json::value seq = 0;    ///< of the source; 0: nowhere
    boost::json::array history{};  ///< of the sessions up to there, the newest first
};

/// What both ends remember in their `_local` documents: that of the last session if it is the same one, else
/// the newest that stands in both histories.
CommonPlace common_place(const boost::json::object& source, const boost::json::object& target);

/// A session of a replication, as its entry in the history tells it.
struct ReplicationSession {
    std::string id;
    base::WallTime started;
    boost::json::value from;       ///< the source's seq where it began
    boost::json::array history{};  ///< of the sessions before
    bool names_documents = false;  ///< then its summary stands beside the history too
};

/// The members of the `_local` document that says that `session` got to `seq`.
boost::json::object checkpoint_at(const ReplicationSession& session, const ReplicationCounts& counts,
                                  const boost::json::value& seq, base::WallTime now);

}  // namespace davenport::couchmock
