#include "couchmock/net/control_access.hpp"

#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/crypto.h>

namespace davenport::couchmock {
namespace {

base::HttpResponse refusal(int status, std::string_view error, std::string_view reason) {
    std::string body = fmt::format(R"({{"error":"{}","reason":)", error);
    base::append_json_string(body, reason);
    return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, body + "}\n"};
}

/// "127.0.0.1:5985" and "[::1]:5985" without the port, and without the brackets.
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
    return authority.substr(0, authority.find(':'));
}

bool is_own(std::string_view host, const std::vector<std::string>& names) {
    boost::system::error_code error;
    boost::asio::ip::make_address(std::string{host}, error);
    if (!error) return true;  // no name that somebody could point elsewhere
    return base::equal_ignoring_case(host, "localhost") || host.ends_with(".localhost") ||
           std::ranges::any_of(names,
                               [&](const auto& name) { return base::equal_ignoring_case(host, name); });
}

bool is_same_origin(std::string_view origin, std::string_view authority) {
    const auto slashes = origin.find("://");
    return slashes != std::string_view::npos &&
           base::equal_ignoring_case(origin.substr(slashes + 3), authority);
}

bool is_json(std::string_view type) {
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return base::equal_ignoring_case(type, "application/json");
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::optional<base::HttpResponse> refuse_control(const ControlAccess& access,
                                                 const base::HttpRequest& request) {
    const auto host = base::header(request.headers, "host");
    if (!host.empty() && !is_own(host_of(host), access.hosts))
        return refusal(403, "forbidden",
                       fmt::format("the control API is not reached as `{}`: use an address or localhost, or "
                                   "start couchmock with --control-host {}",
                                   host_of(host), host_of(host)));
    const auto origin = base::header(request.headers, "origin");
    if (!origin.empty() && !is_same_origin(origin, host))
        return refusal(403, "forbidden", "the control API is not for web pages of other origins");
    if (!access.user.empty() &&
        !equal_in_constant_time(base::header(request.headers, "authorization"),
                                base::basic_authorization(access.user, access.password))) {
        auto answer =
            refusal(401, "unauthorized", "the control API asks for the user and password of --admin");
        answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"couchmock\"");
        return answer;
    }
    if (!request.body.empty() && !is_json(base::header(request.headers, "content-type")))
        return refusal(415, "bad_content_type", "Content-Type must be application/json");
    return std::nullopt;
}

base::HttpResponse refuse_on_main_port() {
    return refusal(403, "forbidden",
                   "the control API is on the port that --control opened, and not on this one");
}

}  // namespace davenport::couchmock
