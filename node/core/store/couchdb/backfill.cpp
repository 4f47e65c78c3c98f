#include "node/core/store/couchdb/backfill.hpp"

#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace davenport::node {
namespace {

constexpr std::size_t documents_max = 200;
constexpr std::size_t newest_rows = 500;
constexpr base::Duration pause = std::chrono::milliseconds{250};
/// So far may the live feed lag behind.
constexpr std::size_t lag_rows_max = 1000;
/// A member of a cluster that lags finds nothing of what another's feed has told; what was purged meanwhile
/// is never found again. So it is looked for some seconds long.
constexpr int looks_in_vain_max = 40;

void read_document(const base::JsonView& row, base::WallTime seen, std::vector<FeedRow>& into) {
    const auto id = base::string_member(row, "id");
    const auto document = row.member("doc");
    if (!id || !document || !document->is_object()) return;
    FeedRow out{std::string{*id}, base::from_document(*document, seen)};
    out.no_message = !out.message;
    if (base::is_policy_id(*id)) {
        out.policy = base::read_policy(*id, *document);
        out.revision = base::text_member(*document, "_rev");
    }
    out.in_conflict = document->member("_conflicts").has_value();
    into.push_back(std::move(out));
}

/// The keys that an `_all_docs` answer knows nothing of; what was deleted is known.
std::deque<std::string> not_found_in(std::string_view body) {
    std::deque<std::string> out;
    base::JsonReader reader;
    const auto parsed =
        body.find(R"("not_found")") == std::string_view::npos ? std::nullopt : reader.read(body);
    if (const auto rows = parsed ? parsed->member("rows") : std::nullopt)
        rows->each_item([&](const base::JsonView& row) {
            const auto key = base::string_member(row, "key");
            if (key && base::string_member(row, "error") == "not_found") out.emplace_back(*key);
        });
    return out;
}

}  // namespace

std::vector<FeedRow> read_documents(std::string_view body, base::WallTime seen) {
    std::vector<FeedRow> out;
    base::JsonReader reader;
    if (const auto parsed = reader.read(body)) {
        if (const auto rows = parsed->member("rows"))
            rows->each_item([&](const base::JsonView& row) { read_document(row, seen, out); });
        return out;
    }
    // One that cannot be read must not hide the others: line by line, as CouchDB writes them.
    while (!body.empty()) {
        const auto newline = std::min(body.find('\n'), body.size());
        auto line = body.substr(0, newline);
        body.remove_prefix(std::min(newline + 1, body.size()));
        while (line.ends_with('\r') || line.ends_with(',')) line.remove_suffix(1);
        if (const auto row = reader.read(line); row && row->is_object()) read_document(*row, seen, out);
    }
    return out;
}

Backfill::Backfill(const ChatConfig& config, const StoreApi& api, RequestTable& requests, CommitQueue& log,
                   StoreHealth& health, IsUnproven is_unproven)
    : page_rows_{config.page_rows_max},
      request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      log_{&log},
      health_{&health},
      is_unproven_{std::move(is_unproven)} {}

void Backfill::begin(std::string seq) {
    seq_ = std::move(seq);
    page_end_.clear();
    missing_.clear();
    asked_.clear();
    looks_in_vain_ = 0;
    last_page_ = fresh_ = false;
    newest_wanted_ = true;
    held_.reset();
}

void Backfill::begin_fresh(std::string seq) {
    begin(std::move(seq));
    fresh_ = true;
    rows_read_ = 0;
}

void Backfill::reopen(Turn& turn) {
    if (request_.open()) DAVENPORT_MARK("a backfill is under way when the store comes back");
    request_.cancel(turn);
    not_before_ = turn.now.time;
}

void Backfill::stop(Turn& turn) {
    request_.cancel(turn);
    seq_.clear();
    held_.reset();
}

void Backfill::pump(Turn& turn, bool live, const std::string& live_place) {
    if (!active() || request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    if (held_ && live_place.empty()) return;  // it is about to be known
    if (held_)
        return ask(turn, api_->changes_page(live_place, lag_rows_max, false), &Backfill::on_written_lately);
    if (live && std::exchange(newest_wanted_, false))
        return ask(turn, api_->changes_newest(std::min(newest_rows, page_rows_)), &Backfill::on_newest);
    if (asked_.empty()) {
        const auto count = std::min({missing_.size(), documents_max, page_rows_});
        const auto end = missing_.begin() + static_cast<std::ptrdiff_t>(count);
        asked_.assign(std::make_move_iterator(missing_.begin()), std::make_move_iterator(end));
        missing_.erase(missing_.begin(), end);
    }
    if (!asked_.empty()) return ask(turn, api_->all_documents(asked_, true), &Backfill::on_documents);
    asked_live_ = live;
    if (fresh_) return ask(turn, api_->changes_page(seq_, fresh_rows(), true), &Backfill::on_fresh_page);
    ask(turn, api_->changes_page(seq_, page_rows_, false), &Backfill::on_page);
}

void Backfill::ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer) {
    requests_->send(turn, RequestOwner::backfill, request_, std::move(request), {.timeout = request_timeout_},
                    [this, on_answer](Turn& t, const Reply& reply) {
                        const bool good = reply.response && reply.response->status == 200 &&
                                          (this->*on_answer)(reply.response->body, t.now.wall);
                        if (good && looks_in_vain_ == 0) return true;
                        not_before_ = t.now.time + pause;
                        t.emit(SetTimer{timers::backfill, not_before_});
                        return good;
                    });
}

