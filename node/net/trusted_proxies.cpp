#include "node/net/trusted_proxies.hpp"

#include "node/base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace davenport::node {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t hops_max = 20;

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\"");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\"") + 1 - begin);
}

/// "1.2.3.4", "1.2.3.4:567", "2001:db8::1", "[2001:db8::1]:567"; an address that holds an IPv4 one is that.
std::optional<ip::address> read_address(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('[')) {
        text = text.substr(1, text.find(']') - 1);
    } else if (text.find(':') != std::string_view::npos && text.find(':') == text.rfind(':')) {
        text = text.substr(0, text.find(':'));
    }
    boost::system::error_code error;
    const auto address = ip::make_address(std::string{text}, error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

/// The parts between separators, of all lines of that header.
std::vector<std::string> parts_of(const base::Headers& headers, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [key, value] : headers) {
        if (!base::equal_ignoring_case(key, name)) continue;
        for (std::string_view rest{value};;) {
            const auto comma = rest.find(',');
            out.emplace_back(trimmed(rest.substr(0, comma)));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    if (out.size() > hops_max) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(hops_max));
    return out;
}

/// The value of `name` in one element of a Forwarded header.
std::string parameter_of(std::string_view element, std::string_view name) {
    while (!element.empty()) {
        const auto end = std::min(element.find(';'), element.size());
        const auto pair = element.substr(0, end);
        element.remove_prefix(std::min(end + 1, element.size()));
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        if (base::equal_ignoring_case(trimmed(pair.substr(0, equals)), name))
            return std::string{trimmed(pair.substr(equals + 1))};
    }
    return {};
}

template <class Network>
Network network_of(const std::string& text, std::string_view bits,
                   Network (*make)(const std::string&, boost::system::error_code&)) {
    boost::system::error_code error;
    auto out = make(text.find('/') == std::string::npos ? text + std::string{bits} : text, error);
    if (error)
        throw std::invalid_argument(fmt::format(
            "'{}' is no address and no network: give one as 10.0.0.0/8, 192.168.1.7 or fd00::/8", text));
    return out;
}

}  // namespace

std::string counted_address(std::string_view text) {
    const auto address = read_address(text);
    if (!address) return std::string{text};
    if (address->is_v4() || address->is_loopback()) return address->to_string();
    auto bytes = address->to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return ip::address_v6{bytes}.to_string() + "/64";
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& networks) {
    for (const auto& text : networks) {
        if (text.find(':') != std::string::npos)
            v6_.push_back(network_of<ip::network_v6>(text, "/128", ip::make_network_v6).canonical());
        else
            v4_.push_back(network_of<ip::network_v4>(text, "/32", ip::make_network_v4).canonical());
    }
}

bool TrustedProxies::trusts(std::string_view text) const {
    if (v4_.empty() && v6_.empty()) return false;
    const auto address = read_address(text);
    if (!address) return false;
    if (address->is_v4())
        return std::ranges::any_of(v4_, [&](const auto& network) {
            return ip::network_v4{address->to_v4(), network.prefix_length()}.canonical() == network;
        });
    return std::ranges::any_of(v6_, [&](const auto& network) {
        return ip::network_v6{address->to_v6(), network.prefix_length()}.canonical() == network;
    });
}

/// Empty when one of the hops cannot be read before that.
std::string TrustedProxies::first_stranger(const std::vector<std::string>& hops) const {
    std::string last;
    for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
        const auto address = read_address(*hop);
        if (!address) return {};
        last = address->to_string();
        if (!trusts(last)) break;
    }
    return last;
}

TrustedProxies::Client TrustedProxies::client_of(const base::Headers& headers,
                                                 const std::string& peer) const {
    Client out{peer};
    if (!trusts(peer)) return out;
    const auto listed = parts_of(headers, "X-Forwarded-For");
    std::vector<std::string> elements = parts_of(headers, "Forwarded"), hops;
    for (const auto& element : elements) hops.push_back(parameter_of(element, "for"));
    const auto by_list = first_stranger(listed), by_elements = first_stranger(hops);
    const bool disagree = !listed.empty() && !hops.empty() && by_list != by_elements;
    if (const auto& told = listed.empty() ? by_elements : by_list; !told.empty() && !disagree)
        out.address = told;
    const auto schemes = parts_of(headers, "X-Forwarded-Proto");
    const auto scheme = !schemes.empty()    ? schemes.back()
                        : !elements.empty() ? parameter_of(elements.back(), "proto")
                                            : std::string{};
    out.https = base::equal_ignoring_case(scheme, "https");
    return out;
}

}  // namespace davenport::node
