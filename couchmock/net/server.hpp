#pragma once

#include "couchmock/core/events.hpp"
#include "couchmock/net/control_access.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/http_codec.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace davenport::couchmock {

class ClientConnection;

/// HTTP/1.1 over TCP for a mock store: cuts connections into requests, and does with a connection what the
/// core says.
///
/// Requests of one connection are answered one after the other, as CouchDB does. A second listener, if there
/// is one, keeps listening while the first refuses: the control API must be reachable in an outage.
///
/// Threads: the loop's.
class StoreServer {
public:
    struct Config {
        wire::asio::ip::tcp::endpoint listen;
        std::optional<wire::asio::ip::tcp::endpoint> control;  ///< the control API is there alone then
        ControlAccess access{};
        wire::HttpLimits limits{.body_bytes =
                                    64 * 1024 * 1024};  // a document's own limit is the core's to tell
    };

    /// Binds and listens; throws std::runtime_error with one line that names the remedy. `on_event` is told
    /// what clients do, and may call perform() at once.
    StoreServer(wire::Loop& loop, const Config& config, std::function<void(Event)> on_event);
    ~StoreServer();

    [[nodiscard]] std::uint16_t port() const { return main_.port(); }
    [[nodiscard]] std::uint16_t control_port() const {
        return control_ ? control_->port() : std::uint16_t{0};
    }

    // The effects that concern connections. One for an exchange that is over is ignored.
    void perform(Respond effect);
    void perform(RespondHead effect);
    void perform(RespondData effect);
    void perform(RespondEnd effect);
    void perform(Reset effect);
    void perform(Listen effect);

private:
    friend class ClientConnection;

    void accept(wire::asio::ip::tcp::socket socket, bool is_main);
    ClientConnection* find(ExchangeId exchange);

    wire::Loop& loop_;
    wire::HttpLimits limits_;
    ControlAccess access_;
    std::function<void(Event)> on_event_;
    ExchangeId last_exchange_ = 0;
    std::unordered_set<ClientConnection*> connections_;
    std::unordered_map<ExchangeId, ClientConnection*> exchanges_;
    wire::Acceptor main_;
    std::optional<wire::Acceptor> control_;
};

}  // namespace davenport::couchmock
