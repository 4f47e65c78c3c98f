#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::wire {

/// One HTTP server, as a URL names it.
struct HttpServer {
    bool tls = false;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string user{}, password{};  ///< empty when the URL has none
    std::string path{};              ///< "/db", or empty

    /// "host:port" as in a Host header.
    [[nodiscard]] std::string authority() const;
    /// Without user and password: what may be logged.
    [[nodiscard]] std::string url() const;
};

/// Throws std::invalid_argument with one clear line. Never repeats a password.
HttpServer parse_http_server(std::string_view url);

/// A web origin (RFC 6454): "https://chat.example". Host in lower case; the port is the scheme's own where
/// the text has none.
struct WebOrigin {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const WebOrigin&) const = default;
};

/// Nothing for what is not http or https, for "null", and for a URL with more than scheme, host and port.
std::optional<WebOrigin> parse_web_origin(std::string_view text);

/// What a Host header says.
struct HostHeader {
    std::string host;  ///< in lower case, without brackets
    std::optional<std::uint16_t> port;
};

/// Nothing when it is empty or malformed.
std::optional<HostHeader> parse_host_header(std::string_view text);

/// The URL with "..." in place of a password: what is printed may be pasted elsewhere. Of a
/// malformed URL nothing before its last '@' is shown; text without "://" comes back unchanged.
std::string hide_password(std::string_view url);

}  // namespace davenport::wire
