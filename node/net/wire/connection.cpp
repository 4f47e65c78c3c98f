#include "node/net/wire/connection.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace davenport::wire {
namespace {

constexpr std::size_t pieces_per_write = 64;
constexpr std::size_t bytes_per_turn = 256 * 1024;  // to one connection: then it is others' turn
// So much waits in the kernel beyond what is under way. Without a bound it takes 4 MB for one who does not
// read, and some hundred of those use up what all of the machine's connections may have: then nobody's bytes
// move.
constexpr int unsent_bytes_max = 64 * 1024;

}  // namespace

Connection::Connection(Loop& loop, asio::ip::tcp::socket socket) : loop_(loop), socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max,
                 sizeof unsent_bytes_max);
    const auto peer = socket_.remote_endpoint(ignored);
    address_ = peer.address().to_string();
}

Connection::~Connection() = default;

void Connection::start() {
    self_ = shared_from_this();
    await_bytes();
}

void Connection::send(Piece piece) {
    if (state_ != State::open || piece.bytes.empty()) return;
    if (!tls_) return queue(std::move(piece));
    tls_->seal(piece.bytes);
    queue_tls();
}

void Connection::queue(Piece piece) {
    queued_bytes_ += piece.bytes.size();
    queue_.push_back(std::move(piece));
    flush_later();
}

void Connection::queue_tls() {
    auto owner = std::make_shared<const std::string>(tls_->take_output());
    const std::string_view view{*owner};
    if (!view.empty()) queue(Piece{std::move(owner), view});
}

void Connection::take_in(std::string_view bytes) {
    if (proxy_) return read_proxy_header(bytes);
    if (!tls_) return on_bytes(bytes);
    std::string plain;
    const auto outcome = tls_->receive(bytes, plain);
    queue_tls();
    if (!plain.empty()) on_bytes(plain);
    if (outcome == TlsChannel::Outcome::open || state_ != State::open) return;
    static_cast<void>(write_queue());  // a last word, as far as it goes
    gone();
}

void Connection::read_proxy_header(std::string_view bytes) {
    const auto state = proxy_->feed(bytes);
    if (state == ProxyHeader::State::open) return;
    if (state == ProxyHeader::State::bad) return gone();
    const auto header = std::exchange(proxy_, nullptr);
    if (!header->address().empty()) address_ = header->address();
    if (!header->rest().empty()) take_in(header->rest());
}

void Connection::send(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view{*owner};
    send(Piece{std::move(owner), view});
}

void Connection::flush_later() {
    if (dirty_ || awaiting_room_) return;
    dirty_ = true;
    loop_.flush_later(shared_from_this());
}

void Connection::hold_reads(bool hold) {
    held_ = hold;
    if (!hold) await_bytes();
}

void Connection::flush() {
    dirty_ = false;
    if (state_ == State::closed || state_ == State::lingering || awaiting_room_) return;
    switch (write_queue()) {
        case Outcome::blocked:
            return await_room();
        case Outcome::broken:
            return gone();
        case Outcome::more:
            return flush_later();
        case Outcome::done:
            break;
    }
    if (state_ != State::finishing) return on_flushed();
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    state_ = State::lingering;
    held_ = false;
    await_bytes();
}

Connection::Outcome Connection::write_queue() {
    std::size_t taken = 0;
    while (!queue_.empty()) {
        if (taken >= bytes_per_turn) return Outcome::more;
        std::array<iovec, pieces_per_write> pieces;
        std::size_t count = 0;
        std::size_t bytes = 0;
        for (; count < pieces.size() && count < queue_.size(); ++count) {
            const auto view = queue_[count].bytes.substr(count == 0 ? sent_ : 0);
            pieces[count] = {const_cast<char*>(view.data()), view.size()};
            bytes += view.size();
        }
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        const auto written = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0) {
            if (errno == EINTR) continue;
            return errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::blocked : Outcome::broken;
        }
        consume(static_cast<std::size_t>(written));
        taken += static_cast<std::size_t>(written);
        if (static_cast<std::size_t>(written) < bytes) return Outcome::blocked;
    }
    if (queue_.capacity() > pieces_per_write) queue_.shrink_to_fit();
    return Outcome::done;
}

void Connection::consume(std::size_t bytes) {
    std::size_t whole = 0;
    sent_ += bytes;
    queued_bytes_ -= bytes;
    while (whole < queue_.size() && sent_ >= queue_[whole].bytes.size())
        sent_ -= queue_[whole++].bytes.size();
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(whole));
}

void Connection::await_room() {
    awaiting_room_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_write,
                       [self = shared_from_this()](boost::system::error_code error) {
                           self->awaiting_room_ = false;
                           if (!error) self->flush();
                       });
}

void Connection::await_bytes() {
    if (awaiting_bytes_ || held_ || state_ == State::closed) return;
    awaiting_bytes_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           self->awaiting_bytes_ = false;
                           if (!error && !self->held_) self->read();
                       });
}

void Connection::read() {
    if (state_ == State::closed) return;
    const auto buffer = loop_.read_buffer();
    const auto n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return gone();
    if (n > 0 && state_ == State::open) take_in({buffer.data(), static_cast<std::size_t>(n)});
    await_bytes();
}

void Connection::gone() {
    const bool told = state_ != State::open;
    close();
    if (!told) on_gone();
}

void Connection::close() {
    if (state_ == State::closed) return;
    state_ = State::closed;
    queue_.clear();
    queued_bytes_ = 0;
    boost::system::error_code ignored;
    socket_.close(ignored);
    asio::post(loop_.context(),
               [self = std::move(self_)] {});  // whoever called us may have more to do with us
}

void Connection::finish() {
    if (state_ != State::open) return;
    if (tls_) {
        tls_->end();
        queue_tls();
    }
    state_ = State::finishing;
    flush_later();
    loop_.drop_later(weak_from_this());
}

void Connection::reset(std::string_view partial) {
    if (state_ == State::closed) return;
    const int fd = socket_.native_handle();
    if (!awaiting_room_ && write_queue() == Outcome::done && !partial.empty()) {
        [[maybe_unused]] const auto n =
            ::send(fd, partial.data(), partial.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    const ::linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

void Connection::drop() { close(); }

void Connection::abandon() {
    int unsent = 0;
    if (state_ != State::closed && ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0 && unsent > 0)
        return reset();
    close();
}

}  // namespace davenport::wire
