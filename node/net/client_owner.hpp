#pragma once

#include "node/core/events.hpp"
#include "node/net/trusted_proxies.hpp"
#include "node/net/web_guard.hpp"
#include "node/net/wire/http_codec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace davenport::node {

class ClientSession;

/// What every client's connection keeps to.
struct ClientRules {
    std::size_t frame_bytes_max =
        128 * 1024;                       ///< of one message from a client; longer ones cost the connection
    std::chrono::seconds ping_after{30};  ///< of silence
    std::chrono::seconds dead_after{75};  ///< of silence
    std::size_t connections_per_address_max = 0;  ///< 0: any number
    /// This machine's own connections count too. By default they do not: a proxy may run here, with all
    /// clients behind it.
    bool counts_this_machine = false;
    TrustedProxies proxies;
    /// So many connections at most: the process needs descriptors for its store and its files, too.
    std::size_t connections_max = std::numeric_limits<std::size_t>::max();
    /// When all are taken, those that have asked for nothing for so long make room.
    std::chrono::milliseconds unused_at_most{10'000};
    wire::HttpLimits limits{.body_bytes = 1024 * 1024};
};

/// Who accepted a client's connection: what the connection is told, and whom it tells.
///
/// Outlives its connections, or tells them by ClientSession::forget_owner().
///
/// Threads: the loop's.
class ClientOwner {
public:
    [[nodiscard]] virtual const ClientRules& rules() const = 0;
    [[nodiscard]] virtual const WebGuard& guard() const = 0;
    [[nodiscard]] virtual bool draining() const = 0;

    /// A connection begins; returns its ordinal among the connections from its address, 0 when these are not
    /// counted.
    virtual std::size_t add(ClientSession& client) = 0;
    /// The same for one that was not counted, now that a proxy may have said on it whom it speaks for.
    virtual std::size_t count(const ClientSession& client) = 0;
    /// It ends; `ordinal` is what add() or count() returned last.
    virtual void remove(ClientSession& client, std::size_t ordinal) = 0;

    /// A number of its own for a request that the core has, until forget().
    virtual ExchangeId open_exchange(ClientSession& client) = 0;
    /// A number of its own for a session, until forget().
    virtual SessionId open_session(ClientSession& client) = 0;
    /// From now on the exchange is the session of the same number.
    virtual void make_session(ExchangeId exchange) = 0;
    /// The core's effects for this number find nobody any more.
    virtual void forget(std::uint64_t exchange_or_session) = 0;

    virtual void handle(Event event) = 0;

protected:
    ~ClientOwner() = default;
};

}  // namespace davenport::node
