#include "crowd.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport::load {

namespace {

constexpr Nanos retry_after = 50 * millisecond;
constexpr std::size_t members_of_an_address = 20'000;  // Linux gives 28,232 ports to one

sockaddr_in parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (colon == std::string::npos ||
        inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
        throw std::invalid_argument("no address: " + text);
    if (ntohl(address.sin_addr.s_addr) >> 24 != 127)
        throw std::invalid_argument("load goes to 127.0.0.1 only, not to " + text);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))));
    return address;
}

/// As a system call's result: EAGAIN when TLS waits for bytes or for room.
long as_result(ssl_st* tls, int result) {
    if (result > 0) return result;
    const int error = SSL_get_error(tls, result);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

}  // namespace

Member::Member() : tls{nullptr, SSL_free} {}

Crowd::Crowd(CrowdOptions options, Audience& audience)
    : options_{std::move(options)},
      audience_{audience},
      buffer_(1 << 19),
      epoll_{epoll_create1(EPOLL_CLOEXEC)} {
    if (epoll_ < 0) throw std::runtime_error("the system gives no epoll");
    if (options_.tls) {
        tls_ = {SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
        if (!tls_) throw std::runtime_error("OpenSSL gives no context");
        SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
    }
    for (const auto& server : options_.servers) addresses_.push_back(parse_address(server));
}

Crowd::~Crowd() {
    for (auto& member : members_)
        if (member->socket >= 0) close(member->socket);
    close(epoll_);
}

void Crowd::add(std::size_t server) {
    auto member = std::make_unique<Member>();
    member->number = members_.size();
    member->server = server;
    member->talk = make_talk(options_.protocol, {.name = "c" + std::to_string(member->number),
                                                 .room = options_.room,
                                                 .host = options_.servers[server],
                                                 .people = options_.people && member->number == 0,
                                                 .durable = options_.durable});
    members_.push_back(std::move(member));
}

void Crowd::watch(Member& member, bool out) {
    if (member.watches_out == out) return;
    member.watches_out = out;
    epoll_event event{};
    const bool hears = !options_.deaf || member.state != Member::State::ready;
    event.events = static_cast<std::uint32_t>(hears ? EPOLLIN : EPOLLRDHUP) |
                   (out ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
    event.data.ptr = &member;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, member.socket, &event);
}

void Crowd::bind_source(const Member& member) {
    const auto address = static_cast<in_addr_t>(member.number / members_of_an_address);
    if (address == 0) return;
    const int on = 1;  // the port is chosen when it connects: one that no other pair of addresses has
    setsockopt(member.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + address);
    if (bind(member.socket, reinterpret_cast<const sockaddr*>(&source), sizeof source) < 0)
        throw std::runtime_error("no address of 127.0.0.0/8 but 127.0.0.1 can be used here");
}

void Crowd::connect(Member& member) {
    member.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (member.socket < 0)
        throw std::runtime_error("no more sockets: raise the limit of open files (ulimit -n)");
    const int on = 1;
    setsockopt(member.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_source(member);
    member.in.clear();
    member.out.clear();
    member.state = Member::State::connecting;
    ++connecting_;
    const auto* address = reinterpret_cast<const sockaddr*>(&addresses_[member.server]);
    if (::connect(member.socket, address, sizeof(sockaddr_in)) < 0 && errno != EINPROGRESS)
        return leave(member);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.ptr = &member;
    member.watches_out = true;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, member.socket, &event);
}

void Crowd::connected(Member& member) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(member.socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return leave(member);
    member.state = Member::State::greeting;
    if (tls_) {
        member.tls.reset(SSL_new(tls_.get()));
        SSL_set_fd(member.tls.get(), member.socket);
        SSL_set_connect_state(member.tls.get());
    }
    member.talk->greet(member.out);
    flush(member);
}

void Crowd::leave(Member& member) {
    if (member.socket < 0) return;
    member.tls.reset();
    close(member.socket);  // which takes it out of epoll, too
    member.socket = -1;
    if (member.state == Member::State::ready) {
        --ready_;
        ++disconnects_;
    } else {
        --connecting_;
    }
    member.state = Member::State::away;
    member.retry_at = now() + retry_after;
}

void Crowd::flush(Member& member) {
    std::size_t sent = 0;
    while (sent < member.out.size()) {
        const auto count = send_some(member, std::string_view{member.out}.substr(sent));
        if (count < 0) {
            if (errno == EAGAIN) break;
            return leave(member);
        }
        sent += static_cast<std::size_t>(count);
    }
    member.out.erase(0, sent);
    // A handshake under way waits for the server, and goes on when it is read.
    watch(member, !member.out.empty() && !(member.tls && SSL_in_init(member.tls.get())));
}

long Crowd::send_some(Member& member, std::string_view bytes) {
    if (!member.tls) return send(member.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return as_result(member.tls.get(),
                     SSL_write(member.tls.get(), bytes.data(), static_cast<int>(bytes.size())));
}

long Crowd::receive_some(Member& member, char* to, std::size_t size) {
    if (!member.tls) return recv(member.socket, to, size, 0);
    return as_result(member.tls.get(), SSL_read(member.tls.get(), to, static_cast<int>(size)));
}

void Crowd::read(Member& member) {
    do {
        const auto kept = member.in.size();
        if (buffer_.size() < kept + (1u << 18)) buffer_.resize(kept + (1u << 19));
        std::memcpy(buffer_.data(), member.in.data(), kept);
        const auto count = receive_some(member, buffer_.data() + kept, buffer_.size() - kept);
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) return leave(member);
        hear(member, kept + static_cast<std::size_t>(count));
    } while (member.tls && member.socket >= 0);  // epoll tells nothing of what OpenSSL has read already
    if (member.socket >= 0 && !member.out.empty() && !member.watches_out) flush(member);
}

/// So many bytes of the buffer are the member's.
void Crowd::hear(Member& member, std::size_t count) {
    reading_ = &member;
    heard_at_ = now();
    end_reading_ = false;
    const std::string_view bytes{buffer_.data(), count};
    const auto used = member.talk->read(bytes, member.out, *this);
    if (end_reading_) return leave(member);
    member.in.assign(bytes.substr(used));
}

void Crowd::poll(Nanos timeout) {
    static std::array<epoll_event, 512> events;
    const timespec patience{static_cast<time_t>(timeout / second), static_cast<long>(timeout % second)};
    const int count =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &patience, nullptr);
    for (int i = 0; i < count; ++i) {
        auto& member = *static_cast<Member*>(events[static_cast<std::size_t>(i)].data.ptr);
        const auto what = events[static_cast<std::size_t>(i)].events;
        if (member.socket < 0) continue;
        if (member.state == Member::State::connecting) {
            connected(member);
        } else if (what & EPOLLOUT) {
            flush(member);
        }
        if (member.socket >= 0 && (what & EPOLLRDHUP)) leave(member);
        if (member.socket >= 0 && (what & (EPOLLIN | EPOLLHUP | EPOLLERR))) read(member);
    }
}

