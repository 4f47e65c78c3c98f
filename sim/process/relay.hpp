#pragma once

#include "node/base/parameter.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace davenport::sim::process {

class Transport;

/// How a link is at the moment; "up" is towards the server.
struct LinkConditions {
    base::Duration latency{};  ///< added to each piece, each way
    base::Duration jitter{};   ///< up to so much more, another for each piece; none overtakes another
    bool up_held = false;      ///< what is sent waits, in order, until it is let go; TCP loses nothing
    bool down_held = false;
    std::uint64_t bytes_per_second = 0;  ///< of each connection, each way; 0: as the machine can
    base::Probability loss{0};  ///< of a piece, each time it is sent; TCP sends it again, and all waits
    std::size_t block_bytes =
        0;  ///< a chunked answer is passed on in blocks of so much, or at its end; 0: at once
};

/// A network cable between a client on this machine and a server: a TCP proxy that can be made slow, thin,
/// stuck or broken.
///
/// It listens on a port of its own and passes on to the server's port, whether or not anything listens there
/// at the moment. It lives in the transport's loop, and must not outlive the transport.
class Relay {
public:
    /// To a port of this machine, or of another one. Throws std::runtime_error when that one has no address.
    Relay(Transport& transport, std::uint16_t to) : Relay{transport, "127.0.0.1", to} {}
    Relay(Transport& transport, const std::string& host, std::uint16_t to);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    [[nodiscard]] std::uint16_t port() const;

    /// From now on it is a proxy that has the server under this path: see PrefixProxy.
    void set_prefix(std::string prefix);
    [[nodiscard]] const LinkConditions& conditions() const;
    void set_conditions(const LinkConditions& conditions);
    /// Breaks every connection, as RST does. Returns how many.
    std::int64_t reset();
    /// The connections that there are fall silent for good, and neither side is told. Returns how many.
    std::int64_t silence();
    /// Breaks those on which nothing has moved for `idle`, or (`silently`) has them fall silent. Returns how
    /// many.
    std::int64_t cut_idle(base::Duration idle, bool silently);
    /// How many connections there are.
    [[nodiscard]] std::int64_t connections() const;
    /// How many connections were made since the beginning.
    [[nodiscard]] std::int64_t made() const;

    /// What became of HTTP requests on this cable since the last call, by status; "refused" when nobody
    /// listened, "reset" when the connection broke before the answer. Answers are told by their first bytes,
    /// which come in a piece of their own: good enough for counting.
    std::map<std::string, std::int64_t> take_answers();

    class Impl;

private:
    std::shared_ptr<Impl> impl_;
};

}  // namespace davenport::sim::process
