#include "node/net/wire/proxy_header.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/ip/address.hpp>

namespace davenport::wire {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view text_lead = "PROXY ";
constexpr std::string_view binary_lead{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t text_bytes_max = 107;
constexpr std::size_t binary_head_bytes = 16;
constexpr std::size_t binary_bytes_max = 4096;  // addresses, and what else it may say

/// One is the beginning of the other.
bool may_become(std::string_view bytes, std::string_view lead) {
    const auto n = std::min(bytes.size(), lead.size());
    return bytes.substr(0, n) == lead.substr(0, n);
}

template <class Bytes>
Bytes copy_of(std::string_view text) {
    Bytes out;
    std::ranges::copy(text.substr(0, out.size()), reinterpret_cast<char*>(out.data()));
    return out;
}

}  // namespace

ProxyHeader::State ProxyHeader::feed(std::string_view bytes) {
    bytes_ += bytes;
    if (may_become(bytes_, text_lead)) return bytes_.size() < text_lead.size() ? State::open : read_text();
    if (may_become(bytes_, binary_lead))
        return bytes_.size() < binary_head_bytes ? State::open : read_binary();
    return State::none;
}

ProxyHeader::State ProxyHeader::read_text() {
    const auto end = bytes_.find("\r\n");
    if (end == std::string::npos) return bytes_.size() < text_bytes_max ? State::open : State::bad;
    if (end + 2 > text_bytes_max) return State::bad;
    auto line = std::string_view{bytes_}.substr(text_lead.size(), end - text_lead.size());
    used_ = end + 2;
    if (line.starts_with("UNKNOWN")) return State::read;
    if (!line.starts_with("TCP4 ") && !line.starts_with("TCP6 ")) return State::bad;
    line.remove_prefix(5);
    boost::system::error_code error;
    const auto address = ip::make_address(std::string{line.substr(0, line.find(' '))}, error);
    if (error) return State::bad;
    address_ = address.to_string();
    return State::read;
}

ProxyHeader::State ProxyHeader::read_binary() {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes_[at]); };
    const std::size_t length = static_cast<std::size_t>(byte(14)) << 8 | byte(15);
    if (byte(12) >> 4 != 2 || length > binary_bytes_max) return State::bad;
    if (bytes_.size() < binary_head_bytes + length) return State::open;
    used_ = binary_head_bytes + length;
    const auto command = byte(12) & 0x0F;
    if (command == 0) return State::read;  // a health check of the proxy's own
    if (command != 1) return State::bad;
    const auto addresses = std::string_view{bytes_}.substr(binary_head_bytes, length);
    const auto family = byte(13) >> 4;
    if (family == 1 && length >= 12)
        address_ = ip::address_v4{copy_of<ip::address_v4::bytes_type>(addresses)}.to_string();
    else if (family == 2 && length >= 36)
        address_ = ip::address_v6{copy_of<ip::address_v6::bytes_type>(addresses)}.to_string();
    else if (family == 1 || family == 2)
        return State::bad;
    return State::read;
}

}  // namespace davenport::wire
