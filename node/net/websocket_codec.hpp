#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// RFC 6455 from a server's side, as machines without I/O.
///
/// Not Beast's: its websocket::stream owns the socket and writes one message at a time from its own buffers.
/// Here one encoded batch of frames is shared by all who get it and leaves in the loop's gathered write.
namespace davenport::node {

enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported = 1003,  ///< binary data
    none = 1005,         ///< stands for a close frame without a code; never on the wire
    bad_text = 1007,
    policy = 1008,
    too_big = 1009,
    try_again = 1013,
};

/// Reads what a client sends: masked frames, fragmented messages, control frames in between.
///
/// Holds no more than the message that is not yet whole. After Failed or Ended nothing more may be read.
class WebsocketParser {
public:
    explicit WebsocketParser(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

    struct Text {
        std::string text;
    };  ///< a whole message, valid UTF-8
    struct Ping {
        std::string payload;
    };  ///< to be answered with a pong of the same payload
    struct Pong {};
    struct Ended {
        CloseCode code;
        std::string reason;
    };  ///< the client's close frame; to be answered with one
    struct Failed {
        CloseCode code;
        std::string_view reason;
    };  ///< the client broke the rules; close with this code
    using Item = std::variant<Text, Ping, Pong, Ended, Failed>;

    /// The next thing the client said; takes what it needs off the front of `bytes`. Nothing when all of
    /// `bytes` is taken and there is no whole thing yet.
    std::optional<Item> next(std::string_view& bytes);

private:
    enum class Stage : unsigned char { header, payload };
    enum Opcode : unsigned char { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

    bool take_header(std::string_view& bytes);
    std::optional<Failed> check_header();
    void take_payload(std::string_view& bytes);
    std::optional<Item> finish_frame();
    std::optional<Item> finish_control();

    [[nodiscard]] bool fin() const { return (header_[0] & 0x80) != 0; }
    [[nodiscard]] Opcode opcode() const { return static_cast<Opcode>(header_[0] & 0x0f); }
    [[nodiscard]] bool is_control() const { return (header_[0] & 0x08) != 0; }

    std::size_t message_bytes_max_;
    std::uint64_t left_ = 0;  ///< of the frame's payload
    std::string message_;     ///< so far, over all its fragments
    std::string control_;
    std::array<unsigned char, 14> header_{};
    unsigned char header_size_ = 0;
    unsigned char mask_at_ = 0;
    Stage stage_ = Stage::header;
    bool in_message_ = false;  ///< a message's first fragment has come, its last one has not
};

/// A server's frames.
std::string pong_frame(std::string_view payload);
std::string ping_frame();
/// `reason` is cut to what fits, between characters.
std::string close_frame(CloseCode code, std::string_view reason);

/// The value of Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

}  // namespace davenport::node
