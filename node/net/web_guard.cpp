#include "node/net/web_guard.hpp"

#include "node/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::node {
namespace {

bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "::1" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

bool is_health_check(const base::HttpRequest& request) {
    const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
    return (path == "/healthz" || path == "/readyz") && (request.method == "GET" || request.method == "HEAD");
}

bool same_origin(const wire::WebOrigin& page, const wire::HostHeader& host) {
    return page.host == host.host && (!host.port || *host.port == page.port);
}

}  // namespace

WebGuard::WebGuard(std::vector<std::string> hosts, std::vector<wire::WebOrigin> origins, bool loopback_only)
    : hosts_(std::move(hosts)), origins_(std::move(origins)), loopback_only_(loopback_only) {}

bool WebGuard::answers_for(std::string_view host) const {
    if (!hosts_.empty())
        return std::ranges::any_of(hosts_,
                                   [&](const auto& name) { return base::equal_ignoring_case(name, host); });
    return !loopback_only_ || is_loopback(host);
}

std::string WebGuard::objection(const base::HttpRequest& request) const {
    if (is_health_check(request)) return {};
    const auto host_text = base::header(request.headers, "Host");
    const auto origin_text = base::header(request.headers, "Origin");
    const bool from_page = base::has_header(request.headers, "Origin");
    const auto page = wire::parse_web_origin(origin_text);
    if (page && std::ranges::find(origins_, *page) != origins_.end()) return {};
    const auto host = wire::parse_host_header(host_text);
    if (!answers_for(host ? host->host : ""))
        return fmt::format(
            "this node does not answer for the Host '{}': reach it by one of its names, or start it with "
            "--host "
            "and that name",
            base::one_printable_line(host_text));
    if (!from_page || (page && host && same_origin(*page, *host))) return {};
    const auto origin = base::one_printable_line(origin_text);
    return fmt::format(
        "the page's Origin '{}' is not the origin of the Host '{}': if that page is this chat, as behind a "
        "proxy, "
        "start the node with --origin {}, or let the proxy pass Host on",
        origin, base::one_printable_line(host_text), page ? origin : "and the page's URL");
}

}  // namespace davenport::node
