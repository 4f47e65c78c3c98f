#include "couchmock/core/replication_end.hpp"

#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

ApiError invalid_url() { return {400, "invalid_replication", "endpoint has an invalid url", {}}; }

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

std::string decoded(std::string_view text) { return base::percent_decode(text).value_or(std::string{text}); }

void read_authority(ReplicationEnd& out, std::string_view text) {
    out.port = out.tls ? 443 : 80;
    const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    if (bracket != std::string_view::npos) {
        out.host = text.substr(1, bracket - 1);
        text.remove_prefix(bracket + 1);
    } else {
        out.host = text.substr(0, text.find(':'));
        text.remove_prefix(out.host.size());
    }
    if (out.host.empty()) throw invalid_url();
    if (text.empty()) return;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), out.port);
    if (!text.starts_with(':') || error != std::errc{} || end != text.data() + text.size() || out.port == 0)
        throw invalid_url();
}

void read_credentials(ReplicationEnd& out, std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    out.user = decoded(text.substr(0, colon));
    out.password = decoded(text.substr(std::min(colon + 1, text.size())));
}

/// A line break in what the replication says would begin a header, or a request, of its own.
bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void read_headers(ReplicationEnd& out, const json::value& headers) {
    if (!headers.is_object()) return;
    for (const auto& [key, value] : headers.get_object()) {
        if (!value.is_string()) continue;
        const std::string_view name{key};
        const std::string_view text{value.get_string()};
        if (name.empty() || has_control(name) || has_control(text) ||
            name.find(':') != std::string_view::npos)
            throw invalid_url();
        if (!base::equal_ignoring_case(name, "authorization") || !text.starts_with("Basic ")) {
            out.headers.emplace_back(name, text);
            continue;
        }
        const auto basic = base::base64_decode(text.substr(6)).value_or("");
        const auto colon = basic.find(':');
        if (colon == std::string::npos || !out.user.empty()) continue;
        out.user = basic.substr(0, colon);
        out.password = basic.substr(colon + 1);
    }
}

void read_object(ReplicationEnd& out, const json::value& end) {
    if (const auto* auth = base::member(end, "auth"))
        if (const auto* basic = base::member(*auth, "basic"); basic && out.user.empty()) {
            out.user = base::text_member(*basic, "username");
            out.password = base::text_member(*basic, "password");
        }
    if (const auto* headers = base::member(end, "headers")) read_headers(out, *headers);
}

}  // namespace

ReplicationEnd read_replication_end(const Call& call, const json::value* end) {
    if (!end) throw ApiError{500, "error", "Missing replicator database", {}};
    const auto text = end->is_string() ? std::string_view{end->get_string()}
                                       : base::string_member(*end, "url").value_or("");
    ReplicationEnd out;
    auto rest = text;
    if (!is_url(text)) {
        if (end->is_object() || text.find("://") != std::string_view::npos) throw invalid_url();
        out.name = text;
        out.url = call.base_url() + '/' + url_encode(text) + '/';
        out.user = call.user.name;
        rest = out.url;
    }
    if (has_control(rest)) throw invalid_url();
    out.tls = rest.starts_with("https://");
    rest.remove_prefix(rest.find("://") + 3);
    if (const auto at = rest.substr(0, rest.find('/')).rfind('@'); at != std::string_view::npos) {
        read_credentials(out, rest.substr(0, at));
        rest.remove_prefix(at + 1);
    }
    const auto authority = rest.substr(0, rest.find('/'));
    read_authority(out, authority);
    out.path = rest.substr(authority.size());
    out.path.erase(std::min(out.path.find('#'), out.path.size()));
    if (out.path.find('?') == std::string::npos && !out.path.ends_with('/')) out.path += '/';
    read_object(out, *end);
    if (out.url.empty()) out.url = fmt::format("{}://{}{}", out.tls ? "https" : "http", authority, out.path);
    // Where a request came in, when its client says where it went: that is what "localhost" of its URLs is.
    out.ours = !out.name.empty() || text.empty() || authority == call.header("host");
    if (!out.ours || !out.name.empty()) return out;
    std::string_view path{out.path};
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    out.name = base::percent_decode(path, true).value_or("");
    return out;
}

base::HttpRequest request_to(const ReplicationEnd& end, std::string method, std::string_view suffix,
                             std::string body) {
    auto path = end.path.substr(0, end.path.find('?'));
    if (suffix.empty() && path.size() > 1) path.pop_back();
    base::HttpRequest out{std::move(method), path + std::string{suffix}, {}, std::move(body)};
    out.headers = {{"Accept", "application/json"}, {"User-Agent", "CouchDB-Replicator/3.5.0"}};
    if (!end.user.empty() || !end.password.empty())
        out.headers.emplace_back("Authorization", base::basic_authorization(end.user, end.password));
    for (const auto& header : end.headers) out.headers.push_back(header);
    if (!out.body.empty() || out.method == "POST")
        out.headers.emplace_back("Content-Type", "application/json");
    return out;
}

}  // namespace davenport::couchmock
