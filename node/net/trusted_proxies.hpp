#pragma once

#include "node/base/http.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace davenport::node {

/// An address as limits count it: of IPv6 the network of 64 bits that one household or machine has all of,
/// and an IPv4 address in an IPv6 one as itself. Text that is no address comes back unchanged.
std::string counted_address(std::string_view address);

/// The proxies whose word on whom they speak for is taken. What anybody else says of that is ignored: whoever
/// could name an address would have all allowances that there are.
class TrustedProxies {
public:
    TrustedProxies() = default;
    /// "10.0.0.0/8", "::1", "192.168.1.7". Throws std::invalid_argument with one line.
    explicit TrustedProxies(const std::vector<std::string>& networks);

    [[nodiscard]] bool trusts(std::string_view address) const;

    struct Client {
        std::string address;  ///< as the proxies tell it, else the peer's
        bool https = false;   ///< it came to the first of them by https
    };
    /// Who has sent a request, by X-Forwarded-For and X-Forwarded-Proto, or Forwarded (RFC 7239). From the
    /// right: each proxy adds whom it spoke with, and the first that is no proxy of ours is the client. A
    /// request in which the two headers disagree has one that no proxy of ours wrote: it counts as the
    /// peer's.
    [[nodiscard]] Client client_of(const base::Headers& headers, const std::string& peer) const;

private:
    [[nodiscard]] std::string first_stranger(const std::vector<std::string>& hops) const;

    std::vector<boost::asio::ip::network_v4> v4_;
    std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace davenport::node
