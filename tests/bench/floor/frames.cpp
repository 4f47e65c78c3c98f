#include "connection.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/sha.h>

namespace davenport::bench_floor {

namespace {

std::size_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

std::string handshake_answer(std::string_view request) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    const auto start = request.find(name) + name.size();
    std::string key{request.substr(start, request.find('\r', start) - start)};
    key += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
    std::array<unsigned char, 32> accept{};
    const auto size = EVP_EncodeBlock(accept.data(), digest.data(), SHA_DIGEST_LENGTH);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
           "Upgrade\r\nSec-WebSocket-Accept: " +
           std::string{reinterpret_cast<const char*>(accept.data()), static_cast<std::size_t>(size)} +
           "\r\n\r\n";
}

std::string text_frame(std::string_view text) {
    std::string frame;
    frame.push_back(static_cast<char>(0x81));
    if (text.size() < 126) {
        frame.push_back(static_cast<char>(text.size()));
    } else {
        frame.push_back(126);
        frame.push_back(static_cast<char>(text.size() >> 8));
        frame.push_back(static_cast<char>(text.size() & 255u));
    }
    return frame.append(text);
}

ClientFrame read_client_frame(std::string& bytes, std::size_t at) {
    if (bytes.size() - at < 6) return {};
    std::size_t body = byte_at(bytes, at + 1) & 127u, head = 6;
    if (body == 126) {
        if (bytes.size() - at < 8) return {};
        body = byte_at(bytes, at + 2) << 8 | byte_at(bytes, at + 3);
        head = 8;
    }
    if (bytes.size() - at < head + body) return {};
    char* text = bytes.data() + at + head;
    for (std::size_t i = 0; i < body; ++i)
        text[i] = static_cast<char>(text[i] ^ text[static_cast<std::ptrdiff_t>(i % 4) - 4]);
    return {{text, body}, static_cast<unsigned>(byte_at(bytes, at) & 15u), head + body};
}

}  // namespace davenport::bench_floor
