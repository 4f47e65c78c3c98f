#include "node/core/store/nats/stream_feed.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <charconv>

namespace davenport::node::nats {
namespace {

/// Clocks of a cluster's servers differ by less.
constexpr std::int64_t rewind_ns = 10'000'000'000;
constexpr int status_of_heartbeat = 100;
// Nobody answers while the servers elect a leader, and who is asked then never does; later more, since a
// server may be slow.
constexpr base::Duration first_patience = std::chrono::milliseconds{500};
constexpr int unanswered_max = 4;
// Between two tries; who leads the servers may be elected at any moment.
constexpr base::Duration longest_pause = std::chrono::milliseconds{400};
constexpr Sequence before_first_max = 100;
// A consumer falls silent with its server, and nobody tells that.
constexpr base::Duration heartbeat_most = std::chrono::seconds{1};
constexpr base::Duration silence_most = std::chrono::milliseconds{2500};

}  // namespace

StreamFeed::StreamFeed(const ChatConfig& config, const StreamApi& api, Requests& requests,
                       base::Random& random, const StreamHealth& health, TimerId alarm)
    : heartbeat_{std::min(config.heartbeat, heartbeat_most)},
      dead_after_{std::min(config.feed_dead_after, silence_most)},
      request_timeout_{answer_time(config)},
      api_{&api},
      requests_{&requests},
      random_{&random},
      health_{&health},
      alarm_{alarm},
      backoff_{pause_least, longest_pause} {}

void StreamFeed::begin_at(Turn& turn, StreamPlace place) {
    close(turn);
    active_ = true;
    place_ = place;
    at_ = place.sequence == 0 ? At::beginning : At::sequence;
    not_before_ = turn.now.time;
}

void StreamFeed::begin_at_time(Turn& turn, std::int64_t taken_ns) {
    begin_at(turn, {0, taken_ns});
    at_ = At::time;
}

void StreamFeed::begin_with_news(Turn& turn) {
    begin_at(turn, {});
    at_ = At::news;
}

void StreamFeed::stop(Turn& turn) {
    close(turn);
    active_ = false;
}

void StreamFeed::close(Turn& turn) {
    requests_->forget(request_);
    requests_->unsubscribe(turn, subscription_);  // the server drops the consumer when nobody listens
    state_ = State::closed;
    caught_up_ = false;
}

void StreamFeed::ended(Turn& turn) {
    close(turn);
    if (place_.sequence != 0) at_ = At::sequence;
    not_before_ = turn.now.time + backoff_.next(*random_);
    alarm_at_ = not_before_;
    turn.emit(SetTimer{alarm_, not_before_});
}

void StreamFeed::pump(Turn& turn) {
    if (active_ && state_ == State::closed && health_->usable() && turn.now.time >= not_before_) make(turn);
}

void StreamFeed::make(Turn& turn) {
    state_ = State::making;
    number_ = 0;
    expects_place_ = at_ == At::sequence;
    const auto inbox = "_INBOX.davenport." + random_->name();
    subscription_ = requests_->subscribe(turn, inbox, *this);
    auto start = place_;
    if (at_ == At::time) start.taken_ns = std::max<std::int64_t>(0, start.taken_ns - rewind_ns);
    request_ = requests_->ask(turn, api_->make_push_consumer(inbox, {at_, start}, heartbeat_),
                              {.timeout = std::min(request_timeout_, first_patience * (1 << unanswered_))},
                              [this](Turn& t, const base::NatsMessage* answer, const std::string&) {
                                  request_ = 0;
                                  const auto info = answer ? read_consumer_info(*answer) : std::nullopt;
                                  unanswered_ = answer ? 0 : std::min(unanswered_ + 1, unanswered_max);
                                  if (info)
                                      on_made(t, *info);
                                  else
                                      ended(t);
                                  return info.has_value();
                              });
}

void StreamFeed::on_made(Turn& turn, const ConsumerInfo& info) {
    if (state_ != State::making) return;
    state_ = State::open;
    pending_at_start_ = info.pending;
    heard(turn);
    // The first rows may have come before this answer.
    if (info.pending == 0 && number_ == 0) {
        if (expects_place_) {  // its end was lost, or another copy has fewer
            batch().went_back = batch().renumbered = lost_end_ = true;
            return rewind(turn);
        }
        caught_up_ = true;
    }
    batch();
}

void StreamFeed::rewind(Turn& turn) {
    DAVENPORT_MARK("a stream has another message at the feed's place");
    close(turn);
    at_ = At::time;
    not_before_ = turn.now.time;
    // In this turn's end; where none comes at once, the alarm brings it.
    alarm_at_ = turn.now.time;
    turn.emit(SetTimer{alarm_, turn.now.time});
}

void StreamFeed::heard(Turn& turn) {
    dead_at_ = turn.now.time + dead_after_;
    if (alarm_at_) return;  // it looks when it goes off
    alarm_at_ = dead_at_;
    turn.emit(SetTimer{alarm_, dead_at_});
}

void StreamFeed::on_timer(Turn& turn, TimerId timer) {
    if (timer != alarm_) return;
    alarm_at_.reset();
    if (state_ != State::open) return;
    if (turn.now.time >= dead_at_) {
        DAVENPORT_MARK("a consumer falls silent");
        return ended(turn);
    }
    alarm_at_ = dead_at_;
    turn.emit(SetTimer{alarm_, dead_at_});
}

StreamBatch& StreamFeed::batch() { return batch_ ? *batch_ : batch_.emplace(); }

void StreamFeed::on_delivered(Turn& turn, std::vector<base::NatsMessage>& messages) {
    heard(turn);
    for (auto& message : messages) {
        if (state_ == State::closed) return;
        if (auto row = read_row(message))
            on_row(turn, std::move(*row));
        else
            on_status(turn, message);
    }
}

void StreamFeed::on_status(Turn& turn, const base::NatsMessage& message) {
    if (message.status != status_of_heartbeat) {
        // The consumer was deleted, its leader is another one, the server shuts down, ...
        DAVENPORT_MARK("a server ends a consumer");
        return ended(turn);
    }
    // Its flow control: it goes on when this is answered.
    const auto stalled = base::header(message.headers, "Nats-Consumer-Stalled");
    if (!message.reply.empty())
        turn.emit(Publish{{.subject = message.reply}});
    else if (!stalled.empty())
        turn.emit(Publish{{.subject = std::string{stalled}}});
    const auto last = base::header(message.headers, "Nats-Last-Consumer");
    std::uint64_t number = 0;
    std::from_chars(last.data(), last.data() + last.size(), number);
    // An idle one has told all, whatever its server's count of what follows says: a node once waited for
    // good for that to become zero.
    if (number > 0 && number == number_ && message.reply.empty() && stalled.empty() && !expects_place_) {
        if (!std::exchange(caught_up_, true)) batch();
    }
    if (number <= number_) return;
    DAVENPORT_MARK("a consumer's last messages did not come");
    ended(turn);
}

void StreamFeed::on_row(Turn& turn, StreamRow&& row) {
    if (row.number != number_ + 1) {
        DAVENPORT_MARK("a consumer's message did not come");
        return ended(turn);
    }
    number_ = row.number;
    if (std::exchange(expects_place_, false)) {
        const bool known = row.place == place_;
        if (!known && row.place.sequence == place_.sequence) batch().went_back = true;
        if (!known && row.place.sequence <= place_.sequence) batch().renumbered = lost_end_ = true;
        if (!known) return rewind(turn);
        if (row.pending == 0) {
            caught_up_ = true;
            batch();
        }
        return;
    }
    backoff_.reset();
    note_passed_over(row.place.sequence);
    place_ = row.place;
    at_ = At::sequence;
    caught_up_ |= row.pending == 0;
    batch().rows.push_back(std::move(row));
}

/// Where the first row after a loss is found by its time, the copy may lack what stands before that.
void StreamFeed::note_passed_over(Sequence told) {
    auto first = place_.sequence + 1;
    if (std::exchange(lost_end_, false)) first = told > before_first_max ? told - before_first_max : 1;
    const bool is_known = place_.sequence != 0 || at_ == At::beginning;
    if (is_known && told > first) batch().passed_over.push_back({first, told - 1});
}

void StreamFeed::on_broken(Turn& turn) {
    subscription_ = 0;
    ended(turn);
}

}  // namespace davenport::node::nats
