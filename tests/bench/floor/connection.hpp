#pragma once

#include <string>
#include <string_view>

namespace davenport::bench_floor {

/// One socket of the floor: what came in and is not whole yet, what goes out at the end of the loop's turn.
struct Connection {
    enum class Kind { client_listener, peer_listener, handshake, client, peer };

    int socket;
    Kind kind;
    std::string in{}, out{};
    bool joined = false, dirty = false, dead = false, watches_out = false;
};

/// The answer to a WebSocket handshake (RFC 6455 section 4.2.2).
std::string handshake_answer(std::string_view request);

/// A text frame of a server.
std::string text_frame(std::string_view text);

/// The first whole client frame of `bytes`, unmasked in place. `frame_bytes` 0: none is whole.
struct ClientFrame {
    std::string_view text;
    unsigned opcode = 0;
    std::size_t frame_bytes = 0;
};
ClientFrame read_client_frame(std::string& bytes, std::size_t at);

}  // namespace davenport::bench_floor
