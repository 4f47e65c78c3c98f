#include "couchmock/faults/error_answer.hpp"

#include "node/base/json.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// CouchDB's words for a status (chttpd:error_info).
std::pair<std::string_view, std::string_view> words_for(int status) {
    switch (status) {
        case 400:
            return {"bad_request", ""};
        case 401:
            return {"unauthorized", "Name or password is incorrect."};
        case 403:
            return {"forbidden", "You are not allowed to access this db."};
        case 404:
            return {"not_found", "missing"};
        case 408:
            return {"timeout", "The request could not be processed in a reasonable amount of time."};
        case 409:
            return {"conflict", "Document update conflict."};
        case 412:
            return {"nodedown", "progress not possible"};
        case 413:
            return {"too_large", "the request entity is too large"};
        case 415:
            return {"bad_content_type", "Content-Type must be application/json"};
        case 429:
            return {"too_many_requests", "You've exceeded your rate limit allowance."};
        case 500:
            return {"internal_server_error", "No DB shards could be opened."};
        case 503:
            return {"service unavailable",
                    "Nodes are unable to service this request due to overloading or maintenance mode."};
        case 507:
            return {"insufficent_storage", "The server's disk is full."};  // spelled so
        default:
            return {"error", "injected"};
    }
}

}  // namespace

base::HttpResponse error_answer(int status, std::optional<std::string_view> reason) {
    const auto [error, usual] = words_for(status);
    std::string body = fmt::format("{{\"error\":\"{}\",\"reason\":", error);
    base::append_json_string(body, reason.value_or(usual));
    body += "}\n";
    return {status,
            {{"Cache-Control", "must-revalidate"}, {"Content-Type", "application/json"}},
            std::move(body)};
}

}  // namespace davenport::couchmock
