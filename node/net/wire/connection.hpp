#pragma once

#include "node/net/wire/loop.hpp"
#include "node/net/wire/proxy_header.hpp"
#include "node/net/wire/tls_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

namespace davenport::wire {

/// Bytes to be sent that somebody keeps alive: a batch of frames is shared by all who get it.
struct Piece {
    std::shared_ptr<const void> owner;
    std::string_view bytes;
};

/// One accepted TCP connection: reads through the loop's shared buffer, gathers what is to be sent into one
/// write a turn; under TLS when it was told to.
///
/// Writes go straight to the socket, and only what the kernel does not take at once waits for it: in the
/// common case a write is one system call, with no handler and no copy. This is why Asio's async_write is not
/// used: it needs a handler per write, and its buffers would have to be gathered for each connection although
/// the same frames go to many.
///
/// Lifetime: from start() until it is closed it keeps itself. Threads: the loop's.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Loop& loop, asio::ip::tcp::socket socket);
    virtual ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Before start(): speaks TLS from the first byte on.
    void secure(const TlsIdentity& identity) { tls_ = std::make_unique<TlsChannel>(identity); }

    /// Before start(): the other side is a proxy that may say first whom it speaks for (PROXY protocol);
    /// address() is then that one's.
    void expect_proxy() { proxy_ = std::make_unique<ProxyHeader>(); }

    /// The first call after construction, or after secure(): begins to read.
    void start();

    /// Queues; leaves with all else that is queued at the end of the loop's turn.
    void send(Piece piece);
    void send(std::string bytes);

    /// True when the kernel has all that was queued.
    [[nodiscard]] bool flushed() const { return queue_.empty(); }
    /// What is queued and the kernel has not yet.
    [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
    [[nodiscard]] bool open() const { return state_ == State::open; }
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] bool is_secure() const { return tls_ != nullptr; }

    /// While held nothing is read, nor is the other side's end noticed.
    void hold_reads(bool hold);

    /// What is queued goes out, then our end is told, and what still comes is thrown away for a moment: an
    /// answer is not lost to a reset because the other side had more to say. No event comes after it.
    void finish();
    /// The other side sees a reset, after what is queued and `partial` as far as the kernel takes it at once.
    /// No event comes after it.
    void reset(std::string_view partial = {});
    /// Closes at once. No event comes after it.
    void drop();
    /// The same; what the other side has left unread in our kernel goes with it, and takes no memory there
    /// for minutes.
    void abandon();

    /// For the loop: one write of what is queued, of a long queue the beginning. What the kernel does not
    /// take waits until it does, and nothing is tried before.
    void flush();

protected:
    virtual void on_bytes(std::string_view bytes) = 0;
    virtual void on_flushed() {}  ///< the kernel has all that was queued
    virtual void
    on_gone() = 0;  ///< the other side closed or the connection broke; the socket is closed already

    Loop& loop_;

private:
    enum class State : unsigned char { open, finishing, lingering, closed };

    enum class Outcome : unsigned char {
        done,
        more,  ///< enough for one turn
        blocked,
        broken
    };

    void queue(Piece piece);
    void queue_tls();
    void take_in(std::string_view bytes);
    Outcome write_queue();
    void await_bytes();
    void await_room();
    void read();
    void close();
    void read_proxy_header(std::string_view bytes);
    void gone();
    void consume(std::size_t bytes);
    void flush_later();

    asio::ip::tcp::socket socket_;
    std::unique_ptr<TlsChannel> tls_;     ///< null: plain
    std::unique_ptr<ProxyHeader> proxy_;  ///< while it is not known whether there is one
    std::shared_ptr<Connection> self_;
    std::string address_;
    std::vector<Piece> queue_;
    std::size_t queued_bytes_ = 0;
    std::size_t sent_ = 0;  ///< of the first piece
    State state_ = State::open;
    bool dirty_ = false;
    bool awaiting_bytes_ = false;
    bool awaiting_room_ = false;
    bool held_ = false;
};

}  // namespace davenport::wire
