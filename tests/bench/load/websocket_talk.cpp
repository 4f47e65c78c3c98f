#include "websocket_talk.hpp"

namespace davenport::load {

namespace {

std::size_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// A frame's head, once it is whole.
struct Head {
    std::size_t opcode, head_bytes, body_bytes;
};

bool read_head(std::string_view bytes, Head& head) {
    if (bytes.size() < 2) return false;
    head = {byte_at(bytes, 0) & 15u, 2, byte_at(bytes, 1) & 127u};
    if (head.body_bytes < 126) return true;
    const std::size_t length_bytes = head.body_bytes == 126 ? 2 : 8;
    if (bytes.size() < 2 + length_bytes) return false;
    head.head_bytes += length_bytes;
    head.body_bytes = 0;
    for (std::size_t i = 0; i < length_bytes; ++i)
        head.body_bytes = head.body_bytes << 8 | byte_at(bytes, 2 + i);
    return true;
}

constexpr std::size_t opcode_text = 1, opcode_close = 8, opcode_ping = 9;

}  // namespace

void WebSocketTalk::greet(std::string& out) {
    open_ = false;
    out += "GET " + path_ + " HTTP/1.1\r\nHost: " + persona_.host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

void WebSocketTalk::append_frame(std::string& out, std::string_view text) {
    out.push_back(static_cast<char>(0x81));
    if (text.size() < 126) {
        out.push_back(static_cast<char>(0x80u | text.size()));
    } else {
        out.push_back(static_cast<char>(0x80u | 126u));
        out.push_back(static_cast<char>(text.size() >> 8));
        out.push_back(static_cast<char>(text.size() & 255u));
    }
    out.append(4, '\0');
    out += text;
}

std::size_t WebSocketTalk::read(std::string_view bytes, std::string& out, Heard& heard) {
    std::size_t at = 0;
    if (!open_) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == std::string_view::npos) return 0;
        if (bytes.find(" 101 ") > end) {
            heard.refused(bytes.substr(0, bytes.find('\r')));
            return bytes.size();
        }
        open_ = true;
        at = end + 4;
        on_open(out);
    }
    for (Head head{}; read_head(bytes.substr(at), head);) {
        if (bytes.size() - at < head.head_bytes + head.body_bytes) break;
        const auto body = bytes.substr(at + head.head_bytes, head.body_bytes);
        at += head.head_bytes + head.body_bytes;
        if (head.opcode == opcode_text) {
            on_text(body, out, heard);
        } else if (head.opcode == opcode_ping) {
            out.append("\x8a\x80\0\0\0\0", 6);
        } else if (head.opcode == opcode_close) {
            heard.ended();
            return bytes.size();
        }
    }
    return at;
}

}  // namespace davenport::load
