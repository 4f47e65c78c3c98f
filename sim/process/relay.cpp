#include "sim/process/relay.hpp"

#include "node/base/random.hpp"
#include "sim/process/prefix_proxy.hpp"
#include "sim/process/transport_loop.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace davenport::sim::process {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t piece_bytes_max = 16 * 1024;
constexpr auto accept_retry = std::chrono::milliseconds{100};
constexpr std::size_t waiting_bytes_max = 256 * 1024;  // then the sender feels it, as on a real cable

class Connection;

/// One direction of a connection.
struct Pump {
    struct Piece {
        base::Time due;
        std::string bytes;  ///< empty: the end
    };
    Pump(asio::io_context& io, bool to_server) : timer{io}, up{to_server} {}
    asio::steady_timer timer;
    bool up;
    std::array<char, piece_bytes_max> buffer{};
    std::deque<Piece> waiting;
    std::size_t waiting_bytes = 0;
    base::Time last_due{};
    bool reading = false;
    bool ended = false;  ///< the sender has said all
    bool writing = false;
};

}  // namespace

class Relay::Impl : public std::enable_shared_from_this<Relay::Impl> {
public:
    Impl(asio::io_context& io, tcp::endpoint to)
        : io_{io},
          acceptor_{io, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
          retry_{io},
          to_{std::move(to)} {}

    void accept();
    void close();
    void drop(const std::shared_ptr<Connection>& connection) { connections_.erase(connection); }

    asio::io_context& io_;
    tcp::acceptor acceptor_;
    asio::steady_timer retry_;
    tcp::endpoint to_;
    LinkConditions conditions_;
    std::string prefix_;      ///< the path under which clients find the server; empty: none
    base::Random random_{1};  // of the jitter: this world is not repeated to the bit anyway
    std::set<std::shared_ptr<Connection>> connections_;
    std::int64_t made_ = 0;
    std::map<std::string, std::int64_t> answers_;
};

namespace {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<Relay::Impl> relay, tcp::socket client)
        : relay_{std::move(relay)},
          client_{std::move(client)},
          server_{relay_->io_},
          up_{relay_->io_, true},
          down_{relay_->io_, false} {
        if (!relay_->prefix_.empty()) proxy_.emplace(relay_->prefix_);
    }

    void start() {
        server_.async_connect(relay_->to_, [self = shared_from_this()](error_code ec) {
            if (ec) {
                ++self->relay_->answers_["refused"];
                return self->reset();
            }
            error_code ignored;
            self->server_.set_option(tcp::no_delay{true}, ignored);
            self->client_.set_option(tcp::no_delay{true}, ignored);
            self->read(self->up_);
            self->read(self->down_);
        });
    }

    /// The conditions have changed.
    void look() {
        if (relay_->conditions_.block_bytes == 0) flush();
        for (auto* pump : {&up_, &down_}) write(*pump);
    }

    [[nodiscard]] bool is_silent() const { return silent_; }
    void silence() {
        silent_ = true;
        up_.timer.cancel();
        down_.timer.cancel();
    }
    [[nodiscard]] base::Time moved() const { return moved_; }

    void reset() {
        if (std::exchange(closed_, true)) return;
        error_code ignored;
        for (auto* socket : {&client_, &server_}) {
            socket->set_option(asio::socket_base::linger{true, 0}, ignored);  // closes with RST
            socket->close(ignored);
        }
        up_.timer.cancel();
        down_.timer.cancel();
        relay_->drop(shared_from_this());
    }

private:
    [[nodiscard]] tcp::socket& source(const Pump& pump) { return pump.up ? client_ : server_; }
    [[nodiscard]] tcp::socket& sink(const Pump& pump) { return pump.up ? server_ : client_; }
    [[nodiscard]] bool held(const Pump& pump) const {
        return pump.up ? relay_->conditions_.up_held : relay_->conditions_.down_held;
    }

