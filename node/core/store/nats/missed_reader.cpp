#include "node/core/store/nats/missed_reader.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <chrono>

namespace davenport::node::nats {
namespace {

using namespace std::chrono_literals;

// An answer takes a millisecond; who is asked while nobody leads never answers.
constexpr base::Duration patience = 500ms;
constexpr base::Duration again_after = 200ms;
constexpr base::Duration look_every = 50ms;     // for what follows, while there is no consumer
constexpr base::Duration opens_within = 100ms;  // as a rule, so nothing is asked before
constexpr base::Duration told_within = 500ms;
constexpr std::size_t spans_max = 5000;
// A copy may lack what another one has, and whoever answers does so at random.
constexpr int asked_for_next_most = 4;

}  // namespace

void MissedReader::check(const Span& span) {
    checked_ = std::max(checked_, span.last);
    if (spans_.size() == spans_max) spans_.pop_front();
    spans_.push_back(span);
}

void MissedReader::start_over(Turn& turn) {
    requests_->cancel(turn, leader_request_);
    requests_->cancel(turn, any_request_);
    spans_.clear();
    waits_.reset();
    closed_ = false;
    nearest_.reset();
    asked_for_next_ = 0;
    expected_ = checked_ = next_ = 0;
}

void MissedReader::pump(Turn& turn, const StreamFeed& feed) {
    if (!health_->usable()) return;
    watch_end(turn, feed);
    if (leader_request_ == 0 && !spans_.empty() && turn.now.time >= leader_not_before_) ask_leader(turn);
    read_on(turn, feed);
    arm(turn);
}

void MissedReader::read_on(Turn& turn, const StreamFeed& feed) {
    if (feed.open() || !feed.active() || feed.place().sequence == 0) {
        requests_->cancel(turn, any_request_);
        nearest_.reset();
        asked_for_next_ = 0;
        closed_ = false;
        return;
    }
    if (!std::exchange(closed_, true)) {
        next_ = feed.place().sequence + 1;
        any_not_before_ = turn.now.time + opens_within;
    }
    if (any_request_ == 0 && turn.now.time >= any_not_before_) ask_any(turn);
}

/// For what is due next.
void MissedReader::arm(Turn& turn) {
    auto next = base::Time::max();
    if (waits_) next = std::min(next, waits_->until);
    if (!spans_.empty() && leader_request_ == 0) next = std::min(next, leader_not_before_);
    if (closed_ && any_request_ == 0) next = std::min(next, any_not_before_);
    if (next == base::Time::max() || (alarm_ == next && turn.now.time < next)) return;
    alarm_ = next;
    turn.emit(SetTimer{timers::missed, next});
}

/// Whether a feed that has told all tells of what is known to be there.
void MissedReader::watch_end(Turn& turn, const StreamFeed& feed) {
    const auto told = std::max(feed.place().sequence, checked_);
    if (!feed.caught_up() || expected_ <= told) return waits_.reset();
    if (!waits_ || waits_->end <= told) {
        waits_ = {expected_, turn.now.time + told_within};
        return;
    }
    if (turn.now.time < waits_->until) return;
    check({told + 1, waits_->end});
    waits_.reset();
}

void MissedReader::ask_leader(Turn& turn) {
    leader_request_ = requests_->ask(turn, api_->read_next(spans_.front().first),
                                     {.timeout = patience, .tells_health = false},
                                     [this](Turn& t, const base::NatsMessage* answer, const std::string&) {
                                         leader_request_ = 0;
                                         on_leader(t, answer);
                                         return true;
                                     });
}

void MissedReader::on_leader(Turn& turn, const base::NatsMessage* answer) {
    auto read = answer ? read_next_answer(*answer) : NextAnswer{};
    if (!read.answered) {
        leader_not_before_ = turn.now.time + again_after;
        return;
    }
    auto& span = spans_.front();
    if (!read.row || read.row->place.sequence > span.last) {
        spans_.pop_front();
        return;
    }
    DAVENPORT_MARK("a copy of the stream lacks what its leader has");
    news_.copy_lacks = true;
    span.first = read.row->place.sequence + 1;
    news_.rows.push_back(std::move(*read.row));
    if (span.first > span.last) spans_.pop_front();
}

void MissedReader::ask_any(Turn& turn) {
    any_request_ = requests_->ask(turn, by_leader_ ? api_->read_next(next_) : api_->read_next_of_any(next_),
                                  {.timeout = patience, .tells_health = false},
                                  [this](Turn& t, const base::NatsMessage* answer, const std::string&) {
                                      any_request_ = 0;
                                      on_any(t, answer);
                                      return true;
                                  });
}

void MissedReader::on_any(Turn& turn, const base::NatsMessage* answer) {
    auto read = answer ? read_next_answer(*answer) : NextAnswer{};
    const bool has_row = read.answered && read.row;
    if (has_row && (!nearest_ || read.row->place.sequence < nearest_->place.sequence))
        nearest_ = std::move(read.row);
    if (nearest_ && (nearest_->place.sequence == next_ || ++asked_for_next_ >= asked_for_next_most))
        return accept_nearest();
    if (has_row) return;
    if (!read.answered) by_leader_ = !by_leader_;
    any_not_before_ = turn.now.time + look_every;
}

void MissedReader::accept_nearest() {
    DAVENPORT_MARK("what is written is read while there is no consumer");
    next_ = nearest_->place.sequence + 1;
    news_.rows.push_back(std::move(*nearest_));
    nearest_.reset();
    asked_for_next_ = 0;
}

}  // namespace davenport::node::nats
