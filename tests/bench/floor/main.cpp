// The floor: the least that a WebSocket broadcast can cost on this machine, and what everything else is
// compared with. One thread, epoll, one room, no parsing, no store. Frames wait in each connection's buffer
// and leave in one write a turn of the loop.
//
//   bench_floor --port N [--peer-listen N | --peer N] [--eager]
//
// Two of them joined by --peer-listen and --peer are the floor with a hop. --eager writes every message at
// once to every connection, as a relay without gathering does.
#include "connection.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport::bench_floor {

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

class Relay {
public:
    explicit Relay(bool eager) : eager_{eager}, buffer_(1 << 18), epoll_{epoll_create1(EPOLL_CLOEXEC)} {}

    void listen_on(int port, Connection::Kind kind) {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const auto address = loopback(port);
        if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) ||
            listen(listener, 4096))
            give_up("listen");
        add(listener, kind);
    }

    void join_peer(int port) {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto address = loopback(port);
        if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address)) give_up("peer");
        peer_ = add(socket, Connection::Kind::peer);
    }

    void turn() {
        static epoll_event events[512];
        const int count = epoll_wait(epoll_, events, 512, -1);
        for (int i = 0; i < count; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            if (connection.dead) continue;
            if (connection.kind == Connection::Kind::client_listener ||
                connection.kind == Connection::Kind::peer_listener) {
                accept_all(connection);
                continue;
            }
            if (events[i].events & EPOLLOUT) write_out(connection);
            if (!connection.dead && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_in(connection);
        }
        for (std::size_t i = 0; i < dirty_.size(); ++i) write_out(*dirty_[i]);
        dirty_.clear();
        std::erase_if(connections_, [](const auto& connection) { return connection->dead; });
    }

private:
    Connection* add(int socket, Connection::Kind kind) {
        const int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections_.push_back(std::make_unique<Connection>(Connection{.socket = socket, .kind = kind}));
        watch(*connections_.back(), EPOLL_CTL_ADD, false);
        return connections_.back().get();
    }

    void watch(Connection& connection, int operation, bool out) {
        epoll_event event{};
        event.events = EPOLLIN | (out ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
        event.data.ptr = &connection;
        epoll_ctl(epoll_, operation, connection.socket, &event);
        connection.watches_out = out;
    }

    void accept_all(const Connection& listener) {
        const bool peer = listener.kind == Connection::Kind::peer_listener;
        for (int socket;
             (socket = accept4(listener.socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
            auto* added = add(socket, peer ? Connection::Kind::peer : Connection::Kind::handshake);
            if (peer) peer_ = added;
        }
    }

    void end(Connection& connection) {
        connection.dead = true;
        close(connection.socket);
        if (peer_ == &connection) peer_ = nullptr;
    }

    void write_out(Connection& connection) {
        connection.dirty = false;
        if (connection.dead || connection.out.empty()) return;
        const auto count = send(connection.socket, connection.out.data(), connection.out.size(),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN) return end(connection);
        connection.out.erase(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        const bool more = !connection.out.empty();
        if (more != connection.watches_out) watch(connection, EPOLL_CTL_MOD, more);
    }

    void put(Connection& connection, std::string_view bytes) {
        connection.out += bytes;
        if (connection.watches_out || connection.dirty) return;
        if (eager_) return write_out(connection);
        connection.dirty = true;
        dirty_.push_back(&connection);
    }

    void tell_clients(std::string_view text) {
        const auto frame = text_frame(text);
        for (auto& connection : connections_)
            if (connection->joined && !connection->dead) put(*connection, frame);
    }

    void on_text(Connection& connection, std::string_view text) {
        if (text.starts_with(R"({"t":"join")")) {
            connection.joined = true;
            return put(connection, text_frame(R"({"t":"joined"})"));
        }
        if (const auto id = text.find("\"id\":"); id != std::string_view::npos) {
            const auto number = text.substr(id + 5, text.find_first_of(",}", id) - id - 5);
            put(connection, text_frame(R"({"t":"ack","id":)" + std::string{number} + "}"));
        }
        tell_clients(text);
        if (!peer_) return;
        const auto size = static_cast<std::uint32_t>(text.size());
        put(*peer_, {reinterpret_cast<const char*>(&size), sizeof size});
        put(*peer_, text);
    }

    void read_in(Connection& connection) {
        const auto count = recv(connection.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN)) return end(connection);
        if (count < 0) return;
        connection.in.append(buffer_.data(), static_cast<std::size_t>(count));
        connection.in.erase(
            0, connection.kind == Connection::Kind::peer ? read_peer(connection) : read_client(connection));
    }

    std::size_t read_client(Connection& connection) {
        std::size_t at = 0;
        if (connection.kind == Connection::Kind::handshake) {
            const auto end = connection.in.find("\r\n\r\n");
            if (end == std::string::npos) return 0;
            put(connection, handshake_answer(connection.in));
            connection.kind = Connection::Kind::client;
            at = end + 4;
        }
        while (!connection.dead) {
            const auto frame = read_client_frame(connection.in, at);
            if (frame.frame_bytes == 0) break;
            at += frame.frame_bytes;
            if (frame.opcode == 1) on_text(connection, frame.text);
            if (frame.opcode == 8) end(connection);
        }
        return at;
    }

    std::size_t read_peer(Connection& connection) {
        std::size_t at = 0;
        for (std::uint32_t size; connection.in.size() - at >= sizeof size; at += sizeof size + size) {
            std::memcpy(&size, connection.in.data() + at, sizeof size);
            if (connection.in.size() - at - sizeof size < size) break;
            tell_clients(std::string_view{connection.in}.substr(at + sizeof size, size));
        }
        return at;
    }

    bool eager_;
    std::vector<char> buffer_;
    int epoll_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<Connection*> dirty_;
    Connection* peer_ = nullptr;
};

}  // namespace

}  // namespace davenport::bench_floor

int main(int argc, char** argv) {
    using davenport::bench_floor::Connection;
    int port = 0, peer_listen = 0, peer = 0;
    bool eager = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--eager") eager = true;
        if (i + 1 == argc) continue;
        if (name == "--port")
            port = std::atoi(argv[++i]);
        else if (name == "--peer-listen")
            peer_listen = std::atoi(argv[++i]);
        else if (name == "--peer")
            peer = std::atoi(argv[++i]);
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    davenport::bench_floor::Relay relay{eager};
    relay.listen_on(port, Connection::Kind::client_listener);
    if (peer_listen) relay.listen_on(peer_listen, Connection::Kind::peer_listener);
    if (peer) relay.join_peer(peer);
    for (;;) relay.turn();
}
