#include "node/core/store/couchdb/store_writer.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/mark.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr std::size_t batch_bytes_max =
    2 * 1024 * 1024;  // far below the store's own 8,000,000 for a document
constexpr base::Duration pause_least = std::chrono::milliseconds{50};
constexpr base::Duration pause_most = std::chrono::seconds{2};
// From one batch of a long backlog to the next: sooner, and the node, its disk and a fast store on the same
// machine are busy without a break, and local chat waits for its turn ten times as long as else.
constexpr base::Duration backlog_pace = std::chrono::milliseconds{6};
// For a store that answers sooner than that: with more at once, clients only wait longer for their turn. A
// CouchDB takes longer, and nearly twice as many messages a second in batches of 400 as of 100.
constexpr std::size_t quick_documents_max = 100;

/// A document that is new has its first revision; over one that was deleted it is a later one.
bool is_over_a_deletion(std::string_view revision) {
    const bool out = base::revision_number(revision) > 1;
    if (out) DAVENPORT_MARK("a message is written over its deletion");
    return out;
}

}  // namespace

StoreWriter::StoreWriter(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                         base::Random& random, WriteQueue& queue, StoreHealth& health, ChangeWriter& changes)
    : documents_max_{std::max<std::size_t>(1, config.bulk_documents_max)},
      request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      random_{&random},
      queue_{&queue},
      health_{&health},
      changes_{&changes},
      backoff_{pause_least, pause_most},
      batch_documents_max_{std::min(documents_max_, quick_documents_max)} {}

void StoreWriter::store_changed(Turn& turn) {
    const bool keep = queue_->store_changed(turn, health_->generation());
    changes_->store_changed(keep);
    if (!keep && !request_.open()) batch_.clear();
}

void StoreWriter::pump(Turn& turn) {
    if (request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    std::erase_if(batch_, [&](const Item& item) { return queue_->needless(item); });
    while (batch_.empty() && queue_->take(batch_, batch_documents_max_, batch_bytes_max)) {
    }
    if (!batch_.empty()) return send(turn);
    if (!queue_->reads_journal() && changes_->idle()) queue_->all_settled();
}

void StoreWriter::send(Turn& turn) {
    sent_to_ = health_->generation();
    sent_at_ = turn.now.time;
    base::HttpRequest request;
    if (batch_.size() == 1 && !batch_as_bulk_) {
        request = api_->put_document(batch_[0].id, batch_[0].document);
    } else {
        std::vector<const Item*> by_id;
        by_id.reserve(batch_.size());
        for (const auto& item : batch_) by_id.push_back(&item);
        std::ranges::sort(by_id, {}, &Item::id);
        std::vector<std::string_view> documents;
        documents.reserve(by_id.size());
        documents.reserve(by_id.size());
        for (const auto* item : by_id) documents.push_back(item->document);
        request = api_->bulk_documents(documents);
    }
    requests_->send(turn, RequestOwner::writer, request_, std::move(request), {.timeout = request_timeout_},
                    [this](Turn& t, const Reply& reply) { return on_reply(t, reply); });
}

/// Before the same is sent again.
void StoreWriter::pause(Turn& turn) {
    ++failures_;
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::writer, not_before_});
}

void StoreWriter::done_with_batch(Turn& turn) {
    const auto next_at = sent_at_ + backlog_pace;
    const bool quick = turn.now.time < next_at;
    batch_.clear();
    batch_as_bulk_ = false;
    batch_documents_max_ =
        std::min({documents_max_, batch_documents_max_ * 2, quick ? quick_documents_max : documents_max_});
    failures_ = 0;
    backoff_.reset();
    if (!quick || !queue_->reads_journal()) return;
    not_before_ = next_at;
    turn.emit(SetTimer{timers::writer, not_before_});
}

bool StoreWriter::on_reply(Turn& turn, const Reply& reply) {
    // Without an answer it is done or not, nobody knows: the ids make a repeat harmless.
    const bool another_store = reply.response && sent_to_ != health_->generation();
    if (another_store) DAVENPORT_MARK("a write is answered after another store came");
    if (another_store) return true;  // it took them, or did not; this one is sent them
    if (reply.response && on_answer(turn, *reply.response)) return true;
    pause(turn);
    return false;
}

