#include "node/net/web_guard.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// "[::1]:8080" -> "::1", "chat.example:80" -> "chat.example"
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.rfind(':'));
}

bool is_loopback(std::string_view host) {
    return same(host, "localhost") || host == "::1" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

/// The host and port of an origin, the port left out where it is the scheme's own, as a Host header has it.
std::string_view authority_of(std::string_view origin) {
    const auto scheme_end = origin.find("://");
    return scheme_end == std::string_view::npos ? std::string_view{} : origin.substr(scheme_end + 3);
}

}  // namespace

WebGuard::WebGuard(std::vector<std::string> hosts, bool loopback_only)
    : hosts_(std::move(hosts)), loopback_only_(loopback_only) {}

bool WebGuard::answers_for(std::string_view host) const {
    if (!hosts_.empty())
        return std::ranges::any_of(hosts_, [&](const auto& name) { return same(name, host); });
    return !loopback_only_ || is_loopback(host);
}

std::string_view WebGuard::objection(const base::HttpRequest& request) const {
    const auto host = base::header(request.headers, "Host");
    if (!answers_for(without_port(host))) return "this node does not answer for that Host (see --host)";
    if (base::has_header(request.headers, "Origin") &&
        !same(authority_of(base::header(request.headers, "Origin")), host))
        return "the page that asks is of another origin";
    return {};
}

}  // namespace davenport::node