    void read(Pump& pump) {
        if (closed_ || silent_ || pump.reading || pump.ended || pump.waiting_bytes >= waiting_bytes_max)
            return;
        pump.reading = true;
        source(pump).async_read_some(asio::buffer(pump.buffer),
                                     [self = shared_from_this(), &pump](error_code ec, std::size_t n) {
                                         pump.reading = false;
                                         if (self->closed_ || self->silent_) return;
                                         self->moved_ = steady_now();
                                         if (ec && (!pump.up || ec != asio::error::eof)) self->count_broken();
                                         if (ec && ec != asio::error::eof) return self->reset();
                                         if (!ec) self->count({pump.buffer.data(), n}, pump.up);
                                         pump.ended = ec == asio::error::eof;
                                         self->pass(pump, std::string{pump.buffer.data(), ec ? 0 : n});
                                         self->write(pump);
                                         self->read(pump);
                                     });
    }

    void count(std::string_view bytes, bool up) {
        if (up) {
            asked_ = true;
        } else if (bytes.starts_with("HTTP/1.1 ") && bytes.size() >= 12) {
            ++relay_->answers_[std::string{bytes.substr(9, 3)}];
            asked_ = false;
        }
    }

    /// By way of the proxy, if there is one. An empty piece is the end.
    void pass(Pump& pump, std::string bytes) {
        if (!pump.up || !proxy_ || bytes.empty()) return take(pump, std::move(bytes));
        if (auto more = proxy_->pass(bytes); !more.empty()) take(pump, std::move(more));
        if (!proxy_->refuses() || std::exchange(refused_, true)) return;
        pump.ended = true;
        take(down_, std::string{PrefixProxy::not_found});
        take(down_, {});
        write(down_);
    }

    /// Passes a piece on, or, as a proxy that buffers, gathers it. An answer's head comes in a piece of its
    /// own, or with the first of its body; an empty piece is the end.
    void take(Pump& pump, std::string bytes) {
        const auto block = relay_->conditions_.block_bytes;
        const bool is_head = bytes.starts_with("HTTP/1.");
        if (!pump.up && is_head) chunked_ = is_chunked(bytes);
        if (pump.up || block == 0 || !chunked_ || is_head || bytes.empty()) {
            if (!pump.up) flush();
            return delay(pump, std::move(bytes));
        }
        gathered_ += bytes;
        if (gathered_.size() >= block || gathered_.ends_with("0\r\n\r\n")) flush();
    }

    void flush() {
        if (!gathered_.empty()) delay(down_, std::exchange(gathered_, {}));
    }

    static bool is_chunked(std::string_view head) {
        constexpr std::string_view header = "transfer-encoding: chunked";
        const auto same = [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
        };
        return !std::ranges::search(head, header, same).empty();
    }

    /// What TCP takes to bring a piece through that is lost now and then.
    base::Duration time_of_losses() {
        using namespace std::chrono_literals;
        const auto chance = static_cast<std::uint32_t>(relay_->conditions_.loss.millionths);
        base::Duration took{};
        for (base::Duration wait = 200ms; chance > 0 && wait < 10s; wait *= 2) {
            if (!relay_->random_.per_million(chance)) break;
            took += wait;
        }
        return took;
    }
    void count_broken() {
        if (std::exchange(asked_, false)) ++relay_->answers_["reset"];
    }

    /// Decides when the piece arrives: never before one that was sent earlier.
    void delay(Pump& pump, std::string bytes) {
        const auto& conditions = relay_->conditions_;
        const auto jitter =
            conditions.jitter > base::Duration{0} ? relay_->random_.between(0, conditions.jitter.count()) : 0;
        auto due = std::max(steady_now() + conditions.latency + base::Duration{jitter} + time_of_losses(),
                            pump.last_due);
        if (conditions.bytes_per_second > 0)
            due += base::Duration{
                static_cast<std::int64_t>(bytes.size() * 1'000'000 / conditions.bytes_per_second)};
        pump.last_due = due;
        pump.waiting_bytes += bytes.size();
        pump.waiting.push_back({due, std::move(bytes)});
    }