bool StoreWriter::on_answer(Turn& turn, const base::HttpResponse& response) {
    const auto verdict = judge(response);
    const bool single = batch_.size() == 1 && !batch_as_bulk_;
    switch (verdict) {
        case StoreVerdict::served:
            return single ? on_single(turn, response) : on_bulk(turn, response);
        case StoreVerdict::denied:
            if (single) {
                // One document alone may be what a validation function throws at, with either status; the
                // rows of a bulk answer tell the two apart.
                DAVENPORT_MARK("a single write is denied");
                batch_as_bulk_ = true;
                return false;
            }
            [[fallthrough]];
        case StoreVerdict::missing_database:
            health_->report_denied(turn, verdict, reason_of(response));
            return true;
        case StoreVerdict::trouble:
            return false;
    }
    return false;
}

bool StoreWriter::on_single(Turn& turn, const base::HttpResponse& response) {
    const auto id = batch_[0].id;
    // What is no CouchDB's answer says nothing, whatever its status: something stands between.
    const auto body = base::parse_json(response.body);
    if (!body || !body->is_object()) return false;
    switch (response.status) {
        case 201:
        case 202:
        case 409: {  // an earlier try came through, or another node's: an equal id is an equal message
            done_with_batch(turn);
            const auto revision = base::text_member(*body, "rev");
            const bool was_gone = is_over_a_deletion(revision);
            if (!was_gone) changes_->note_written(id, revision);
            outcomes_.push_back({id, true, {}, response.status == 409, was_gone});
            return true;
        }
        case 400:
        case 413:
            queue_->refuse(id);
            done_with_batch(turn);
            outcomes_.push_back({id, false, reason_of(response)});
            return true;
        default:
            return false;
    }
}

bool StoreWriter::on_bulk(Turn& turn, const base::HttpResponse& response) {
    if (response.status == 413 || response.status == 400) {
        // Something in it is too large or malformed: smaller batches, down to the one that is.
        if (batch_.size() == 1) {
            batch_as_bulk_ = false;
        } else {
            DAVENPORT_MARK("a batch is too large for the store");
            batch_documents_max_ = batch_.size() / 2;
            queue_->give_back(batch_, batch_documents_max_);
        }
        return true;
    }
    auto rows =
        response.status == 201 || response.status == 202 ? read_bulk_answer(response.body) : std::nullopt;
    if (!rows) return false;
    std::ranges::sort(*rows, {}, &BulkRow::id);
    std::vector<Item> rest;
    for (auto& item : batch_) {  // in order of arrival, which is the order in which they are shown
        const auto row = std::ranges::lower_bound(*rows, item.id, {}, &BulkRow::id);
        const bool told = row != rows->end() && row->id == item.id;
        const auto outcome = told ? row->outcome : BulkRow::Outcome::unknown;
        switch (outcome) {
            case BulkRow::Outcome::stored: {
                const bool was_gone = is_over_a_deletion(row->revision);
                if (!was_gone) changes_->note_written(item.id, row->revision);
                outcomes_.push_back({std::move(item.id), true, {}, row->conflict, was_gone});
                break;
            }
            case BulkRow::Outcome::refused:
                queue_->refuse(item.id);
                outcomes_.push_back({std::move(item.id), false, row->reason});
                break;
            case BulkRow::Outcome::unknown:
                rest.push_back(std::move(item));
                break;
        }
    }
    if (!rest.empty()) {
        DAVENPORT_MARK("a bulk answer leaves messages open");
        batch_ = std::move(rest);
        return false;
    }
    done_with_batch(turn);
    return true;
}

void StoreWriter::start_over(Turn& turn) {
    if (request_.open()) DAVENPORT_MARK("a write is under way when the store comes back");
    request_.cancel(turn);
    not_before_ = turn.now.time;
    failures_ = 0;
    backoff_.reset();
}

}  // namespace davenport::node
