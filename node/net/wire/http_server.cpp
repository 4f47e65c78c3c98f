#include "node/net/wire/http_server.hpp"

#include <charconv>
#include <stdexcept>

#include <boost/url/authority_view.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

namespace davenport::wire {
namespace {

namespace urls = boost::urls;

std::string in_lower_case(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

/// As names are compared: in lower case, without the dot of the root, and an IPv6 address in its shortest
/// form.
std::string normal_host(std::string text) {
    text = in_lower_case(std::move(text));
    if (text.size() > 1 && text.ends_with('.')) text.pop_back();
    if (text.find(':') == std::string::npos) return text;
    const auto address = urls::parse_ipv6_address(text);
    return address ? std::string{address->to_string()} : text;
}

/// Nothing for no number from 1 to 65535.
std::optional<std::uint16_t> read_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    return port;
}

std::uint16_t default_port(bool tls) { return tls ? 443 : 80; }

}  // namespace

std::string HttpServer::authority() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::string HttpServer::url() const {
    return fmt::format("{}://{}{}", tls ? "https" : "http", authority(), path);
}

HttpServer parse_http_server(std::string_view text) {
    constexpr auto hint = "give it as http://user:password@host:port/path";
    const auto parsed = urls::parse_uri({text.data(), text.size()});
    if (!parsed) throw std::invalid_argument(fmt::format("this is not the URL of a server: {}", hint));
    const auto& url = *parsed;
    HttpServer server;
    server.tls = url.scheme_id() == urls::scheme::https;
    if (!server.tls && url.scheme_id() != urls::scheme::http)
        throw std::invalid_argument(fmt::format("a server's URL begins with http:// or https://: {}", hint));
    server.host = url.host_address();
    if (server.host.empty())
        throw std::invalid_argument(fmt::format("the server's URL names no host: {}", hint));
    server.port = default_port(server.tls);
    if (const std::string digits = url.port(); !digits.empty()) {
        const auto port = read_port(digits);
        if (!port) throw std::invalid_argument(fmt::format("the server's URL has no usable port: {}", hint));
        server.port = *port;
    }
    server.user = url.user();
    server.password = url.password();
    server.path = url.encoded_path();
    while (server.path.ends_with('/')) server.path.pop_back();
    return server;
}

std::optional<WebOrigin> parse_web_origin(std::string_view text) {
    const auto parsed = urls::parse_uri({text.data(), text.size()});
    if (!parsed) return std::nullopt;
    const auto& url = *parsed;
    const bool tls = url.scheme_id() == urls::scheme::https;
    const auto path = url.encoded_path();
    if ((!tls && url.scheme_id() != urls::scheme::http) || url.has_userinfo() || url.has_query() ||
        url.has_fragment() || (!path.empty() && path != "/") || url.host_address().empty())
        return std::nullopt;
    WebOrigin out{tls, normal_host(url.host_address()), default_port(tls)};
    if (const std::string digits = url.port(); !digits.empty()) {
        const auto port = read_port(digits);
        if (!port) return std::nullopt;
        out.port = *port;
    }
    return out;
}

std::optional<HostHeader> parse_host_header(std::string_view text) {
    const auto parsed = urls::parse_authority({text.data(), text.size()});
    if (!parsed || parsed->has_userinfo() || parsed->host_address().empty()) return std::nullopt;
    HostHeader out{normal_host(parsed->host_address()), std::nullopt};
    if (const std::string digits = parsed->port(); !digits.empty()) {
        out.port = read_port(digits);
        if (!out.port) return std::nullopt;
    }
    return out;
}

std::string hide_password(std::string_view text) {
    const auto parsed = urls::parse_uri({text.data(), text.size()});
    if (parsed) {
        if (!parsed->has_password()) return std::string{text};
        urls::url shown{*parsed};
        shown.set_encoded_password("...");
        return std::string{shown.buffer()};
    }
    const auto at = text.rfind('@');
    return at == std::string_view::npos || text.find("://") == std::string_view::npos
               ? std::string{text}
               : "..." + std::string{text.substr(at)};
}

}  // namespace davenport::wire
