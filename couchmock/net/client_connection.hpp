#pragma once

#include "couchmock/net/server.hpp"
#include "node/net/wire/http_connection.hpp"

#include <string_view>

namespace davenport::couchmock {

/// One client of the mock; each of its requests is an exchange.
class ClientConnection final : public wire::HttpConnection {
public:
    /// `is_main`: came by the listener that an outage closes.
    ClientConnection(StoreServer& server, wire::asio::ip::tcp::socket socket, bool is_main);
    ~ClientConnection() override;

    /// The end of the exchange in the connection's own: whatever of the answer went out, nothing more does.
    void cut(std::string_view partial);
    /// The listener closes: an idle client is cut off, one that waits for an answer after that.
    void cut_when_idle();
    /// A piece of a chunked answer; of a feed in the chunks that CouchDB would make of it.
    void data(std::string_view bytes);
    /// The exchange is over; its number is not ours any more.
    void end_exchange();

    void forget_server() { server_ = nullptr; }

private:
    void on_request(base::HttpRequest request) override;
    void on_data_written() override;
    void on_gone() override;
    base::HttpResponse refusal(wire::HttpError error) override;

    StoreServer* server_;
    ExchangeId exchange_ = 0;
    bool is_main_;
    bool first_ = true;  ///< nothing was asked yet
    bool feed_ = false;  ///< what is asked is a feed
};

}  // namespace davenport::couchmock
