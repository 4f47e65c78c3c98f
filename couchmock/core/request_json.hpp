#pragma once

#include "couchmock/core/server.hpp"

#include <string>
#include <string_view>

namespace davenport::couchmock {

/// The request as functions see it (chttpd_external:json_req_obj). `document_id`: of the path, JSON or
/// "null"; `query` of another request than this one's takes the place of its own where it is given.
std::string request_json(Server& server, Call& call, Database& database, std::string_view document_id);
/// What a replication's filter sees: its query parameters, JSON, and nothing else.
std::string replication_request_json(std::string_view query);

/// `{"db":...,"name":...,"roles":[...]}`
std::string user_context_json(const User& user, const Database& database);
/// `_security`, `{}`-like where it was never set.
std::string security_json(const Database& database);

/// The revision at `node` as functions see it: with `_revisions`.
std::string script_document(const Document& document, std::size_t node, const DocumentView& view = {});

}  // namespace davenport::couchmock
