#include "node/net/wire/loop.hpp"

#include "node/net/wire/connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace davenport::wire {
namespace {

constexpr std::size_t read_buffer_bytes = 128 * 1024;
// A turn takes so long at most, and so many handlers, before what they queued is flushed: under a load that
// never ebbs it must end too. Time, since a handler can take a microsecond or, with 16 KiB of a feed to read,
// one millisecond.
constexpr auto turn_max = std::chrono::milliseconds{2};
constexpr int handlers_per_turn = 256;
constexpr auto flush_max = std::chrono::milliseconds{2};
constexpr std::size_t flushes_at_a_time =
    16;  // of one group; then the clock is read, and it is another's turn
constexpr int flushes_at_the_end = 100;
// A turn flushes early for so many connections at most: for a large room a second message may well come
// meanwhile, and both leave in one write.
constexpr std::size_t early_connections_max = 32;
// And so often. One message at a time takes three on its way; a loop that is given more has short breaks as
// well, and would lose a sixth of what it gets through.
constexpr auto early_period = std::chrono::milliseconds{10};
constexpr int early_flushes_max = 4;
constexpr std::size_t spare_max = 4096;

}  // namespace

Loop::Loop() : read_buffer_(read_buffer_bytes) {}

void Loop::run() {
    bool idle = false;
    while (!stopped_) {
        quiet_ = idle || context_.poll_one() == 0;
        if (quiet_) context_.run_one();
        const auto end = std::chrono::steady_clock::now() + turn_max;
        idle = false;
        for (int n = 1; n < handlers_per_turn && !stopped_; ++n) {
            idle = context_.poll_one() == 0;
            if (idle || std::chrono::steady_clock::now() >= end) break;
        }
        quiet_ = false;
        idle = idle && dirty_.empty() && groups_.empty();  // a flush takes time, in which something may come
        flush();
    }
    for (int turn = 0; turn == 0 || (!groups_.empty() && turn < flushes_at_the_end); ++turn) flush();
    stopped_ = false;
}

base::Now Loop::now() {
    using std::chrono::duration_cast;
    const auto steady = duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch());
    const auto wall = duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch());
    return {base::Time{steady}, base::WallTime{wall}};
}

void Loop::flush_later(std::shared_ptr<Connection> connection) { dirty_.push_back(std::move(connection)); }

void Loop::flush_if_quiet() {
    if (!quiet_ || dirty_.empty() || dirty_.size() > early_connections_max || !groups_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - early_since_ >= early_period) {
        early_since_ = now;
        early_flushes_ = 0;
    }
    if (early_flushes_ == early_flushes_max) return;
    ++early_flushes_;
    quiet_ = false;
    flush();
}

void Loop::flush() {
    take_dirty();
    if (groups_.empty()) return;
    const auto end = std::chrono::steady_clock::now() + flush_max;
    do {
        auto group = std::move(groups_.front());
        groups_.pop_front();
        const bool more = flush_some(group);
        if (more) {
            groups_.push_back(std::move(group));
        } else if (group.connections.capacity() <= spare_max) {
            group.connections.clear();
            spare_ = std::move(group.connections);
        }
        take_dirty();  // a flush tells its core that all was written, and the core may queue more at once
    } while (!groups_.empty() && std::chrono::steady_clock::now() < end);
    if (!groups_.empty()) asio::post(context_, [] {});
}

void Loop::take_dirty() {
    if (dirty_.empty()) return;
    groups_.push_back({std::move(dirty_)});
    dirty_ = std::move(spare_);
    dirty_.clear();
    spare_ = {};
}

/// True when it is not done.
bool Loop::flush_some(Group& group) {
    const auto end = std::min(group.next + flushes_at_a_time, group.connections.size());
    for (; group.next < end; ++group.next) std::exchange(group.connections[group.next], nullptr)->flush();
    return group.next < group.connections.size();
}

void Loop::drop_later(std::weak_ptr<Connection> connection) {
    drops_.emplace_back(std::chrono::steady_clock::now() + linger, std::move(connection));
    if (drops_.size() == 1) await_drops();
}

void Loop::await_drops() {
    drop_timer_.expires_at(drops_.front().first);
    drop_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        const auto now = std::chrono::steady_clock::now();
        while (!drops_.empty() && drops_.front().first <= now) {
            auto connection = drops_.front().second.lock();
            drops_.pop_front();
            if (connection) connection->abandon();
        }
        if (!drops_.empty()) await_drops();
    });
}

}  // namespace davenport::wire
