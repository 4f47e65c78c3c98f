#include "couchmock/net/client_connection.hpp"

#include "couchmock/faults/fault_injector.hpp"
#include "couchmock/net/feed_chunks.hpp"

#include <utility>

namespace davenport::couchmock {

ClientConnection::ClientConnection(StoreServer& server, wire::asio::ip::tcp::socket socket, bool is_main)
    : HttpConnection(server.loop_, std::move(socket), server.limits_), server_(&server), is_main_(is_main) {
    server_->connections_.insert(this);
}

ClientConnection::~ClientConnection() {
    if (!server_) return;
    server_->connections_.erase(this);
    end_exchange();
}

void ClientConnection::on_request(base::HttpRequest request) {
    if (is_control(request)) {
        if (is_main_ && server_->control_) return respond(refuse_on_main_port());
        if (auto refused = refuse_control(server_->access_, request)) return respond(std::move(*refused));
    }
    exchange_ = ++server_->last_exchange_;
    feed_ = is_feed(request.target);
    server_->exchanges_.emplace(exchange_, this);
    server_->on_event_(Requested{exchange_, std::move(request), address(), std::exchange(first_, false)});
}

void ClientConnection::on_data_written() {
    if (exchange_ != 0) server_->on_event_(Written{exchange_});
}

void ClientConnection::on_gone() {
    if (exchange_ == 0 || !server_) return;
    const auto exchange = exchange_;
    end_exchange();
    server_->on_event_(Abandoned{exchange});
}

base::HttpResponse ClientConnection::refusal(wire::HttpError error) {
    if (error == wire::HttpError::body_too_large)
        return {413,
                {{"Content-Type", "application/json"}},
                "{\"error\":\"too_large\",\"reason\":\"the request entity is too large\"}\n"};
    // As CouchDB's HTTP library does: an empty 400, before any of CouchDB's own code is reached.
    return {400, {{"Server", "MochiWeb/1.0 (Any of you quaids got a smint?)"}}, {}};
}

void ClientConnection::data(std::string_view bytes) {
    if (feed_)
        respond_data(feed_chunks(bytes));
    else
        respond_data(bytes);
}

void ClientConnection::end_exchange() {
    if (exchange_ != 0) server_->exchanges_.erase(std::exchange(exchange_, 0));
}

void ClientConnection::cut(std::string_view partial) {
    end_exchange();
    reset(partial);
}

void ClientConnection::cut_when_idle() {
    if (!is_main_) return;
    last_answer();
    if (answering()) return;
    if (flushed())
        reset();
    else
        finish();
}

}  // namespace davenport::couchmock
