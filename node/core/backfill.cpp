#include "node/core/backfill.hpp"

#include "node/base/json_view.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t documents_max = 200;
constexpr std::size_t newest_rows = 500;
constexpr base::Duration pause = std::chrono::milliseconds{250};

/// The rows of an `_all_docs` answer that have a document.
std::vector<FeedRow> read_documents(std::string_view body, base::WallTime seen) {
    std::vector<FeedRow> out;
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    if (!rows) return out;
    rows->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        const auto document = row.member("doc");
        if (id && document && document->is_object())
            out.push_back({std::string{*id}, base::from_document(*document, seen), false});
    });
    return out;
}

}  // namespace

Backfill::Backfill(const ChatConfig& config, const StoreApi& api, RequestTable& ids,
                   CommitQueue& commit_queue, StoreHealth& link)
    : page_rows_{config.page_rows_max},
      request_timeout_{config.request_timeout},
      api_{&api},
      ids_{&ids},
      commits_{&commit_queue},
      link_{&link} {}

void Backfill::begin(std::string seq) {
    seq_ = std::move(seq);
    page_end_.clear();
    missing_.clear();
    asked_.clear();
    last_page_ = false;
    newest_wanted_ = true;
}

void Backfill::stop(Turn& turn) {
    if (fetch_ != 0) turn.emit(CancelFetch{fetch_});
    fetch_ = 0;
    seq_.clear();
}

void Backfill::pump(Turn& turn, bool live) {
    if (!active() || fetch_ != 0 || !link_->usable() || turn.now.time < not_before_) return;
    fetch_ = ids_->next(RequestOwner::scan);
    deadline_ = turn.now.time + request_timeout_;
    newest_asked_ = live && newest_wanted_;
    if (newest_asked_) {
        newest_wanted_ = false;
        turn.emit(Fetch{fetch_, api_->changes_newest(std::min(newest_rows, page_rows_)), false});
        turn.emit(SetTimer{timers::scan, deadline_});
        return;
    }
    if (asked_.empty()) {
        const auto count = std::min({missing_.size(), documents_max, page_rows_});
        const auto end = missing_.begin() + static_cast<std::ptrdiff_t>(count);
        asked_.assign(std::make_move_iterator(missing_.begin()), std::make_move_iterator(end));
        missing_.erase(missing_.begin(), end);
    }
    if (asked_.empty()) {
        asked_live_ = live;
        turn.emit(Fetch{fetch_, api_->changes_page(seq_, page_rows_, false), false});
    } else {
        turn.emit(Fetch{fetch_, api_->all_documents(asked_, true), false});
    }
    turn.emit(SetTimer{timers::scan, deadline_});
}

BackfillBatch Backfill::on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response) {
    if (fetch != fetch_) return {};
    fetch_ = 0;
    if (newest_asked_) return take_newest(turn, response);
    return asked_.empty() ? take_page(turn, response) : take_documents(turn, response);
}

BackfillBatch Backfill::take_page(Turn& turn, const base::HttpResponse& response) {
    auto page = response.status == 200 ? read_feed_page(response.body, turn.now.wall) : std::nullopt;
    if (!page) return failed(turn), BackfillBatch{};
    BackfillBatch news;
    for (auto& row : page->rows) {
        if (row.deleted) continue;
        if (commits_->knows(row.id))
            news.known.push_back(std::move(row.id));
        else
            missing_.push_back(std::move(row.id));
    }
    page_end_ = std::move(page->last_seq);
    last_page_ = page->rows.size() < page_rows_ && asked_live_;
    news.done = page_done();
    return news;
}

BackfillBatch Backfill::take_newest(Turn& turn, const base::HttpResponse& response) {
    auto page = response.status == 200 ? read_feed_page(response.body, turn.now.wall) : std::nullopt;
    if (!page) return failed(turn), BackfillBatch{};
    BackfillBatch news;
    for (auto row = page->rows.rbegin(); row != page->rows.rend(); ++row) {
        if (row->deleted || !row->message) continue;
        if (commits_->knows(row->id))
            news.known.push_back(std::move(row->id));
        else
            news.rows.push_back(std::move(*row));
    }
    return news;
}

BackfillBatch Backfill::take_documents(Turn& turn, const base::HttpResponse& response) {
    if (response.status != 200) return failed(turn), BackfillBatch{};
    BackfillBatch news;
    news.rows = read_documents(response.body, turn.now.wall);
    asked_.clear();
    news.done = page_done();
    return news;
}

bool Backfill::page_done() {
    if (!missing_.empty()) return false;
    seq_ = page_end_;
    return last_page_;
}

void Backfill::failed(Turn& turn) {
    not_before_ = turn.now.time + pause;
    turn.emit(SetTimer{timers::scan, not_before_});
    link_->report_failure(turn);
}

void Backfill::on_failed(Turn& turn, FetchId fetch) {
    if (fetch != fetch_) return;
    fetch_ = 0;
    failed(turn);
}

void Backfill::on_timer(Turn& turn) {
    if (fetch_ == 0 || turn.now.time < deadline_) return;
    turn.emit(CancelFetch{fetch_});
    fetch_ = 0;
    failed(turn);
}

}  // namespace davenport::node
