#include "couchmock/net/server.hpp"

#include "couchmock/net/client_connection.hpp"

#include <utility>
#include <vector>

namespace davenport::couchmock {

StoreServer::StoreServer(wire::Loop& loop, const Config& config, std::function<void(Event)> on_event)
    : loop_(loop),
      limits_(config.limits),
      access_(config.access),
      on_event_(std::move(on_event)),
      main_(loop, config.listen, [this](auto socket) { accept(std::move(socket), true); }) {
    if (config.control)
        control_.emplace(loop, *config.control, [this](auto socket) { accept(std::move(socket), false); });
}

StoreServer::~StoreServer() {
    for (auto* connection : connections_) {
        connection->forget_server();
        connection->drop();
    }
}

void StoreServer::accept(wire::asio::ip::tcp::socket socket, bool is_main) {
    std::make_shared<ClientConnection>(*this, std::move(socket), is_main)->start();
}

ClientConnection* StoreServer::find(ExchangeId exchange) {
    const auto found = exchanges_.find(exchange);
    return found == exchanges_.end() ? nullptr : found->second;
}

void StoreServer::perform(Respond effect) {
    auto* client = find(effect.exchange);
    if (!client) return;
    client->end_exchange();
    client->respond(std::move(effect.response));
}

void StoreServer::perform(RespondHead effect) {
    if (auto* client = find(effect.exchange)) client->respond_head(effect.status, std::move(effect.headers));
}

void StoreServer::perform(RespondData effect) {
    if (auto* client = find(effect.exchange)) client->data(effect.bytes);
}

void StoreServer::perform(RespondEnd effect) {
    auto* client = find(effect.exchange);
    if (!client) return;
    client->end_exchange();
    client->respond_end();
}

void StoreServer::perform(Reset effect) {
    if (auto* client = find(effect.exchange)) client->cut(effect.partial);
}

void StoreServer::perform(Listen effect) {
    main_.listen(effect.accepting);
    if (effect.accepting) return;
    const std::vector<ClientConnection*> all{connections_.begin(), connections_.end()};
    for (auto* connection : all) connection->cut_when_idle();
}

}  // namespace davenport::couchmock
