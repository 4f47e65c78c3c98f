#include "node/core/changes_feed.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration pause_least = std::chrono::milliseconds{20};
constexpr base::Duration pause_most = std::chrono::seconds{2};

std::uint64_t number_in_front_of(std::string_view seq) {
    std::uint64_t number = 0;
    std::from_chars(seq.data(), seq.data() + seq.size(), number);
    return number;
}

}  // namespace

ChangesFeed::ChangesFeed(const ChatConfig& config, const StoreApi& api, RequestTable& ids,
                         base::Random& random, StoreHealth& link)
    : mode_{config.feed},
      poll_interval_{config.poll_interval},
      heartbeat_{config.heartbeat},
      dead_after_{config.feed_dead_after},
      request_timeout_{config.request_timeout},
      page_rows_{std::min<std::size_t>(500, config.page_rows_max)},
      api_{&api},
      ids_{&ids},
      random_{&random},
      link_{&link},
      backoff_{pause_least, pause_most} {}

void ChangesFeed::begin_at(Turn& turn, std::string seq) {
    close(turn);
    seq_ = std::move(seq);
    caught_up_ = detached_ = paged_ = false;
    not_before_ = turn.now.time;
}

void ChangesFeed::detach(Turn& turn) {
    close(turn);
    detached_ = true;
    live_seq_.clear();
    open(turn, State::continuous, api_->changes_continuous("now", heartbeat_), true);
}

void ChangesFeed::attach(Turn& turn, std::string seq) {
    detached_ = false;
    caught_up_ = true;
    seq_ = live_seq_.empty() ? std::move(seq) : std::exchange(live_seq_, {});
    if (mode_ != FeedMode::continuous) close(turn);
}

void ChangesFeed::pump(Turn& turn) {
    if (state_ != State::idle || seq_.empty() || !link_->usable() || turn.now.time < not_before_) return;
    if (!caught_up_ || mode_ == FeedMode::poll)
        return open(turn, State::paging, api_->changes_page(seq_, page_rows_, true), false);
    if (mode_ == FeedMode::longpoll)
        return open(turn, State::longpoll, api_->changes_longpoll(seq_, heartbeat_, page_rows_), true);
    open(turn, State::continuous, api_->changes_continuous(seq_, heartbeat_), true);
}

void ChangesFeed::open(Turn& turn, State state, base::HttpRequest request, bool stream) {
    state_ = state;
    fetch_ = ids_->next(RequestOwner::feed);
    status_ = 0;
    body_.clear();
    parser_.reset();
    heard_at_ = turn.now.time;
    turn.emit(Fetch{fetch_, std::move(request), stream});
    arm(turn, turn.now.time + (stream ? dead_after_ : request_timeout_));
}

void ChangesFeed::close(Turn& turn) {
    if (fetch_ != 0) turn.emit(CancelFetch{fetch_});
    fetch_ = 0;
    state_ = State::idle;
}

void ChangesFeed::ended(Turn& turn, bool doubtful) {
    fetch_ = 0;
    state_ = State::idle;
    caught_up_ = detached_ = paged_ = false;
    rest_until(turn, turn.now.time + backoff_.next(*random_));
    if (doubtful) link_->report_failure(turn);
}

void ChangesFeed::rest_until(Turn& turn, base::Time time) {
    not_before_ = time;
    arm(turn, time);
}

void ChangesFeed::arm(Turn& turn, base::Time at) { turn.emit(SetTimer{timers::feed, at}); }

FeedBatch ChangesFeed::take_page(Turn& turn, std::string_view body) {
    auto page = read_feed_page(body, turn.now.wall);
    if (!page) {
        ended(turn, true);
        return {};
    }
    fetch_ = 0;
    state_ = State::idle;
    backoff_.reset();
    paged_ = true;
    const bool went_back = number_in_front_of(page->last_seq) < number_in_front_of(seq_);
    seq_ = std::move(page->last_seq);
    caught_up_ = page->rows.size() < page_rows_;
    if (mode_ == FeedMode::poll && caught_up_) rest_until(turn, turn.now.time + poll_interval_);
    return {std::move(page->rows), seq_, caught_up_, went_back};
}

void ChangesFeed::on_refusal(Turn& turn, const base::HttpResponse& response) {
    if (response.status == 400 && seq_ != "0") {
        turn.warn("store: it does not know how far we had read (" + reason_of(response) +
                  "); reading its feed from the start");
        seq_.assign(1, '0');
    }
    ended(turn, true);
    if (judge(response) == StoreVerdict::denied)
        link_->report_denied(turn, StoreVerdict::denied, reason_of(response));
}

FeedBatch ChangesFeed::on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response) {
    if (fetch != fetch_) return {};
    if (response.status == 200) return take_page(turn, response.body);
    on_refusal(turn, response);
    return {};
}

void ChangesFeed::on_head(Turn& turn, FetchId fetch, int status) {
    if (fetch != fetch_) return;
    status_ = status;
    heard_at_ = turn.now.time;
}

FeedBatch ChangesFeed::on_data(Turn& turn, FetchId fetch, std::string_view bytes) {
    if (fetch != fetch_) return {};
    heard_at_ = turn.now.time;
    if (state_ != State::continuous || status_ != 200) {
        body_ += bytes;
        return {};
    }
    auto result = parser_.add(bytes, turn.now.wall);
    FeedBatch news;
    if (!result.seq.empty()) (detached_ ? live_seq_ : seq_) = result.seq;
    if (!detached_) news.seq = std::move(result.seq);
    backoff_.reset();
    news.rows = std::move(result.rows);
    if (result.garbage) {
        close(turn);
        ended(turn, true);
    }
    return news;
}

FeedBatch ChangesFeed::on_ended(Turn& turn, FetchId fetch) {
    if (fetch != fetch_) return {};
    if (status_ != 200) {
        on_refusal(turn, {status_, {}, std::exchange(body_, {})});
        return {};
    }
    if (state_ == State::longpoll) return take_page(turn, std::exchange(body_, {}));
    ended(turn, true);
    return {};
}

void ChangesFeed::on_failed(Turn& turn, FetchId fetch) {
    if (fetch == fetch_) ended(turn, true);
}

void ChangesFeed::on_timer(Turn& turn) {
    if (state_ == State::idle) return;
    const auto dead_at = heard_at_ + (state_ == State::paging ? request_timeout_ : dead_after_);
    if (turn.now.time < dead_at) return arm(turn, dead_at);
    close(turn);
    ended(turn, true);
}

}  // namespace davenport::node
