#include "node/core/store/couchdb/change_writer.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/core/store/couchdb/purge_watch.hpp"

#include <algorithm>
#include <compare>
#include <map>

namespace davenport::node {
namespace {

constexpr std::size_t changes_max = 100;
constexpr std::size_t batch_bytes_max = 2 * 1024 * 1024;
constexpr base::Duration pause_least = std::chrono::milliseconds{50};
constexpr base::Duration pause_most = std::chrono::seconds{2};

/// The store has nothing of the document, and never had, as far as it tells.
bool is_not_found(const base::JsonView& row) { return base::string_member(row, "error") == "not_found"; }

bool is_deleted(const base::JsonView& row) {
    const auto value = row.member("value");
    return value && base::bool_member(*value, "deleted");
}

}  // namespace

ChangeWriter::ChangeWriter(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                           base::Random& random, ChangeQueue& queue, StoreHealth& health)
    : request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      queue_{&queue},
      health_{&health},
      random_{&random},
      backoff_{pause_least, pause_most},
      batch_limit_{std::clamp<std::size_t>(config.bulk_documents_max, 1, changes_max)},
      batch_max_{batch_limit_} {}

void ChangeWriter::store_changed(bool keep) {
    put_back();
    revisions_.clear();
    if (!keep) queue_->clear();
}

void ChangeWriter::start_over(Turn& turn) {
    request_.cancel(turn);
    put_back();
    not_before_ = turn.now.time;
    backoff_.reset();
}

/// What is in the batch is read anew, later; unless a newer change of the same message waits.
void ChangeWriter::put_back() {
    request_.forget();
    for (auto item = batch_.rbegin(); item != batch_.rend(); ++item) queue_->put_first(item->message);
    batch_.clear();
}

void ChangeWriter::pump(Turn& turn) {
    if (request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    if (batch_.empty()) take_batch();
    if (batch_.empty()) return;
    sent_to_ = health_->generation();
    if (misses_some_) return ask_for_purges(turn);
    if (std::ranges::any_of(batch_, [](const Item& item) { return item.document.empty(); }))
        read(turn);
    else
        write(turn);
}

void ChangeWriter::take_batch() {
    std::size_t bytes = 0;
    misses_some_ = false;
    purged_.reset();
    while (!queue_->empty() && batch_.size() < batch_max_ && bytes < batch_bytes_max) {
        base::ChatMessage message;
        if (!queue_->take(message)) continue;
        bytes += message.text().size();
        auto& item = batch_.emplace_back();
        item.message = std::move(message);
        const bool is_gone = item.message.removed() == base::removed_in_store;  // it is not made again
        if (const auto revision = revisions_.take(item.message.id(), base::version_of(item.message));
            revision && !is_gone) {
            item.document = base::to_document(item.message, *revision);
            item.over_own = true;
        }
    }
}

void ChangeWriter::read(Turn& turn) {
    std::vector<std::string> ids;
    for (const auto& item : batch_)
        if (item.document.empty()) ids.emplace_back(item.message.id());
    asked_at_ = turn.now.wall;
    requests_->send(
        turn, RequestOwner::changes, request_, api_->all_documents(ids, true), {.timeout = request_timeout_},
        [this](Turn& t, const Reply& reply) { return on_reply(t, reply, &ChangeWriter::on_read); });
}

void ChangeWriter::ask_for_purges(Turn& turn) {
    requests_->send(turn, RequestOwner::changes, request_, api_->purged(), {.timeout = request_timeout_},
                    [this](Turn& t, const Reply& reply) {
                        purged_ = reply.response ? read_purged(*reply.response) : std::nullopt;
                        misses_some_ = !purged_;
                        if (misses_some_) pause(t);
                        return purged_.has_value();
                    });
}

void ChangeWriter::write(Turn& turn) {
    std::vector<std::string_view> documents;
    for (auto& item : batch_) {
        item.sent = true;
        documents.emplace_back(item.document);
    }
    requests_->send(
        turn, RequestOwner::changes, request_, api_->bulk_documents(documents), {.timeout = request_timeout_},
        [this](Turn& t, const Reply& reply) { return on_reply(t, reply, &ChangeWriter::on_written); });
}

bool ChangeWriter::on_reply(Turn& turn, const Reply& reply,
                            bool (ChangeWriter::*on_answer)(const base::HttpResponse&)) {
    if (reply.response && sent_to_ != health_->generation()) {
        put_back();
        return true;
    }
    if (reply.response) {
        const auto verdict = judge(*reply.response);
        if (verdict == StoreVerdict::denied || verdict == StoreVerdict::missing_database) {
            put_back();
            health_->report_denied(turn, verdict, reason_of(*reply.response));
            return true;
        }
        if (verdict == StoreVerdict::served && (this->*on_answer)(*reply.response)) {
            if (batch_.empty()) {
                backoff_.reset();
                batch_max_ = std::min(batch_limit_, batch_max_ * 2);
            }
            return true;
        }
    }
    // Written or not, nobody knows: what the store has is read again.
    for (auto& item : batch_) item.read_first();
    if (reply.response && judge(*reply.response) == StoreVerdict::served) set_aside();
    pause(turn);
    return false;
}

void ChangeWriter::set_aside() {
    batch_max_ = std::max<std::size_t>(1, batch_.size() / 2);
    for (auto& item : batch_) queue_->put_last(item.message);
    batch_.clear();
}

void ChangeWriter::pause(Turn& turn) {
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::changes, not_before_});
}

