#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace davenport::load {

/// What a connection tells about what it read.
class Heard {
public:
    virtual ~Heard() = default;
    virtual void ready() = 0;                         ///< in the room: what is said there comes from now on
    virtual void message(std::string_view text) = 0;  ///< somebody said something; the stamp is in there
    virtual void accepted(std::uint64_t number) = 0;  ///< the server has taken this post of ours
    virtual void stored(std::uint64_t number) = 0;    ///< and, where there is a store, that one too
    virtual void people(std::string_view) {}          ///< the server says who is there
    virtual void refused(std::string_view why) = 0;   ///< the server did not do what it was asked for
    virtual void ended() = 0;                         ///< the server is about to close
};

/// Who somebody is, and where.
struct Persona {
    std::string name;  ///< unique among all clients of a run
    std::string room;
    std::string host;     ///< of the server, for HTTP
    bool people = false;  ///< asks who is there, where the system can tell
    bool durable =
        false;  ///< a post is acknowledged, and kept for a receiver who is away, where the system can do that
};

/// One client's half of a wire protocol. Knows no socket: bytes to be sent are appended to `out`.
class Talk {
public:
    virtual ~Talk() = default;
    /// The connection stands: what is said first.
    virtual void greet(std::string& out) = 0;
    /// Takes whole messages off the front of `bytes`; how many bytes that were. The rest is given again, with
    /// more.
    virtual std::size_t read(std::string_view bytes, std::string& out, Heard& heard) = 0;
    /// Says `text` in the room. `acknowledged`: ask the server to confirm, where confirming is a choice.
    virtual void post(std::uint64_t number, std::string_view text, bool acknowledged, std::string& out) = 0;
    /// Whether a sender is sent what it said itself.
    [[nodiscard]] virtual bool echoes() const { return true; }
};

/// `protocol`: davenport, relay (the floor, and ws with Redis), irc, nats or mqtt. Throws
/// std::invalid_argument for another.
std::unique_ptr<Talk> make_talk(std::string_view protocol, Persona persona);

std::unique_ptr<Talk> make_davenport_talk(Persona persona);
std::unique_ptr<Talk> make_relay_talk(Persona persona);
std::unique_ptr<Talk> make_irc_talk(Persona persona);
std::unique_ptr<Talk> make_nats_talk(Persona persona);
std::unique_ptr<Talk> make_mqtt_talk(Persona persona);

/// The next line in `bytes` from `at` on, without its end; `at` moves behind it. False when none is whole.
bool next_line(std::string_view bytes, std::size_t& at, std::string_view& line);

}  // namespace davenport::load
