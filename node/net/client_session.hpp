#pragma once

#include "node/net/client_owner.hpp"
#include "node/net/event_stream.hpp"
#include "node/net/websocket_codec.hpp"
#include "node/net/wire/http_connection.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// One client's connection: HTTP first, and a WebSocket after an upgrade at /ws, or an event stream when the
/// core makes a session of a request.
class ClientSession final : public wire::HttpConnection {
public:
    ClientSession(wire::Loop& loop, ClientOwner& owner, wire::asio::ip::tcp::socket socket);
    ~ClientSession() override;

    void send_frames(base::FrameList frames);
    void close_socket(CloseCode code, std::string_view reason);
    void answer(base::HttpResponse response);
    /// The exchange becomes a session of the same number, whose frames go out as server-sent events.
    void begin_stream();

    /// Where it stands in its owner's list.
    [[nodiscard]] std::size_t place() const { return place_; }
    void set_place(std::size_t place) { place_ = place; }

    /// Ends it if it is nobody's: no chat, no request under way, and none for `time`. True if so; it may be
    /// there until the turn's end.
    bool end_if_unused(base::Time now, base::Duration time);
    /// Called now and then: pings a client that is silent for long, drops what is dead.
    void check_silence(base::Time now);

    /// The owner is gone: nobody is told anything any more.
    void forget_owner() { owner_ = nullptr; }

    /// Its address has so many connections already that it is not even told so.
    [[nodiscard]] bool is_far_too_many() const { return ordinal_ > 2 * limit(); }

private:
    void on_request(base::HttpRequest request) override;
    void on_raw(std::string_view bytes) override;
    void on_flushed() override;
    void on_gone() override;
    base::HttpResponse refusal(wire::HttpError error) override;

    void open_socket(const base::HttpRequest& request);
    void reply(base::HttpResponse response);
    void on_item(WebsocketParser::Item item);
    void leave();
    [[nodiscard]] std::size_t limit() const;

    ClientOwner* owner_;
    std::size_t place_ = 0;
    std::size_t ordinal_ = 0;                  ///< among the connections from this address; 0: not counted
    SessionId session_ = 0;                    ///< once it is a WebSocket or an event stream
    ExchangeId exchange_ = 0;                  ///< while the core has a request of ours
    std::unique_ptr<WebsocketParser> parser_;  ///< of a WebSocket
    std::unique_ptr<EventStream> events_;      ///< of an event stream
    std::unique_ptr<std::string>
        pong_;  ///< waits until the kernel takes more: only the newest ping needs an answer
    base::Time heard_;
    bool pinged_ = false;
    bool tell_written_ = false;
};

}  // namespace davenport::node
