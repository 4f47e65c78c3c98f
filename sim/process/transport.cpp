#include "sim/process/transport.hpp"

#include "sim/process/transport_loop.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace davenport::sim::process {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds handshake_timeout{5};
constexpr std::uint64_t answer_bytes_max = std::uint64_t{1} << 30;

class WebSocketClient final : public WebSocket, public std::enable_shared_from_this<WebSocketClient> {
public:
    WebSocketClient(asio::io_context& io, Handlers handlers) : stream_{io}, handlers_{std::move(handlers)} {}

    void start(std::uint16_t port, std::string authority, std::string target) {
        target_ = std::move(target);
        host_ = authority.empty() ? "127.0.0.1:" + std::to_string(port) : std::move(authority);
        auto& lowest = beast::get_lowest_layer(stream_);
        lowest.expires_after(handshake_timeout);
        lowest.async_connect(tcp::endpoint{asio::ip::address_v4::loopback(), port},
                             [self = shared_from_this()](error_code ec) { self->on_connect(ec); });
    }

    void send(std::string frame) override {
        if (closed_) return;
        outgoing_.push_back(std::move(frame));
        if (outgoing_.size() == 1) write();
    }

    void close() override {
        closed_ = true;
        handlers_ = {};
        beast::get_lowest_layer(stream_).close();
    }

    void pause_reading(bool paused) override {
        paused_ = paused;
        if (!paused_ && open_ && !reading_) read();
    }

private:
    void on_connect(error_code ec) {
        if (ec) return fail(ec);
        error_code ignored;
        beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay{true}, ignored);
        // From here on Beast's own timeout counts; none when the connection stands: a node may be paused for
        // long.
        beast::get_lowest_layer(stream_).expires_never();
        stream_.set_option(
            websocket::stream_base::timeout{handshake_timeout, websocket::stream_base::none(), false});
        stream_.read_message_max(64 << 20);
        stream_.text(true);
        stream_.async_handshake(host_, target_,
                                [self = shared_from_this()](error_code e) { self->on_handshake(e); });
    }

    void on_handshake(error_code ec) {
        if (ec) return fail(ec);
        if (closed_) return;
        open_ = true;
        read();
        if (auto call = handlers_.on_open) call();
    }

    void read() {
        if (closed_ || paused_) return;
        reading_ = true;
        stream_.async_read(buffer_, [self = shared_from_this()](error_code ec, std::size_t) {
            self->reading_ = false;
            if (ec) return self->fail(ec);
            auto frame = beast::buffers_to_string(self->buffer_.data());
            self->buffer_.consume(self->buffer_.size());
            if (auto call = self->handlers_.on_frame) call(std::move(frame));
            self->read();
        });
    }

    void write() {
        stream_.async_write(asio::buffer(outgoing_.front()),
                            [self = shared_from_this()](error_code ec, std::size_t) {
                                if (ec) return self->fail(ec);
                                self->outgoing_.pop_front();
                                if (!self->closed_ && !self->outgoing_.empty()) self->write();
                            });
    }

    void fail(error_code ec) {
        if (closed_) return;
        auto call = std::move(handlers_.on_closed);
        close();
        if (call) call(ec == websocket::error::closed ? "closed by the node" : ec.message());
    }

    websocket::stream<beast::tcp_stream> stream_;
    Handlers handlers_;
    std::string host_;
    std::string target_;
    beast::flat_buffer buffer_;
    std::deque<std::string> outgoing_;  ///< the front one is being written
    bool open_ = false;
    bool reading_ = false;
    bool paused_ = false;
    bool closed_ = false;
};

/// One request, from connect to the answer's end.
class Exchange : public std::enable_shared_from_this<Exchange> {
public:
    Exchange(asio::io_context& io, std::function<void(Transport::Answer)> done)
        : resolver_{io}, stream_{io}, done_{std::move(done)} {
        parser_.body_limit(answer_bytes_max);
    }

