#include "node/core/erasure.hpp"

#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"
#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/names.hpp"
#include "node/base/policy.hpp"
#include "node/base/time.hpp"
#include "node/core/store/couchdb/store_api.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::node {
namespace {

std::string deletion_of(std::string_view id, std::string_view revision) {
    std::string out;
    base::JsonWriter{out}
        .begin_object()
        .member("_id", id)
        .member("_rev", revision)
        .member("_deleted", true)
        .end_object();
    return out;
}

/// Throws when it is of no use to ask again.
void check(const base::HttpResponse& answer) {
    const auto verdict = judge(answer);
    if (verdict == StoreVerdict::missing_database)
        throw ErasureError("the store has no such database: check the name behind the host in --store");
    if (verdict == StoreVerdict::denied)
        throw ErasureError(fmt::format(
            "the store refuses ({}): give an account that may write, as in --store http://name:password@...",
            reason_of(answer)));
    if (verdict == StoreVerdict::served && answer.status >= 400)
        throw ErasureError(fmt::format("the store does not take what it is asked: {}", reason_of(answer)));
}

std::unique_ptr<const StoreApi> api_of(StoreAccess store) {
    return std::make_unique<StoreApi>(std::vector<StoreAccess>{std::move(store)});
}

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;
constexpr std::size_t rooms_max = 100'000;

}  // namespace

Erasure::Erasure(Config config, StoreAccess store)
    : config_{std::move(config)},
      api_{api_of(std::move(store))},
      reader_{std::make_unique<base::JsonReader>()} {}
Erasure::~Erasure() = default;

base::HttpRequest Erasure::request() const {
    switch (step_) {
        case Step::page: {
            if (!goes_by_ids()) return api_->documents_after(after_, id_lead(), config_.page_rows);
            const auto& ids = again_.empty() ? config_.what.ids : again_;
            const auto first = again_.empty() ? ids_asked_ : 0;
            const auto some = std::span{ids}.subspan(first, std::min(ids.size() - first, config_.page_rows));
            return api_->all_documents({some.begin(), some.end()}, true);
        }
        case Step::write:
            return api_->bulk_documents({batch().begin(), batch().end()});
        case Step::compact:
            return api_->compact();
        default:
            return api_->get_database();
    }
}

bool Erasure::take(const base::HttpResponse& answer) {
    trouble_ = answer.status < 300 ? "its answer is not a CouchDB's" : reason_of(answer);
    if (judge(answer) == StoreVerdict::denied && step_ == Step::compact) {
        progress_.not_compacted = reason_of(answer);
        step_ = Step::done;
        return true;
    }
    check(answer);
    if (judge(answer) == StoreVerdict::trouble) return false;
    if (step_ == Step::write) return take_written(answer.body);
    const auto body = reader_->read(answer.body);
    if (!body || !body->is_object()) return false;
    switch (step_) {
        case Step::database:
            take_database(*body);
            return true;
        case Step::page:
            return take_page(*body);
        case Step::compact:
            step_ = Step::compacted;
            return true;
        default:
            if (!base::bool_member(*body, "compact_running")) step_ = Step::done;
            return true;
    }
}

void Erasure::take_database(const base::JsonView& database) {
    const auto& ids = config_.what.ids;
    progress_.of = ids.empty()
                       ? static_cast<std::uint64_t>(base::int_member(database, "doc_count").value_or(0))
                       : ids.size();
    step_ = Step::page;
}

bool Erasure::take_page(const base::JsonView& page) {
    std::size_t rows = 0;
    const auto list = page.member("rows");
    const bool is_page = list && list->each_item([&](const base::JsonView& row) {
        ++rows;
        const auto key = base::string_member(row, "key").value_or("");
        if (!goes_by_ids()) after_ = key;
        const auto document = row.member("doc");
        if (document && document->is_object())
            take_document(*document);
        else if (again_.empty() && goes_by_ids())
            progress_.missing.emplace_back(key);
    });
    if (!is_page) return false;
    if (!again_.empty()) {
        again_.erase(again_.begin(), again_.begin() + static_cast<std::ptrdiff_t>(
                                                          std::min(again_.size(), config_.page_rows)));
    } else {
        progress_.documents += rows;
        ids_asked_ += rows;
        last_page_ = goes_by_ids() ? ids_asked_ >= config_.what.ids.size() : rows < config_.page_rows;
    }
    go_on();
    return true;
}