    void write(Pump& pump) {
        if (closed_ || silent_ || pump.writing || pump.waiting.empty() || held(pump)) return;
        const auto due = pump.waiting.front().due;
        if (due > steady_now()) {
            pump.timer.expires_at(std::chrono::steady_clock::time_point{due.time_since_epoch()});
            pump.timer.async_wait([self = shared_from_this(), &pump](error_code ec) {
                if (!ec) self->write(pump);
            });
            return;
        }
        if (pump.waiting.front().bytes.empty()) {
            pump.waiting.pop_front();
            error_code ignored;
            sink(pump).shutdown(tcp::socket::shutdown_send, ignored);
            if (up_.ended && down_.ended && up_.waiting.empty() && down_.waiting.empty()) reset();
            return;
        }
        pump.writing = true;
        asio::async_write(sink(pump), asio::buffer(pump.waiting.front().bytes),
                          [self = shared_from_this(), &pump](error_code ec, std::size_t) {
                              pump.writing = false;
                              if (self->closed_) return;
                              if (ec) return self->reset();
                              pump.waiting_bytes -= pump.waiting.front().bytes.size();
                              pump.waiting.pop_front();
                              self->write(pump);
                              self->read(pump);
                          });
    }

    std::shared_ptr<Relay::Impl> relay_;
    tcp::socket client_;
    tcp::socket server_;
    Pump up_;
    Pump down_;
    bool asked_ = false;  ///< something was said to the server that it has not answered
    bool closed_ = false;
    bool silent_ = false;  ///< half open
    std::optional<PrefixProxy> proxy_;
    bool refused_ = false;  ///< by the proxy
    bool chunked_ = false;  ///< the answer under way
    std::string gathered_;  ///< of it
    base::Time moved_ = steady_now();
};

}  // namespace

void Relay::Impl::accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code ec, tcp::socket socket) {
        if (ec == asio::error::operation_aborted || !self->acceptor_.is_open()) return;  // closed
        if (ec) {  // out of descriptors, perhaps: what waits is accepted once some are free
            self->retry_.expires_after(accept_retry);
            return self->retry_.async_wait([self](error_code cancelled) {
                if (!cancelled) self->accept();
            });
        }
        ++self->made_;
        const auto connection = std::make_shared<Connection>(self, std::move(socket));
        self->connections_.insert(connection);
        connection->start();
        self->accept();
    });
}

void Relay::Impl::close() {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (const auto& connection : std::set{connections_}) connection->reset();
}

namespace {

tcp::endpoint resolve(asio::io_context& io, const std::string& host, std::uint16_t port) {
    error_code error;
    const auto found = tcp::resolver{io}.resolve(host, std::to_string(port), error);
    if (error || found.empty())
        throw std::runtime_error{fmt::format("no address of {} is known: {}", host, error.message())};
    return found.begin()->endpoint();
}

}  // namespace

Relay::Relay(Transport& transport, const std::string& host, std::uint16_t to)
    : impl_{std::make_shared<Impl>(loop_of(transport), resolve(loop_of(transport), host, to))} {
    impl_->accept();
}
Relay::~Relay() { impl_->close(); }

void Relay::set_prefix(std::string prefix) { impl_->prefix_ = std::move(prefix); }

std::uint16_t Relay::port() const { return impl_->acceptor_.local_endpoint().port(); }
const LinkConditions& Relay::conditions() const { return impl_->conditions_; }

void Relay::set_conditions(const LinkConditions& conditions) {
    impl_->conditions_ = conditions;
    for (const auto& connection : std::set{impl_->connections_}) connection->look();
}

std::int64_t Relay::reset() {
    const std::set connections{impl_->connections_};
    for (const auto& connection : connections) connection->reset();
    return static_cast<std::int64_t>(connections.size());
}

std::int64_t Relay::silence() {
    std::int64_t count = 0;
    for (const auto& connection : impl_->connections_) {
        if (connection->is_silent()) continue;
        connection->silence();
        ++count;
    }
    return count;
}

std::int64_t Relay::cut_idle(base::Duration idle, bool silently) {
    std::int64_t count = 0;
    for (const auto& connection : std::set{impl_->connections_}) {
        if (connection->is_silent() || connection->moved() + idle > steady_now()) continue;
        silently ? connection->silence() : connection->reset();
        ++count;
    }
    return count;
}

std::int64_t Relay::connections() const { return static_cast<std::int64_t>(impl_->connections_.size()); }
std::int64_t Relay::made() const { return impl_->made_; }
std::map<std::string, std::int64_t> Relay::take_answers() { return std::exchange(impl_->answers_, {}); }

}  // namespace davenport::sim::process
