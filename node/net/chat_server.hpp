#pragma once

#include "node/net/client_owner.hpp"
#include "node/net/wire/acceptor.hpp"
#include "node/net/wire/tls_server.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/steady_timer.hpp>

namespace davenport::node {

/// Accepts clients: the page, WebSocket clients, and HTTP requests for the core.
///
/// Clients that fall silent are asked whether they live, and let go when they do not answer.
///
/// Threads: the loop's.
class ChatServer final : private ClientOwner {
public:
    struct Config : ClientRules {
        wire::asio::ip::tcp::endpoint listen;
        std::vector<std::string> hosts;           ///< see WebGuard
        std::vector<wire::WebOrigin> origins;     ///< see WebGuard
        std::string tls_cert_file, tls_key_file;  ///< empty: plain HTTP
    };

    /// Binds and listens; throws std::runtime_error with one line that names the remedy. `on_full`: a line
    /// for the log, once a minute at most, while clients are turned away because all connections are taken.
    ChatServer(wire::Loop& loop, const Config& config, std::function<void(Event)> on_event,
               std::function<void(std::string)> on_full = {});
    ~ChatServer();

    [[nodiscard]] std::uint16_t port() const { return acceptor_.port(); }

    void perform(Send effect);
    void perform(const Close& effect);
    void perform(Respond effect);
    void perform(Stream effect);

    /// Reads the certificate again. Throws std::invalid_argument when it is no good; the one before stays in
    /// use.
    void reload_certificate();

    /// New connections are refused from now on, and clients that are closed are told that the node goes away.
    void drain();
    [[nodiscard]] bool has_clients() const { return !connections_.empty(); }

private:
    [[nodiscard]] const ClientRules& rules() const override { return config_; }
    [[nodiscard]] const WebGuard& guard() const override { return guard_; }
    [[nodiscard]] bool draining() const override { return draining_; }
    std::size_t add(ClientSession& client) override;
    std::size_t count(const ClientSession& client) override;
    void remove(ClientSession& client, std::size_t ordinal) override;
    ExchangeId open_exchange(ClientSession& client) override;
    SessionId open_session(ClientSession& client) override;
    void make_session(ExchangeId exchange) override;
    void forget(std::uint64_t exchange_or_session) override;
    void handle(Event event) override { on_event_(std::move(event)); }

    void accept(wire::asio::ip::tcp::socket socket);
    /// False when nobody can be let go.
    bool make_room(base::Time now);
    void turn_away(wire::asio::ip::tcp::socket socket, base::Time now);
    void look_for_silence();

    wire::Loop& loop_;
    Config config_;
    WebGuard guard_;
    std::function<void(Event)> on_event_;
    std::function<void(std::string)> on_full_;
    std::optional<base::Time> made_room_at_, told_full_at_;
    std::uint64_t last_id_ = 0;  ///< of sessions and exchanges alike
    bool draining_ = false;
    std::vector<ClientSession*> connections_;                  ///< each knows its place
    std::size_t asked_ = 0;                                    ///< of them, for silence, in this round
    std::unordered_map<std::string, std::size_t> by_address_;  ///< how many, of addresses that are counted
    std::unique_ptr<wire::TlsIdentity> tls_;
    std::unordered_map<SessionId, ClientSession*> sessions_;
    std::unordered_map<ExchangeId, ClientSession*> exchanges_;
    wire::asio::steady_timer silence_timer_;
    wire::Acceptor acceptor_;
};

}  // namespace davenport::node