bool ChangeWriter::on_read(const base::HttpResponse& response) {
    base::JsonReader reader;
    const auto parsed = response.status == 200 ? reader.read(response.body) : std::nullopt;
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    if (!rows) return false;
    std::map<std::string, base::JsonView, std::less<>> by_id;
    if (!rows->each_item([&](const base::JsonView& row) {
            if (const auto key = base::string_member(row, "key")) by_id.emplace(*key, row);
        }))
        return false;
    for (auto& item : batch_) {
        if (!item.document.empty()) continue;
        const auto row = by_id.find(item.message.id());
        decide(item, row == by_id.end() ? std::nullopt : std::optional{row->second}, asked_at_);
    }
    // What is neither decided nor to be written could not be read: once more, after the others.
    std::erase_if(batch_, [](const Item& item) { return item.message.id().empty(); });
    return misses_some_ ||
           std::ranges::all_of(batch_, [](const Item& item) { return !item.document.empty(); });
}

void ChangeWriter::decide(Item& item, const std::optional<base::JsonView>& row, base::WallTime now) {
    using Kind = ChangeOutcome::Kind;
    if (!row) return;
    const auto& message = item.message;
    const auto is_gone = [&] {
        const auto kind = message.is_removed() ? Kind::stored : Kind::overtaken;
        outcomes_.push_back({kind, message, base::removed_by_store(message), {}, item.sent});
        item.message = {};
    };
    if (is_deleted(*row)) return is_gone();
    if (is_not_found(*row)) {
        misses_some_ = misses_some_ || !purged_;
        if (!purged_) return;
        if (!purged_->contains(message.id())) {
            item.document = base::to_document(message);  // the store lost it: what is gone stays gone
            item.is_new = true;
            return;
        }
        return is_gone();
    }
    const auto document = row->member("doc");
    if (!document || !document->is_object()) return;
    const auto found = base::from_document(*document, now);
    const auto order = found ? base::compare_states(message, *found) : std::strong_ordering::less;
    const bool is_told =
        !message.changed() || base::revision_number(base::string_member(*document, "_rev").value_or("")) != 1;
    if (found && std::is_eq(order) && is_told) return done(item, Kind::stored);
    if (std::is_gteq(order)) {
        item.document = base::to_document(message, *document);
        return;
    }
    // Without what makes it a message it was removed by hand.
    if (!found && message.is_removed()) return done(item, Kind::stored);
    outcomes_.push_back({Kind::overtaken, message, found ? *found : base::removed_by_store(message)});
    item.message = {};
}

void ChangeWriter::done(Item& item, ChangeOutcome::Kind kind, std::string reason) {
    outcomes_.push_back({kind, std::exchange(item.message, {}), std::nullopt, std::move(reason), item.sent});
}

bool ChangeWriter::on_written(const base::HttpResponse& response) {
    const auto refused = response.status == 400 || response.status == 413;
    if (refused && batch_.size() == 1) {
        done(batch_.front(), ChangeOutcome::Kind::refused, reason_of(response));
        batch_.clear();
        return true;
    }
    if (refused) {  // one of them is too large: smaller batches, down to the one that is
        batch_max_ = std::max<std::size_t>(1, batch_.size() / 2);
        put_back();
        return true;
    }
    const auto rows =
        response.status == 201 || response.status == 202 ? read_bulk_answer(response.body) : std::nullopt;
    if (!rows) return false;
    for (const auto& row : *rows) {
        const auto item =
            std::ranges::find_if(batch_, [&](const Item& one) { return one.message.id() == row.id; });
        if (item == batch_.end()) continue;
        const bool is_first =
            row.outcome == BulkRow::Outcome::stored && base::revision_number(row.revision) == 1;
        if (row.conflict || is_first) {
            item->read_first();  // somebody was faster; or once more, over this one
        } else if (row.outcome == BulkRow::Outcome::stored && item->is_new && !item->message.is_removed()) {
            DAVENPORT_MARK("a change is written over a deletion");
            const auto& message = item->message;
            outcomes_.push_back(
                {ChangeOutcome::Kind::overtaken, message, base::removed_by_store(message), {}, true, true});
            item->message = {};
        } else if (row.outcome == BulkRow::Outcome::stored) {
            if (item->over_own) revisions_.put(row.id, base::version_of(item->message), row.revision);
            done(*item, ChangeOutcome::Kind::stored);
        } else if (row.outcome == BulkRow::Outcome::refused) {
            done(*item, ChangeOutcome::Kind::refused, row.reason);
        }
    }
    std::erase_if(batch_, [](const Item& item) { return item.message.id().empty(); });
    // A row that says nothing of use: written or not.
    return std::ranges::all_of(batch_, [](const Item& item) { return item.document.empty(); });
}

}  // namespace davenport::node