bool Backfill::on_page(std::string_view body, base::WallTime seen) {
    auto page = read_feed_page(body, seen);
    if (!page) return false;
    auto& batch = batch_.emplace();
    for (auto& row : page->rows) {
        if (!row.deleted) batch.told.push_back(row.id);
        if (row.deleted)
            batch.rows.push_back(std::move(row));
        else if (log_->knows(row.id) && !row.changed && !log_->may_be_changed(row.id) &&
                 !is_unproven_(row.id))
            batch.known.push_back(std::move(row.id));
        else
            missing_.push_back(std::move(row.id));
    }
    page_end_ = std::move(page->last_seq);
    last_page_ = page->size() < page_rows_ && asked_live_;
    batch.done = page_done();
    return true;
}

bool Backfill::on_fresh_page(std::string_view body, base::WallTime seen) {
    auto page = read_feed_page(body, seen);
    if (!page) return false;
    BackfillBatch batch;
    rows_read_ += page->size();
    for (auto& row : page->rows) {
        if (row.message) batch.told.push_back(row.id);
        if (is_as_said(row) && log_->knows(row.id))
            batch.known.push_back(std::move(row.id));
        else
            batch.rows.push_back(std::move(row));
    }
    page_end_ = std::move(page->last_seq);
    batch.done = page->size() < fresh_rows() && asked_live_;
    give(std::move(batch), page->pending);
    return true;
}

bool Backfill::on_newest(std::string_view body, base::WallTime seen) {
    auto page = read_feed_page(body, seen);
    if (!page) return false;
    BackfillBatch batch;
    batch.newest = true;
    for (auto row = page->rows.rbegin(); row != page->rows.rend(); ++row) {
        if (row->message) batch.told.push_back(row->id);
        if (is_as_said(*row) && log_->knows(row->id))
            batch.known.push_back(std::move(row->id));
        else
            batch.rows.push_back(std::move(*row));
    }
    give(std::move(batch), 0);
    return true;
}

/// What the live feed is about to bring may be read here a moment before. It is news to those who came in
/// between, and only the store can tell it from what is old.
void Backfill::give(BackfillBatch batch, std::uint64_t pending) {
    const bool has_unknown = std::ranges::any_of(
        batch.rows, [this](const FeedRow& row) { return row.message && !log_->knows(row.id); });
    if (fresh_ && has_unknown && pending <= lag_rows_max)
        held_ = std::move(batch);
    else
        give_now(std::move(batch));
}

void Backfill::give_now(BackfillBatch batch) {
    if (!batch.newest) seq_ = page_end_;
    batch_ = std::move(batch);
}

bool Backfill::on_written_lately(std::string_view body, base::WallTime seen) {
    auto page = read_feed_page(body, seen);
    if (!page) return false;
    for (auto& row : page->rows) held_->written_lately.push_back(std::move(row.id));
    give_now(*std::exchange(held_, std::nullopt));
    return true;
}

bool Backfill::on_documents(std::string_view body, base::WallTime seen) {
    auto& batch = batch_.emplace();
    DAVENPORT_MARK("a backfill reads documents that were missing");
    batch.rows = read_documents(body, seen);
    asked_.clear();
    auto lagging = not_found_in(body);
    looks_in_vain_ = lagging.empty() || looks_in_vain_ >= looks_in_vain_max ? 0 : looks_in_vain_ + 1;
    if (looks_in_vain_ > 0) missing_.insert(missing_.end(), lagging.begin(), lagging.end());
    batch.done = page_done();
    return true;
}

bool Backfill::is_as_said(const FeedRow& row) const {
    return row.message && !row.in_conflict && !row.message->changed() && !log_->may_be_changed(row.id);
}

/// Documents and all; live messages come in between.
std::size_t Backfill::fresh_rows() const { return std::min<std::size_t>(500, page_rows_); }

bool Backfill::page_done() {
    if (!missing_.empty()) return false;
    seq_ = page_end_;
    return last_page_;
}

}  // namespace davenport::node
