#include "node/core/store/couchdb/feed_watch.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr base::Duration quiet_for = std::chrono::seconds{20};
constexpr base::Duration own_row_within = std::chrono::seconds{5};
constexpr base::Duration grace = std::chrono::seconds{3};  // the row may be on its way
constexpr std::size_t rows_looked_at = 20;

}  // namespace

FeedWatch::FeedWatch(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                     StoreHealth& health, IsOwed is_owed)
    : request_timeout_{config.request_timeout},
      page_rows_{std::min(rows_looked_at, config.page_rows_max)},
      api_{&api},
      requests_{&requests},
      health_{&health},
      is_owed_{std::move(is_owed)} {}

void FeedWatch::pump(Turn& turn, const ChangesFeed& feed) {
    const auto now = turn.now.time;
    if (wakes_at_ && now >= *wakes_at_) wakes_at_.reset();
    if (!feed.listening() || !health_->usable()) {
        seq_.reset();
        return;
    }
    if (seq_ != feed.seq()) {
        seq_ = feed.seq();
        quiet_since_ = now;
        wrote_at_.reset();
        deaf_at_.reset();
        request_.forget();
    }
    if (request_.open()) return;
    if (deaf_at_) {
        if (now < *deaf_at_) return wake(turn, *deaf_at_);
        deaf_at_.reset();
        deaf_ = true;
        return;
    }
    auto due = quiet_since_ + quiet_for;
    if (wrote_at_) due = std::min(due, *wrote_at_ + own_row_within);
    if (now < due) return wake(turn, due);
    ask(turn, *seq_);
}

void FeedWatch::ask(Turn& turn, const std::string& seq) {
    requests_->send(turn, RequestOwner::feed_watch, request_, api_->changes_page(seq, page_rows_, false),
                    {.timeout = request_timeout_, .tells_health = false},
                    [this](Turn& t, const Reply& reply) {
                        quiet_since_ = t.now.time;
                        wrote_at_.reset();
                        const auto page = reply.response && reply.response->status == 200
                                              ? read_feed_page(reply.response->body, t.now.wall)
                                              : std::nullopt;
                        if (page && std::ranges::any_of(page->rows, is_owed_)) deaf_at_ = t.now.time + grace;
                        return true;
                    });
}

void FeedWatch::wake(Turn& turn, base::Time at) {
    if (wakes_at_ && *wakes_at_ <= at) return;
    wakes_at_ = at;
    turn.emit(SetTimer{timers::feed_watch, at});
}

}  // namespace davenport::node