void Erasure::take_document(const base::JsonView& document) {
    const auto message = base::from_document(document, base::wall_from_unix_ms(config_.key.unix_ms));
    if (!message) {
        if (again_.empty() && goes_by_ids()) progress_.missing.push_back(base::text_member(document, "_id"));
        return;
    }
    const auto unix_ms = base::key_of_position(message->position()).unix_ms;
    if (!config_.what.covers(*message, unix_ms)) return;
    const bool is_first_look = counted_.erase(std::string{message->id()}) == 0;
    if (is_first_look) progress_.count(*message, unix_ms);
    if (const auto losers = document.member("_conflicts"))
        losers->each_item([&](const base::JsonView& revision) {
            if (const auto text = revision.string()) {
                documents_.push_back(deletion_of(message->id(), *text));
                is_conflict_.push_back(true);
            }
        });
    if (message->is_removed()) {
        if (is_first_look) ++progress_.removed_before;
        return;
    }
    documents_.push_back(base::to_document(base::removed(*message, config_.key, config_.by), document));
    is_conflict_.push_back(false);
}

bool Erasure::Selection::covers(const base::ChatMessage& message, std::int64_t unix_ms) const {
    if (!room.empty() && message.room() != room) return false;
    if (before_unix_ms && unix_ms >= *before_unix_ms) return false;
    return user.empty() || message.user() == user || base::prepare_name(message.user()).text == user;
}

void Erasure::Progress::count(const base::ChatMessage& message, std::int64_t unix_ms) {
    ++found;
    auto& room = rooms[std::string{message.room()}];
    if (room.messages++ == 0) room.first_unix_ms = room.last_unix_ms = unix_ms;
    room.first_unix_ms = std::min(room.first_unix_ms, unix_ms);
    room.last_unix_ms = std::max(room.last_unix_ms, unix_ms);
}

bool Erasure::take_written(std::string_view body) {
    const auto rows = read_bulk_answer(body);
    // A row for each document, in their order: two may have one id.
    if (!rows || rows->size() != batch().size()) return false;
    bool any_settled = false;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto& row = (*rows)[i];
        if (row.outcome == BulkRow::Outcome::unknown || row.conflict) {
            if (counted_.insert(row.id).second) again_.push_back(row.id);
            continue;
        }
        any_settled = true;
        if (row.outcome == BulkRow::Outcome::refused)
            progress_.refused.push_back({row.id, row.reason});
        else
            ++(is_conflict_[written_ + i] ? progress_.conflicts : progress_.erased);
    }
    written_ += rows->size();
    if (written_ == documents_.size()) clear();
    go_on();
    if (!any_settled)
        trouble_ = "it took none of the removals: others write to the same messages, or it has trouble";
    return any_settled;
}

void Erasure::go_on() {
    if (config_.dry_run) clear();
    if (!documents_.empty()) {
        step_ = Step::write;
    } else if (!again_.empty() || !last_page_) {
        step_ = Step::page;
    } else if (config_.compact && !config_.dry_run && progress_.found > 0) {
        step_ = Step::compact;
    } else {
        step_ = Step::done;
    }
}

std::span<const std::string> Erasure::batch() const {
    return std::span{documents_}.subspan(written_,
                                         std::min(config_.write_rows, documents_.size() - written_));
}

void Erasure::clear() {
    written_ = 0;
    documents_.clear();
    is_conflict_.clear();
}

/// What all ids of the room's own messages begin with. The room of foreign documents has ids of any form.
std::string Erasure::id_lead() const {
    const auto& room = config_.what.room;
    return room.empty() || room == base::default_room ? std::string{} : room + ':';
}

// ---- how long rooms keep what was said

RetentionReader::RetentionReader(StoreAccess store) : api_{api_of(std::move(store))} {}
RetentionReader::~RetentionReader() = default;
std::string RetentionReader::shown_as() { return std::string{base::removed_by_retention}; }

base::HttpRequest RetentionReader::request() const {
    return api_->documents_of(base::room_id_lead, rooms_max);
}

std::optional<std::vector<Erasure::Selection>> RetentionReader::take(const base::HttpResponse& answer,
                                                                     std::int64_t now_ms) {
    check(answer);
    if (judge(answer) == StoreVerdict::trouble) return std::nullopt;
    base::JsonReader reader;
    const auto body = reader.read(answer.body);
    const auto rows = body ? body->member("rows") : std::nullopt;
    std::vector<Erasure::Selection> out;
    const bool is_list = rows && rows->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        const auto document = row.member("doc");
        if (!id || !document) return;
        const auto read = base::read_policy(*id, *document);
        const auto* settings = read.policy ? std::get_if<base::RoomSettings>(&read.policy->what) : nullptr;
        if (settings && settings->retention_days > 0)
            out.push_back(
                {.room = settings->room, .before_unix_ms = now_ms - settings->retention_days * day_ms});
    });
    if (!is_list) return std::nullopt;
    return out;
}

}  // namespace davenport::node
