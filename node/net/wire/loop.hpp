#pragma once

#include "node/base/time.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

/// Sockets, timers and protocols on the wire, without any knowledge of chat or store: shared by the shells.
namespace davenport::wire {

namespace asio = boost::asio;

class Connection;

/// One thread, one io_context, and turns: what became ready is dealt with first, then everything that was
/// queued for a connection meanwhile leaves in one write.
///
/// A turn's writes are bounded in time: what is left goes on in the next, and of what several turns have left
/// each has its share. So a message to a hundred thousand clients delays one to ten of them by about as long
/// as the ten take.
///
/// Threads: all of it belongs to the thread in run(), but for context(), to which others may post.
class Loop {
public:
    Loop();

    asio::io_context& context() { return context_; }

    /// Returns after stop(), and may be called again. An exception out of a handler goes to the caller.
    void run();
    void stop() { stopped_ = true; }

    /// The kernel's clocks. Those who need one time for several things keep what they got.
    [[nodiscard]] static base::Now now();

    /// `connection` is flushed at the end of this turn, or of one of the next.
    void flush_later(std::shared_ptr<Connection> connection);
    /// For whoever did all that one event asks for. Where the loop had nothing to do before that event, what
    /// is queued leaves now: nothing else came with which it could be gathered, and whoever waits for it does
    /// not wait for our bookkeeping. Once a turn, for few connections, and seldom: under load gathering is
    /// worth more.
    void flush_if_quiet();
    /// `connection` is dropped `linger` from now, if it still lives.
    void drop_later(std::weak_ptr<Connection> connection);

    /// One buffer for whoever reads at the moment: idle connections need none of their own.
    std::span<char> read_buffer() { return read_buffer_; }

    static constexpr auto linger = std::chrono::seconds{2};

private:
    /// Connections that one turn has left to be flushed.
    struct Group {
        std::vector<std::shared_ptr<Connection>> connections;
        std::size_t next = 0;
    };
    void flush();
    void take_dirty();
    bool flush_some(Group& group);
    void await_drops();

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    bool stopped_ = false;
    bool quiet_ = false;  ///< the turn began with nothing to do, and nothing was flushed in it
    std::chrono::steady_clock::time_point early_since_{};
    int early_flushes_ = 0;  ///< since then
    std::vector<std::shared_ptr<Connection>> dirty_;
    std::deque<Group> groups_;  ///< the first is next
    std::vector<std::shared_ptr<Connection>> spare_;
    std::vector<char> read_buffer_;
    asio::steady_timer drop_timer_{context_};
    std::deque<std::pair<std::chrono::steady_clock::time_point, std::weak_ptr<Connection>>> drops_;
};

}  // namespace davenport::wire