void Crowd::revive() {
    const auto time = now();
    for (auto& member : members_) {
        if (connecting_ >= connecting_max_) return;
        if (member->state == Member::State::away && time >= member->retry_at) connect(*member);
    }
}

void Crowd::renew(Member& member) {
    if (member.state != Member::State::ready) return;
    leave(member);
    --disconnects_;
    connect(member);
}

void Crowd::send_to(std::size_t server) {
    for (auto& member : members_) {
        member->server = server;
        member->retry_at = 0;
    }
    connecting_max_ = members_.size();
}

bool Crowd::gather(std::size_t count, Nanos patience) {
    for (const auto end = now() + patience; ready_ < count && now() < end;) {
        revive();
        poll(5 * millisecond);
    }
    disconnects_ = 0;
    return ready_ >= count;
}

bool Crowd::warm_up(Nanos patience) {
    const auto everybody = [this] {
        for (const auto& member : members_)
            if (!member->warm) return false;
        return true;
    };
    const auto end = now() + patience;
    std::size_t senders = 0;
    while (senders < members_.size() && members_[senders]->server == 0) ++senders;
    Nanos next = 0;
    for (std::size_t turn = 0; !everybody();) {
        const auto time = now();
        if (time > end) return false;
        if (time >= next) {
            post(*members_[turn++ % senders], {0, time}, stamp_bytes, false);
            next = time + 50 * millisecond;
        }
        poll(5 * millisecond);
    }
    for (const auto quiet = now() + 300 * millisecond; now() < quiet;) poll(10 * millisecond);
    return true;
}

void Crowd::post(Member& member, Stamp stamp, std::size_t size, bool acknowledged) {
    if (member.state != Member::State::ready) return;
    member.talk->post(stamp.number, make_payload(stamp, size), acknowledged, member.out);
    if (!member.watches_out) flush(member);
}

void Crowd::ready() {
    if (reading_->state == Member::State::ready) return;
    reading_->state = Member::State::ready;
    --connecting_;
    ++ready_;
    if (options_.deaf) {
        reading_->watches_out = true;  // whatever it was: it changes
        watch(*reading_, false);
    }
}

void Crowd::message(std::string_view text) {
    const auto stamp = find_stamp(text);
    if (!stamp) return;
    if (stamp->number == 0) {
        reading_->warm = true;
    } else {
        audience_.on_message(*reading_, *stamp, heard_at_);
    }
}

void Crowd::refused(std::string_view why) {
    if (refusals_++ == 0) first_refusal_ = why.substr(0, 200);
}

}  // namespace davenport::load
