#include "couchmock/core/feeds.hpp"

#include "couchmock/javascript/engine.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <vector>

namespace davenport::couchmock {
namespace {

/// What one chunk of a feed holds at most, unless a single row is larger: all that a follower costs while it
/// does not read.
constexpr std::size_t chunk_bytes_max = 16 * 1024;

/// What is said in the place of rows when a filter function fails: the head has gone out already.
std::string failure_json(const javascript::Failure& failure) {
    std::string out = "{\"error\":";
    base::append_json_string(out, failure.error);
    out += ",\"reason\":";
    base::append_json_string(out, failure.reason);
    return out + '}';
}

}  // namespace

void Feeds::open(ExchangeId exchange, Database& database, FeedOptions options, base::Now now) {
    auto& feed = *feeds_.emplace(exchange, std::make_unique<Feed>(exchange, database, std::move(options)))
                      .first->second;
    by_database_[&database].emplace(exchange, &feed);
    feed.woken = true;
    feed.quiet_since = now.time;
    feed.reader.begin_look();
    pump(feed, now);
}

void Feeds::wake(const Database& database, base::Now now) {
    const auto it = by_database_.find(&database);
    if (it == by_database_.end()) return;
    for (auto next = it->second.begin(); next != it->second.end();) {
        auto& feed = *(next++)->second;  // pump() may erase the feed that it is given
        if (feed.ended) continue;
        if (!feed.woken) feed.reader.begin_look();
        feed.woken = true;
        // CouchDB's feeds say something whenever a write wakes them up, whether or not a row comes of it.
        feed.beat_due = true;
        if (!feed.in_flight) pump(feed, now);
    }
}

void Feeds::end_all(const Database& database, base::Now now) {
    const auto it = by_database_.find(&database);
    if (it == by_database_.end()) return;
    const auto following = std::move(it->second);
    by_database_.erase(it);
    for (const auto& [exchange, feed] : following) {
        if (feed->ended) continue;
        feed->last_words = feed->reader.last_words();
        if (!feed->in_flight) pump(*feed, now);
    }
}

void Feeds::cut_all(MemberIndex member) {
    std::vector<Feed*> cut;
    for (const auto& [database, following] : by_database_)
        for (const auto& [exchange, feed] : following)
            if (feed->options.member == member) cut.push_back(feed);
    std::ranges::sort(cut, {}, [](const Feed* feed) { return feed->exchange; });
    for (auto* feed : cut) {
        effects_.emplace_back(Reset{feed->exchange, {}});
        erase(*feed);
    }
}

bool Feeds::on_written(ExchangeId exchange, base::Now now) {
    const auto it = feeds_.find(exchange);
    if (it == feeds_.end()) return false;
    auto& feed = *it->second;
    feed.in_flight = false;
    if (feed.ended) {
        effects_.emplace_back(RespondEnd{exchange});
        erase(feed);
    } else {
        pump(feed, now);
    }
    return true;
}

bool Feeds::on_abandoned(ExchangeId exchange) {
    const auto it = feeds_.find(exchange);
    if (it == feeds_.end()) return false;
    erase(*it->second);
    return true;
}

void Feeds::pump(Feed& feed, base::Now now) {
    if (feed.last_words) {
        finish(feed, std::move(*feed.last_words), now);
        return;
    }
    const auto kind = feed.options.kind;
    std::string out;
    if (!feed.said_anything && kind == FeedKind::longpoll) out += "{\"results\":[\n";
    if (feed.said_anything && feed.beat_due)
        out += kind == FeedKind::eventsource ? "event: heartbeat\ndata: \n\n" : "\n";
    feed.beat_due = false;

    const auto rows_before = feed.reader.rows();
    bool caught_up = !feed.woken;
    if (feed.woken) {
        try {
            caught_up =
                feed.reader.read(out, kind == FeedKind::longpoll ? std::string::npos : chunk_bytes_max);
        } catch (const javascript::Failure& failure) {
            finish(feed, out + "\n" + failure_json(failure) + "\n", now);
            return;
        }
        feed.woken = !caught_up;
    }
    const bool rows = feed.reader.rows() != rows_before;
    const bool done = kind == FeedKind::longpoll
                          ? rows
                          : caught_up && (feed.reader.limit_reached() || feed.options.descending);
    if (feed.ending || done) {
        finish(feed, out + feed.reader.last_words(), now);
        return;
    }
    // A follower without rows is sent an empty line at once, so it knows that it is heard.
    if (!feed.said_anything && !rows) out += '\n';
    feed.said_anything = true;
    if (!out.empty()) send(feed, std::move(out), now);
    if (!feed.timer)
        set_timer(feed, feed.quiet_since + feed.options.heartbeat.value_or(feed.options.timeout));
}

void Feeds::finish(Feed& feed, std::string last, base::Now now) {
    feed.ended = true;
    set_timer(feed, std::nullopt);
    if (last.empty()) {
        effects_.emplace_back(RespondEnd{feed.exchange});
        erase(feed);
    } else {
        send(feed, std::move(last), now);
    }
}

void Feeds::send(Feed& feed, std::string bytes, base::Now now) {
    feed.in_flight = true;
    feed.quiet_since = now.time;
    effects_.emplace_back(RespondData{feed.exchange, std::move(bytes)});
}

void Feeds::on_time(base::Now now) {
    while (!timers_.empty() && timers_.begin()->first <= now.time) {
        auto& feed = *feeds_.at(timers_.begin()->second);
        const auto period = feed.options.heartbeat.value_or(feed.options.timeout);
        if (const auto due = feed.quiet_since + period; due > now.time) {  // something was sent meanwhile
            set_timer(feed, due);
        } else if (feed.options.heartbeat) {
            set_timer(feed, now.time + period);
            feed.beat_due = true;
            if (!feed.in_flight) pump(feed, now);
        } else {
            set_timer(feed, std::nullopt);
            feed.ending = true;
            if (!feed.in_flight) pump(feed, now);
        }
    }
}

std::optional<base::Time> Feeds::deadline() const {
    return timers_.empty() ? std::nullopt : std::optional{timers_.begin()->first};
}

void Feeds::set_timer(Feed& feed, std::optional<base::Time> at) {
    if (feed.timer) timers_.erase({*feed.timer, feed.exchange});
    feed.timer = at;
    if (at) timers_.emplace(*at, feed.exchange);
}

void Feeds::erase(Feed& feed) {
    set_timer(feed, std::nullopt);
    if (const auto it = by_database_.find(&feed.database); it != by_database_.end())
        it->second.erase(feed.exchange);
    feeds_.erase(feed.exchange);
}

}  // namespace davenport::couchmock
