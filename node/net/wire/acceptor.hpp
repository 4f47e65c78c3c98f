#pragma once

#include "node/net/wire/loop.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace davenport::wire {

/// "127.0.0.1:8080", "[::1]:0", ":8080" (all of 127.0.0.1) or "8080". Throws std::invalid_argument with one
/// clear line.
asio::ip::tcp::endpoint parse_listen_address(std::string_view text);

/// "http://127.0.0.1:8080": where a program says that it listens.
std::string listen_url(const asio::ip::address& host, std::uint16_t port, bool tls = false);

/// Takes connections on one address, and can refuse them for a while without giving the address away.
///
/// Threads: the loop's. Destroy it only while the loop does not run.
class Acceptor {
public:
    using OnAccept = std::function<void(asio::ip::tcp::socket)>;

    /// Binds and listens. Throws std::runtime_error with one line that names the remedy. Port 0 is a free
    /// one.
    Acceptor(Loop& loop, const asio::ip::tcp::endpoint& address, OnAccept on_accept);

    [[nodiscard]] std::uint16_t port() const { return address_.port(); }

    /// While not listening, connections are refused (and those that nobody took yet are reset), but the port
    /// stays ours: nobody else gets it, not even as the other end of a connection out of this machine.
    void listen(bool accepting);

private:
    void bind();
    void accept();

    Loop& loop_;
    asio::ip::tcp::endpoint address_;
    OnAccept on_accept_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    bool listening_ = false;
};

}  // namespace davenport::wire
