#include "node/net/websocket_codec.hpp"

#include "node/base/http.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <cstring>

#include <openssl/evp.h>

namespace davenport::node {
namespace {

constexpr std::size_t control_bytes_max = 125;

/// How many bytes the header has, as far as its first two tell.
std::size_t header_bytes(unsigned char second) {
    const auto length = second & 0x7f;
    const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    return 2 + extended + ((second & 0x80) != 0 ? 4 : 0);
}

bool may_be_sent(unsigned code) {
    if (code < 1000 || code >= 5000) return false;
    if (code >= 3000) return true;
    return code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

std::string control_frame(unsigned char opcode, std::string_view payload) {
    std::string out;
    out.reserve(2 + payload.size());
    out += static_cast<char>(0x80 | opcode);
    out += static_cast<char>(payload.size());
    out += payload;
    return out;
}

}  // namespace

std::optional<WebsocketParser::Item> WebsocketParser::next(std::string_view& bytes) {
    while (!bytes.empty()) {
        if (stage_ == Stage::header) {
            if (!take_header(bytes)) return std::nullopt;
            if (auto failed = check_header()) return *failed;
            stage_ = Stage::payload;
        }
        take_payload(bytes);
        if (left_ > 0) return std::nullopt;
        stage_ = Stage::header;
        header_size_ = 0;
        if (auto item = finish_frame()) return item;
    }
    return std::nullopt;
}

bool WebsocketParser::take_header(std::string_view& bytes) {
    while (!bytes.empty()) {
        header_[header_size_++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        if (header_size_ >= 2 && header_size_ == header_bytes(header_[1])) return true;
    }
    return false;
}

std::optional<WebsocketParser::Failed> WebsocketParser::check_header() {
    const auto broken = [](std::string_view reason) { return Failed{CloseCode::protocol_error, reason}; };
    if ((header_[0] & 0x70) != 0) return broken("reserved bits are set");
    if ((header_[1] & 0x80) == 0) return broken("a client's frame must be masked");
    left_ = header_[1] & 0x7f;
    mask_at_ = 0;
    if (left_ >= 126) {
        const std::size_t end = left_ == 126 ? 4 : 10;
        const std::uint64_t shorter_max = left_ == 126 ? 125 : 65535;
        left_ = 0;
        for (std::size_t i = 2; i < end; ++i) left_ = left_ << 8 | header_[i];
        if (left_ <= shorter_max) return broken("a length must be written in its shortest form");
    }
    if (is_control()) {
        if (opcode() != close && opcode() != ping && opcode() != pong) return broken("unknown opcode");
        if (!fin()) return broken("a control frame must not be fragmented");
        if (left_ > control_bytes_max) return broken("a control frame is too long");
        return std::nullopt;
    }
    if (opcode() == binary) return Failed{CloseCode::unsupported, "binary messages are not understood"};
    if (opcode() > binary) return broken("unknown opcode");
    if ((opcode() == continuation) != in_message_)
        return broken(in_message_ ? "a new message in the middle of another" : "nothing to be continued");
    if (left_ > message_bytes_max_ - message_.size())
        return Failed{CloseCode::too_big, "the message is too long"};
    in_message_ = true;
    return std::nullopt;
}

void WebsocketParser::take_payload(std::string_view& bytes) {
    auto& into = is_control() ? control_ : message_;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    const auto* mask = header_.data() + header_bytes(header_[1]) - 4;
    const auto begin = into.size();
    into.append(bytes.substr(0, n));
    // The mask, turned to where this piece begins, eight bytes at a time.
    std::array<unsigned char, 8> turned;
    for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(mask_at_ + i) & 3];
    std::uint64_t wide_mask;
    std::memcpy(&wide_mask, turned.data(), 8);
    char* to = into.data() + begin;
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        std::uint64_t word;
        std::memcpy(&word, to + i, 8);
        word ^= wide_mask;
        std::memcpy(to + i, &word, 8);
    }
    for (; i < n; ++i) to[i] = static_cast<char>(static_cast<unsigned char>(to[i]) ^ turned[i & 7]);
    mask_at_ = static_cast<unsigned char>((mask_at_ + n) & 3);
    left_ -= n;
    bytes.remove_prefix(n);
}

std::optional<WebsocketParser::Item> WebsocketParser::finish_frame() {
    if (is_control()) return finish_control();
    if (!fin()) return std::nullopt;
    in_message_ = false;
    auto whole = std::exchange(message_, {});
    if (!base::is_utf8(whole)) return Failed{CloseCode::bad_text, "text must be UTF-8"};
    return Text{std::move(whole)};
}

std::optional<WebsocketParser::Item> WebsocketParser::finish_control() {
    auto payload = std::exchange(control_, {});
    if (opcode() == ping) return Ping{std::move(payload)};
    if (opcode() == pong) return Pong{};
    if (payload.empty()) return Ended{CloseCode::none, {}};
    if (payload.size() == 1) return Failed{CloseCode::protocol_error, "half a close code"};
    const auto code = static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
                      static_cast<unsigned char>(payload[1]);
    if (!may_be_sent(code)) return Failed{CloseCode::protocol_error, "a close code that must not be sent"};
    payload.erase(0, 2);
    if (!base::is_utf8(payload)) return Failed{CloseCode::bad_text, "text must be UTF-8"};
    return Ended{static_cast<CloseCode>(code), std::move(payload)};
}

std::string pong_frame(std::string_view payload) { return control_frame(10, payload); }
std::string ping_frame() { return control_frame(9, {}); }

std::string close_frame(CloseCode code, std::string_view reason) {
    std::string payload;
    if (code != CloseCode::none) {
        const auto number = static_cast<std::uint16_t>(code);
        payload += static_cast<char>(number >> 8);
        payload += static_cast<char>(number & 0xff);
        auto cut = std::min(reason.size(), control_bytes_max - 2);
        while (cut > 0 && cut < reason.size() && (static_cast<unsigned char>(reason[cut]) & 0xc0) == 0x80)
            --cut;
        payload += reason.substr(0, cut);
    }
    return control_frame(8, payload);
}

std::string websocket_accept(std::string_view key) {
    std::string text{key};
    text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return base::base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace davenport::node
