#include "connections.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport::store_load {

namespace {

std::size_t content_length(std::string_view head) {
    for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
        const auto at = head.find(name);
        if (at == std::string_view::npos) continue;
        std::size_t length = 0;
        std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
        return length;
    }
    return std::string_view::npos;
}

}  // namespace

Connections::Connections(std::string server, std::string authorization, Events events)
    : server_{std::move(server)},
      authorization_{std::move(authorization)},
      events_{std::move(events)},
      buffer_(1 << 18),
      epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    const auto colon = server_.rfind(':');
    address_.sin_family = AF_INET;
    if (colon == std::string::npos ||
        inet_pton(AF_INET, server_.substr(0, colon).c_str(), &address_.sin_addr) != 1 ||
        ntohl(address_.sin_addr.s_addr) >> 24 != 127)
        throw std::runtime_error("load goes to 127.0.0.1:port only, not to " + server_);
    address_.sin_port = htons(static_cast<std::uint16_t>(std::stoi(server_.substr(colon + 1))));
}

Connections::~Connections() {
    for (auto& connection : connections_) close(connection->socket);
    close(epoll_);
}

Connection& Connections::open() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (socket < 0) throw std::runtime_error("no more sockets: raise the limit of open files (ulimit -n)");
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address_), sizeof address_))
        throw std::runtime_error("no connection to " + server_);
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_.push_back(
        std::make_unique<Connection>(Connection{.number = connections_.size(), .socket = socket}));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connections_.back().get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
    return *connections_.back();
}

void Connections::ask(Connection& connection, std::string_view method, std::string_view target,
                      std::string_view body) {
    auto& out = connection.rest;
    out += method;
    out += ' ';
    out += target;
    out += " HTTP/1.1\r\nHost: " + server_ + "\r\nContent-Type: application/json\r\n";
    if (!authorization_.empty()) out += "Authorization: " + authorization_ + "\r\n";
    if (method != "GET") out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    out += "\r\n";
    out += body;
    flush(connection);
}

void Connections::flush(Connection& connection) {
    std::size_t sent = 0;
    while (sent < connection.rest.size()) {
        const auto count = send(connection.socket, connection.rest.data() + sent,
                                connection.rest.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) throw std::runtime_error("the store closed a connection");
        sent += static_cast<std::size_t>(count);
    }
    connection.rest.clear();
}

int Connections::take_answer(std::string& in) {
    const auto head_end = in.find("\r\n\r\n");
    if (head_end == std::string::npos) return 0;
    const std::string_view head{in.data(), head_end};
    auto end = head_end + 4;
    if (const auto length = content_length(head); length != std::string_view::npos) {
        end += length;
        if (in.size() < end) return 0;
    } else {  // chunked: the last chunk ends it, and our bodies hold no such bytes
        const auto last = in.find("\r\n0\r\n\r\n", head_end);
        if (last == std::string::npos) return 0;
        end = last + 7;
    }
    const int status = std::stoi(in.substr(9, 3));
    in.erase(0, end);
    return status;
}

void Connections::read(Connection& connection) {
    const auto count = recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) throw std::runtime_error("the store closed a connection");
    const std::string_view bytes{buffer_.data(), static_cast<std::size_t>(count)};
    if (connection.streams) return events_.bytes(connection, bytes, load::now());
    connection.in += bytes;
    if (const int status = take_answer(connection.in)) events_.whole(connection, status, load::now());
}

void Connections::poll(Nanos timeout) {
    static std::array<epoll_event, 512> events;
    const timespec patience{static_cast<time_t>(timeout / load::second),
                            static_cast<long>(timeout % load::second)};
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
    for (int i = 0; i < count; ++i)
        read(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
}

}  // namespace davenport::store_load
