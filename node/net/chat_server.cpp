#include "node/net/chat_server.hpp"

#include "node/base/text.hpp"
#include "node/net/client_session.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace davenport::node {
namespace {

constexpr std::size_t asked_at_a_time = 256;

constexpr base::Duration make_room_every = std::chrono::seconds{1};  // it looks at all
constexpr base::Duration told_full_every = std::chrono::minutes{1};
constexpr std::string_view full =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    "Content-Length: 69\r\n\r\nthis node has as many connections as it may have: go to another node\n";

}  // namespace

ChatServer::ChatServer(wire::Loop& loop, const Config& config, std::function<void(Event)> on_event,
                       std::function<void(std::string)> on_full)
    : loop_(loop),
      config_(config),
      guard_(config.hosts, config.origins, config.listen.address().is_loopback()),
      on_event_(std::move(on_event)),
      on_full_(std::move(on_full)),
      silence_timer_(loop.context()),
      acceptor_(loop, config.listen, [this](auto socket) { accept(std::move(socket)); }) {
    if (!config_.tls_cert_file.empty())
        tls_ = std::make_unique<wire::TlsIdentity>(config_.tls_cert_file, config_.tls_key_file);
    look_for_silence();
}

ChatServer::~ChatServer() {
    for (auto* connection : connections_) {
        connection->forget_owner();
        connection->drop();
    }
}

void ChatServer::accept(wire::asio::ip::tcp::socket socket) {
    const auto now = wire::Loop::now().time;
    if (connections_.size() >= config_.connections_max && !make_room(now))
        return turn_away(std::move(socket), now);
    const auto session =
        std::make_shared<ClientSession>(loop_, static_cast<ClientOwner&>(*this), std::move(socket));
    // Closed with the last pointer to it.
    if (session->is_far_too_many()) return;
    if (config_.proxies.trusts(session->address())) session->expect_proxy();
    if (tls_) session->secure(*tls_);
    session->start();
}

bool ChatServer::make_room(base::Time now) {
    if (made_room_at_ && now - *made_room_at_ < make_room_every) return false;
    made_room_at_ = now;
    bool made = false;
    for (auto* connection : std::vector{connections_})
        made |= connection->end_if_unused(now, config_.unused_at_most);
    return made;
}

/// A health check is to fail at once, and a person to read why; without TLS's handshake nothing can be said.
void ChatServer::turn_away(wire::asio::ip::tcp::socket socket, base::Time now) {
    if (on_full_ && (!told_full_at_ || now - *told_full_at_ >= told_full_every)) {
        told_full_at_ = now;
        on_full_(
            fmt::format("clients: all {} connections that this process may have are taken, and others are "
                        "turned away: raise its limit of open files (LimitNOFILE of the service, ulimit -n)",
                        config_.connections_max));
    }
    if (tls_) return;
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    std::array<char, 4096> asked;  // what is not read would reset the connection before the answer is
    socket.read_some(wire::asio::buffer(asked), ignored);
    socket.write_some(wire::asio::buffer(full), ignored);
    socket.shutdown(wire::asio::socket_base::shutdown_send, ignored);
}

std::size_t ChatServer::add(ClientSession& client) {
    client.set_place(connections_.size());
    connections_.push_back(&client);
    return count(client);
}

std::size_t ChatServer::count(const ClientSession& client) {
    const auto address = counted_address(client.address());
    if (config_.connections_per_address_max == 0 ||
        (base::is_loopback_address(address) && !config_.counts_this_machine) ||
        config_.proxies.trusts(client.address()))  // it speaks for many, or will say for whom
        return 0;
    return ++by_address_[address];
}

void ChatServer::remove(ClientSession& client, std::size_t ordinal) {
    connections_.back()->set_place(client.place());
    connections_[client.place()] = connections_.back();
    connections_.pop_back();
    if (ordinal == 0) return;
    const auto counted = by_address_.find(counted_address(client.address()));
    if (counted != by_address_.end() && --counted->second == 0) by_address_.erase(counted);
}

ExchangeId ChatServer::open_exchange(ClientSession& client) {
    exchanges_.emplace(++last_id_, &client);
    return last_id_;
}

SessionId ChatServer::open_session(ClientSession& client) {
    sessions_.emplace(++last_id_, &client);
    return last_id_;
}

void ChatServer::make_session(ExchangeId exchange) {
    if (auto found = exchanges_.extract(exchange)) sessions_.insert(std::move(found));
}

void ChatServer::forget(std::uint64_t exchange_or_session) {
    exchanges_.erase(exchange_or_session);
    sessions_.erase(exchange_or_session);
}

void ChatServer::reload_certificate() {
    if (tls_) tls_->reload();
}

/// All of them in a round, some at a time: to ask a hundred thousand in one turn would keep everybody
/// waiting.
void ChatServer::look_for_silence() {
    const auto round = std::chrono::duration_cast<std::chrono::microseconds>(config_.ping_after) / 3;
    silence_timer_.expires_after(round / (connections_.size() / asked_at_a_time + 1));
    silence_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        const auto now = wire::Loop::now().time;
        if (asked_ >= connections_.size()) asked_ = 0;
        const auto begin = connections_.begin() + static_cast<std::ptrdiff_t>(asked_);
        const auto count = std::min(asked_at_a_time, connections_.size() - asked_);
        const std::vector<ClientSession*> some{begin, begin + static_cast<std::ptrdiff_t>(count)};
        for (auto* connection : some) connection->check_silence(now);
        asked_ += count;
        look_for_silence();
    });
}

void ChatServer::perform(Send effect) {
    const auto found = sessions_.find(effect.session);
    if (found != sessions_.end()) found->second->send_frames(std::move(effect.frames));
}

void ChatServer::perform(const Close& effect) {
    const auto found = sessions_.find(effect.session);
    if (found == sessions_.end()) return;
    found->second->close_socket(draining_ ? CloseCode::going_away : CloseCode::policy, effect.reason);
}

void ChatServer::perform(Respond effect) {
    const auto found = exchanges_.find(effect.exchange);
    if (found != exchanges_.end()) found->second->answer(std::move(effect.response));
}

void ChatServer::perform(Stream effect) {
    const auto found = exchanges_.find(effect.exchange);
    if (found != exchanges_.end()) return found->second->begin_stream();
    // It left meanwhile, and the core does not know: to it the session is open.
    on_event_(Closed{effect.exchange});
}

void ChatServer::drain() {
    draining_ = true;
    acceptor_.listen(false);
}

}  // namespace davenport::node