    void start(const std::string& host, std::uint16_t port, const base::HttpRequest& request,
               base::Duration timeout) {
        request_.method_string(request.method);
        request_.target(request.target);
        request_.version(11);
        for (const auto& [name, value] : request.headers) request_.insert(name, value);
        if (request_.count(http::field::host) == 0)
            request_.set(http::field::host, host + ':' + std::to_string(port));
        request_.keep_alive(false);
        request_.body() = request.body;
        request_.prepare_payload();
        stream_.expires_after(timeout);
        resolver_.async_resolve(
            host, std::to_string(port),
            [self = shared_from_this()](error_code ec, const tcp::resolver::results_type& found) {
                if (ec) return self->end(ec);
                self->connect(found);
            });
    }

private:
    void connect(const tcp::resolver::results_type& found) {
        stream_.async_connect(found, [self = shared_from_this()](error_code ec, const tcp::endpoint&) {
            if (ec) return self->end(ec);
            http::async_write(self->stream_, self->request_, [self](error_code e, std::size_t) {
                if (e) return self->end(e);
                http::async_read(self->stream_, self->buffer_, self->parser_,
                                 [self](error_code last, std::size_t) { self->end(last); });
            });
        });
    }

    void end(error_code ec) {
        Transport::Answer answer;
        if (ec) {
            answer.error = ec.message();
        } else {
            auto& got = parser_.get();
            answer.response.status = static_cast<int>(got.result_int());
            for (const auto& field : got)
                answer.response.headers.emplace_back(std::string{field.name_string()},
                                                     std::string{field.value()});
            answer.response.body = std::move(got.body());
        }
        stream_.close();
        done_(std::move(answer));
    }

    tcp::resolver resolver_;
    beast::tcp_stream stream_;
    http::request<http::string_body> request_;
    http::response_parser<http::string_body> parser_;
    beast::flat_buffer buffer_;
    std::function<void(Transport::Answer)> done_;
};

}  // namespace

base::Time steady_now() {
    return base::Time{
        std::chrono::duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

base::Now both_now() {
    return {steady_now(), std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now())};
}

class Transport::Impl {
public:
    /// The kernel's timer has microseconds; run_one_until()'s own waiting has milliseconds.
    void arm(base::Time until) {
        if (armed_ == until) return;
        armed_ = until;
        wake_.expires_at(std::chrono::steady_clock::time_point{until.time_since_epoch()});
        wake_.async_wait([this, until](error_code ec) {
            if (ec) {
                ++idle_;  // armed anew for another time: nothing happened
            } else if (armed_ == until) {
                armed_.reset();
            }
        });
    }

    void run_until(base::Time until) {
        arm(until);
        io.restart();
        idle_ = 0;
        auto handled = io.poll();
        while (handled == idle_ && armed_) handled += io.run_one();
    }

    asio::io_context io{1};

private:
    asio::steady_timer wake_{io};
    std::optional<base::Time> armed_;
    std::size_t idle_ = 0;
};

asio::io_context& loop_of(Transport& transport) { return transport.impl_->io; }

Transport::Transport() : impl_{std::make_unique<Impl>()} {}
Transport::~Transport() = default;

void Transport::run_until(base::Time until) { impl_->run_until(until); }

std::shared_ptr<WebSocket> Transport::connect(std::uint16_t port, WebSocket::Handlers handlers,
                                              std::string authority, const std::string& prefix) {
    auto client = std::make_shared<WebSocketClient>(impl_->io, std::move(handlers));
    client->start(port, std::move(authority), prefix + "/ws");
    return client;
}

void Transport::fetch(const std::string& host, std::uint16_t port, base::HttpRequest request,
                      base::Duration timeout, std::function<void(Answer)> done) {
    std::make_shared<Exchange>(impl_->io, std::move(done))->start(host, port, request, timeout);
}

}  // namespace davenport::sim::process
