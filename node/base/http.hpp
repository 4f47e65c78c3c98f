#pragma once

#include "node/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::base {

/// Header lines in the order they came; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, or an empty view (as for an empty value).
std::string_view header(const Headers& headers, std::string_view name);
bool has_header(const Headers& headers, std::string_view name);
void erase_header(Headers& headers, std::string_view name);

/// A request as a plain value: what a client means, before any socket. The body is whole and has no transfer
/// coding.
struct HttpRequest {
    std::string method;  ///< "GET", upper case
    std::string target;  ///< path and query as on the request line, percent-encoded: "/db/a%3Ab?rev=1-x"
    Headers headers;
    std::string body;
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// Percent-encodes all but the unreserved characters of RFC 3986; right for one path segment and for a query
/// value.
std::string percent_encode(std::string_view text);

/// Decodes %XX ('+' stays '+' unless `plus_is_space`); nothing when an escape is malformed.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// A request target taken apart: decoded path segments and query pairs, in order.
struct Target {
    std::vector<std::string> path;                           ///< "/a/b%2Fc" -> {"a", "b/c"}; "/" -> {}
    std::vector<std::pair<std::string, std::string>> query;  ///< "?x=1&y" -> {{"x","1"},{"y",""}}
    /// The last value given for `name`, or nullptr.
    [[nodiscard]] const std::string* find(std::string_view name) const;
};

/// Nothing when an escape is malformed.
std::optional<Target> parse_target(std::string_view target);

/// RFC 4648 base64 with padding.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
/// RFC 4648 section 5: for URLs and cookies, without padding.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

/// "Basic dXNlcjpwYXNz"
std::string basic_authorization(std::string_view user, std::string_view password);

/// "Mon, 23 Nov 2026 18:59:25 GMT", as the Date header has it (RFC 9110, section 5.6.7); cookies have '-'
/// between the parts of the day.
std::string http_date(WallTime wall, char between = ' ');

}  // namespace davenport::base
