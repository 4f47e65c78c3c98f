#pragma once

#include "node/net/wire/loop.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace davenport {

/// What tests of the shells need on the other side of a socket.
namespace net_test {

/// A blocking client that gives up after five seconds of silence.
class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval patience{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        error_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
    }
    ~Client() {
        if (fd_ >= 0) ::close(fd_);
    }
    Client(Client&& other) noexcept
        : buffer_(std::move(other.buffer_)),
          at_(other.at_),
          fd_(std::exchange(other.fd_, -1)),
          error_(other.error_) {}
    Client& operator=(Client&&) = delete;

    [[nodiscard]] int connect_error() const { return error_; }
    void send(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    /// Sends `bytes` again and again, for as long as they are taken within 300 ms and are no more than `most`
    /// in all; gives how many were sent.
    [[nodiscard]] std::size_t send_while_taken(std::string_view bytes, std::size_t most) const {
        std::size_t sent = 0;
        while (sent < most) {
            const auto at = sent % bytes.size();
            const auto n = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
            pollfd room{fd_, POLLOUT, 0};
            if (n > 0)
                sent += static_cast<std::size_t>(n);
            else if (::poll(&room, 1, 300) <= 0)
                break;
        }
        return sent;
    }
    void hang_up() { ::close(std::exchange(fd_, -1)); }

    /// Reads until what came ends with `end`, or the connection is over.
    std::string until(std::string_view end) {
        std::string out;
        char byte = 0;
        while (!out.ends_with(end) && read(byte)) out += byte;
        return out;
    }
    std::string until_closed() {
        std::string out;
        char byte = 0;
        while (read(byte)) out += byte;
        return out;
    }
    [[nodiscard]] bool was_reset() const { return error_ == ECONNRESET; }

private:
    bool read(char& byte) {
        if (at_ == buffer_.size()) {
            buffer_.resize(65536);
            const auto n = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
            error_ = n < 0 ? errno : 0;
            buffer_.resize(static_cast<std::size_t>(n > 0 ? n : 0));
            at_ = 0;
            if (n <= 0) return false;
        }
        byte = buffer_[at_++];
        return true;
    }

    std::string buffer_;
    std::size_t at_ = 0;
    int fd_;
    int error_ = 0;
};

/// Runs a loop in a thread of its own, and things in it.
class LoopThread {
public:
    LoopThread() : thread_{[this] { loop.run(); }} {}
    ~LoopThread() { stop(); }

    /// Does `work` in the loop, and returns when it is done.
    template <class Work>
    void run(Work work) {
        std::promise<void> done;
        wire::asio::post(loop.context(), [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    void stop() {
        if (!thread_.joinable()) return;
        wire::asio::post(loop.context(), [this] { loop.stop(); });
        thread_.join();
    }

    wire::Loop loop;

private:
    std::thread thread_;
};

/// Events out of the loop's thread, taken by the test's.
template <class Event>
class Inbox {
public:
    void put(Event event) {
        const std::lock_guard lock{mutex_};
        events_.push_back(std::move(event));
        came_.notify_one();
    }
    /// The next one, waited for; nothing after five seconds.
    std::optional<Event> take() {
        std::unique_lock lock{mutex_};
        if (!came_.wait_for(lock, std::chrono::seconds{5}, [this] { return !events_.empty(); }))
            return std::nullopt;
        auto event = std::move(events_.front());
        events_.pop_front();
        return event;
    }
    bool empty() {
        const std::lock_guard lock{mutex_};
        return events_.empty();
    }

private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<Event> events_;
};

}  // namespace net_test

}  // namespace davenport
