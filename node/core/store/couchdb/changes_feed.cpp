#include "node/core/store/couchdb/changes_feed.hpp"

#include "node/base/mark.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace davenport::node {
namespace {

constexpr base::Duration rest_least = std::chrono::milliseconds{20};
constexpr base::Duration rest_most = std::chrono::seconds{2};

std::uint64_t number_in_front_of(std::string_view seq) {
    std::uint64_t number = 0;
    std::from_chars(seq.data(), seq.data() + seq.size(), number);
    return number;
}

}  // namespace

ChangesFeed::ChangesFeed(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                         base::Random& random, StoreHealth& health)
    : mode_{config.feed},
      poll_interval_{config.poll_interval},
      heartbeat_{config.heartbeat},
      dead_after_{config.feed_dead_after},
      request_timeout_{config.request_timeout},
      page_rows_{std::min<std::size_t>(500, config.page_rows_max)},
      api_{&api},
      requests_{&requests},
      random_{&random},
      health_{&health},
      backoff_{rest_least, rest_most} {}

void ChangesFeed::begin_at(Turn& turn, std::string seq) {
    close(turn);
    seq_ = std::move(seq);
    caught_up_ = detached_ = pinned_ = paged_ = false;
    not_before_ = turn.now.time;
}

void ChangesFeed::follow_from_now(Turn& turn) {
    close(turn);
    detached_ = pinned_ = true;
    live_seq_.clear();
    not_before_ = turn.now.time;
}

void ChangesFeed::reopen(Turn& turn) {
    close(turn);
    not_before_ = turn.now.time;
}

void ChangesFeed::detach(Turn& turn) {
    close(turn);
    detached_ = true;
    live_seq_.clear();
    open(turn, State::continuous, api_->changes_continuous("now", heartbeat_));
}

void ChangesFeed::attach(Turn& turn, std::string seq) {
    detached_ = pinned_ = false;
    caught_up_ = true;
    // In a cluster the live feed may be another member's copy than the old stretch was read from, and what
    // that one still lacks the other gave before: it comes to nobody who does not go on where he has read. Of
    // one copy a place has one name.
    const bool is_one_copy = seq == live_seq_;
    seq_ = std::move(seq);
    live_seq_.clear();
    if (!is_one_copy || mode_ != FeedMode::continuous) close(turn);
}

void ChangesFeed::pump(Turn& turn) {
    if (state_ != State::idle || seq_.empty() || !health_->usable() || turn.now.time < not_before_) return;
    if (pinned_ && live_seq_.empty()) return ask_page(turn, api_->changes_page("now", 1, false));
    if (pinned_) return open(turn, State::continuous, api_->changes_continuous(live_seq_, heartbeat_));
    if (!caught_up_ || mode_ == FeedMode::poll)
        return ask_page(turn, api_->changes_page(seq_, page_rows_, true));
    if (mode_ == FeedMode::longpoll)
        return open(turn, State::longpoll, api_->changes_longpoll(seq_, heartbeat_, page_rows_));
    open(turn, State::continuous, api_->changes_continuous(seq_, heartbeat_));
}

void ChangesFeed::ask_page(Turn& turn, base::HttpRequest request) {
    state_ = State::paging;
    status_ = 0;
    requests_->send(turn, RequestOwner::feed, request_, std::move(request),
                    {.timeout = request_timeout_, .tells_health = false},
                    [this](Turn& t, const Reply& reply) {
                        if (!reply.response)
                            on_broken(t);
                        else if (reply.response->status == 200)
                            on_page(t, reply.response->body);
                        else
                            on_refusal(t, *reply.response);
                        return true;
                    });
}

void ChangesFeed::open(Turn& turn, State state, base::HttpRequest request) {
    state_ = state;
    status_ = 0;
    body_.clear();
    parser_.reset();
    requests_->open(turn, RequestOwner::feed, request_, std::move(request), dead_after_, *this);
}

void ChangesFeed::close(Turn& turn) {
    request_.cancel(turn);
    state_ = State::idle;
}

void ChangesFeed::ended(Turn& turn) {
    if (detached_) DAVENPORT_MARK("a live feed ends during a backfill");
    state_ = State::idle;
    caught_up_ = paged_ = false;
    detached_ = pinned_;
    rest_until(turn, turn.now.time + backoff_.next(*random_));
    health_->report_failure(turn);
}

void ChangesFeed::rest_until(Turn& turn, base::Time time) {
    not_before_ = time;
    turn.emit(SetTimer{timers::feed, time});
}

void ChangesFeed::on_page(Turn& turn, std::string_view body) {
    auto page = read_feed_page(body, turn.now.wall);
    if (!page) return ended(turn);
    state_ = State::idle;
    backoff_.reset();
    if (pinned_) {
        live_seq_ = std::move(page->last_seq);
        return;
    }
    paged_ = true;
    if (caught_up_ && !page->rows.empty()) DAVENPORT_MARK("a caught up feed reads a page with rows");
    const bool went_back = number_in_front_of(page->last_seq) < number_in_front_of(seq_);
    seq_ = std::move(page->last_seq);
    caught_up_ = page->size() < page_rows_;
    if (mode_ == FeedMode::poll && caught_up_) rest_until(turn, turn.now.time + poll_interval_);
    batch_ = {std::move(page->rows), seq_, caught_up_, went_back, std::move(page->skipped)};
}

void ChangesFeed::on_refusal(Turn& turn, const base::HttpResponse& response) {
    if (response.status == 400 && seq_ != "0") {
        DAVENPORT_MARK("the store does not know the feed's place");
        turn.warn("store: it does not know how far we had read (" + reason_of(response) +
                  "); reading its feed from the start");
        seq_.assign(1, '0');
        pinned_ = false;
    }
    ended(turn);
    if (judge(response) == StoreVerdict::denied)
        health_->report_denied(turn, StoreVerdict::denied, reason_of(response));
}

void ChangesFeed::on_head(Turn&, int status) { status_ = status; }

void ChangesFeed::on_data(Turn& turn, std::string_view bytes) {
    if (state_ != State::continuous || status_ != 200) {
        body_ += bytes;
        return;
    }
    auto result = parser_.add(bytes, turn.now.wall);
    auto& batch = batch_.emplace();
    if (!result.seq.empty()) (detached_ ? live_seq_ : seq_) = result.seq;
    if (!detached_) batch.seq = std::move(result.seq);
    backoff_.reset();
    batch.rows = std::move(result.rows);
    batch.skipped = std::move(result.skipped);
    if (result.garbage) {
        DAVENPORT_MARK("a feed brings garbage");
        close(turn);
        ended(turn);
    }
}

void ChangesFeed::on_ended(Turn& turn) {
    if (status_ != 200) return on_refusal(turn, {status_, {}, std::exchange(body_, {})});
    if (state_ == State::longpoll) return on_page(turn, std::exchange(body_, {}));
    ended(turn);
}

void ChangesFeed::on_broken(Turn& turn) { ended(turn); }

}  // namespace davenport::node
