#include "node/net/wire/loop.hpp"

#include "node/net/wire/connection.hpp"

#include <boost/asio/post.hpp>

namespace davenport::wire {
namespace {

constexpr std::size_t read_buffer_bytes = 128 * 1024;
// A turn takes so long at most, and so many handlers, before what they queued is flushed: under a load that
// never ebbs it must end too. Time, since a handler can take a microsecond or, with 16 KiB of a feed to read,
// one millisecond.
constexpr auto turn_max = std::chrono::milliseconds{2};
constexpr int handlers_per_turn = 256;
constexpr int flushes_per_turn = 16;

}  // namespace

Loop::Loop() : read_buffer_(read_buffer_bytes) {}

void Loop::run() {
    while (!stopped_) {
        context_.run_one();
        const auto end = std::chrono::steady_clock::now() + turn_max;
        for (int n = 1; n < handlers_per_turn && !stopped_ && context_.poll_one() != 0; ++n)
            if (std::chrono::steady_clock::now() >= end) break;
        flush();
    }
    flush();
    stopped_ = false;
}

base::Now Loop::now() {
    using std::chrono::duration_cast;
    const auto steady = duration_cast<base::Duration>(std::chrono::steady_clock::now().time_since_epoch());
    const auto wall = duration_cast<base::Duration>(std::chrono::system_clock::now().time_since_epoch());
    return {base::Time{steady}, base::WallTime{wall}};
}

void Loop::flush_later(std::shared_ptr<Connection> connection) { dirty_.push_back(std::move(connection)); }

void Loop::flush() {
    // A flush tells its core that all was written, and the core may queue more at once.
    for (int round = 0; round < flushes_per_turn && !dirty_.empty(); ++round) {
        flushing_.swap(dirty_);
        for (auto& connection : flushing_) connection->flush();
        flushing_.clear();
    }
    if (!dirty_.empty()) asio::post(context_, [] {});
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
            if (connection) connection->drop();
        }
        if (!drops_.empty()) await_drops();
    });
}

}  // namespace davenport::wire
