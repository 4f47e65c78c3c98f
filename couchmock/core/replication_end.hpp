#pragma once

#include "couchmock/core/call.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace davenport::couchmock {

/// One end of a replication: a database of ours, or one of another server.
struct ReplicationEnd {
    bool ours = true;
    std::string name{};  ///< of the database; only of ours
    std::string url{};   ///< as it is shown: whole, and without name and password

    // ---- how it is asked for; of ours only what its replication's id is made of
    bool tls = false;
    std::string host{};  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string path{};              ///< "/db/", as the URL has it
    std::string user{}, password{};  ///< of the URL, of `auth`, or of a header; empty: none
    base::Headers headers{};         ///< that every request has, without the one that says who asks
};

/// Reads `source` or `target`. What the client of `call` calls this server is ours. Throws what CouchDB
/// answers when it is no end.
ReplicationEnd read_replication_end(const Call& call, const boost::json::value* end);

/// A request for `suffix` ("", "_changes?feed=normal") of a database.
base::HttpRequest request_to(const ReplicationEnd& end, std::string method, std::string_view suffix,
                             std::string body);

}  // namespace davenport::couchmock
