#include "node/core/store/nats/stream_page.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node::nats {
namespace {

constexpr std::int64_t page_rewind_ns = 10'000'000'000;  // as of a feed

}  // namespace

StreamPage::StreamPage(const StreamApi& api, Requests& requests, base::Random& random, base::Duration timeout,
                       std::size_t rows, StreamPlace after, OnPage on_page)
    : api_{&api},
      requests_{&requests},
      random_{&random},
      timeout_{timeout},
      limit_{rows},
      after_{after},
      on_page_{std::move(on_page)} {}

void StreamPage::start(Turn& turn) {
    deadline_ = turn.now.time + timeout_;
    turn.emit(SetTimer{timers::resume, deadline_});
    page_.next = after_;
    expects_place_ = after_.sequence != 0;
    make(turn, {expects_place_ ? StreamApi::Start::At::sequence : StreamApi::Start::At::beginning, after_});
}

void StreamPage::make(Turn& turn, StreamApi::Start start) {
    requests_->unsubscribe(turn, subscription_);
    request_ = requests_->ask(
        turn, api_->make_pull_consumer(start), {.timeout = timeout_},
        [this](Turn& t, const base::NatsMessage* answer, const std::string&) {
            request_ = 0;
            const auto info = answer ? read_consumer_info(*answer) : std::nullopt;
            if (!info) {
                end(t, false);
                return false;
            }
            if (info->pending == 0) {
                if (std::exchange(expects_place_, false))
                    make(t, {StreamApi::Start::At::time,
                             {0, std::max<std::int64_t>(0, after_.taken_ns - page_rewind_ns)}});
                else
                    end(t, true);
                return true;
            }
            came_ = 0;
            asked_for_ = std::min<std::uint64_t>(info->pending, limit_ + (expects_place_ ? 1 : 0));
            const auto inbox = "_INBOX.davenport." + random_->name();
            subscription_ = requests_->subscribe(t, inbox, *this);
            t.emit(Publish{api_->next(info->name, inbox, asked_for_)});
            return true;
        });
}

void StreamPage::on_delivered(Turn& turn, std::vector<base::NatsMessage>& messages) {
    for (auto& message : messages) {
        if (ended_) return;
        auto row = read_row(message);
        if (!row) return end(turn, message.status == 404 || message.status == 408);  // no more than these
        ++came_;
        page_.more = row->pending > 0;
        const bool is_place = std::exchange(expects_place_, false);
        if (is_place && row->place != after_)
            return make(turn, {StreamApi::Start::At::time,
                               {0, std::max<std::int64_t>(0, after_.taken_ns - page_rewind_ns)}});
        page_.next = row->place;
        if (!is_place) page_.rows.push_back(std::move(*row));
        if (came_ >= asked_for_) return end(turn, true);
    }
}

void StreamPage::on_broken(Turn& turn) {
    subscription_ = 0;
    end(turn, false);
}

void StreamPage::stop(Turn& turn) {
    ended_ = true;
    requests_->cancel(turn, request_);
    requests_->unsubscribe(turn, subscription_);
}

void StreamPage::on_timer(Turn& turn, TimerId timer) {
    if (timer == timers::resume && !ended_ && turn.now.time >= deadline_) end(turn, false);
}

void StreamPage::end(Turn& turn, bool good) {
    if (ended_) return;
    stop(turn);
    on_page_(turn, good ? &page_ : nullptr);
}

}  // namespace davenport::node::nats
