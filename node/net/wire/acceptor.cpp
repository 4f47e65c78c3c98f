#include "node/net/wire/acceptor.hpp"

#include <charconv>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace davenport::wire {
namespace {

std::string to_text(const asio::ip::tcp::endpoint& address) {
    const auto host = address.address();
    return host.is_v6() ? fmt::format("[{}]:{}", host.to_string(), address.port())
                        : fmt::format("{}:{}", host.to_string(), address.port());
}

std::string why_not(const boost::system::error_code& error, const asio::ip::tcp::endpoint& address) {
    namespace errc = boost::system::errc;
    if (error == errc::address_in_use)
        return fmt::format(
            "port {} is in use: stop the program that listens on {}, or choose another port (0 takes a free "
            "one)",
            address.port(), to_text(address));
    if (error == errc::permission_denied)
        return fmt::format("port {} is not allowed to this user: choose one above 1023", address.port());
    if (error == errc::address_not_available)
        return fmt::format(
            "{} is not an address of this machine: listen on 127.0.0.1, or 0.0.0.0 for all of them",
            address.address().to_string());
    return fmt::format("cannot listen on {}: {}", to_text(address), error.message());
}

}  // namespace

asio::ip::tcp::endpoint parse_listen_address(std::string_view text) {
    if (text.find('/') != std::string_view::npos)
        throw std::invalid_argument(fmt::format(
            "'{}' is a URL, not an address to listen on: give host:port alone, as 127.0.0.1:8080", text));
    const auto colon = text.rfind(':');
    auto host = colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon);
    const auto digits = colon == std::string_view::npos ? text : text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "localhost") host = "127.0.0.1";
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    boost::system::error_code bad_host;
    const auto address = asio::ip::make_address(std::string{host}, bad_host);
    if (bad_host || digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        throw std::invalid_argument(fmt::format(
            "'{}' is not an address to listen on: give host:port, as 127.0.0.1:8080 or 0.0.0.0:8080", text));
    return {address, port};
}

std::string listen_url(const asio::ip::address& host, std::uint16_t port, bool tls) {
    return (tls ? "https://" : "http://") + to_text({host, port});
}

Acceptor::Acceptor(Loop& loop, const asio::ip::tcp::endpoint& address, OnAccept on_accept)
    : loop_(loop),
      address_(address),
      on_accept_(std::move(on_accept)),
      acceptor_(loop.context()),
      pause_(loop.context()) {
    bind();
    listen(true);
}

void Acceptor::bind() {
    boost::system::error_code error;
    acceptor_.open(address_.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error) acceptor_.bind(address_, error);
    if (error) throw std::runtime_error(why_not(error, address_));
    address_ = acceptor_.local_endpoint();
}

void Acceptor::listen(bool accepting) {
    if (accepting == listening_) return;
    if (accepting) {
        boost::system::error_code error;
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error) throw std::runtime_error(why_not(error, address_));
        listening_ = true;
        accept();
    } else {
        // A socket that is bound and does not listen refuses, and keeps the port from everybody else.
        listening_ = false;
        acceptor_.close();
        bind();
    }
}

void Acceptor::accept() {
    acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
        if (!listening_ || error == asio::error::operation_aborted) return;
        if (!error) {
            on_accept_(std::move(socket));
            return accept();
        }
        // Out of descriptors, or gone before we came: the listener must live on, without spinning.
        pause_.expires_after(std::chrono::milliseconds{50});
        pause_.async_wait([this](boost::system::error_code aborted) {
            if (!aborted && listening_) accept();
        });
    });
}

}  // namespace davenport::wire
