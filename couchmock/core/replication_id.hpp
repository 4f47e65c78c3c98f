#pragma once

#include "couchmock/core/replication_end.hpp"

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// The name of a replication, under which both ends keep how far it got: as CouchDB makes it (version 4 of
/// couch_replicator_ids.erl), so that a server of the same uuid goes on from what another one left.
///
/// It depends on what is asked for and who asks, not on passwords. One difference: of a filter function
/// CouchDB hashes the code, this the name.
std::string replication_id(std::string_view server_uuid, const ReplicationEnd& source,
                           const ReplicationEnd& target, const boost::json::value& wanted);

}  // namespace davenport::couchmock
