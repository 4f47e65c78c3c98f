#include "couchmock/core/accepted.hpp"

#include <string_view>

namespace davenport::couchmock {

void make_accepted(base::HttpResponse& response) {
    if (response.status != 200 && response.status != 201) return;
    response.status = 202;
    if (!response.body.starts_with('[')) return;
    // A quote within an id is escaped, so these stand where they seem to.
    constexpr std::string_view stored = "{\"ok\":true,";
    constexpr std::string_view revision = ",\"rev\":\"";
    constexpr std::string_view accepted = ",\"accepted\":true";
    auto& body = response.body;
    for (auto at = body.find(stored); at != std::string::npos; at = body.find(stored, at)) {
        const auto rev = body.find(revision, at);
        const auto end = rev == std::string::npos ? rev : body.find('}', rev);
        if (end == std::string::npos) break;
        body.insert(end, accepted);
        at = end;
    }
    base::erase_header(response.headers, "Content-Length");
}

}  // namespace davenport::couchmock
