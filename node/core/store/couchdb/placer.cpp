#include "node/core/store/couchdb/placer.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr std::string_view place_id_lead = "davenport-place:";
constexpr std::size_t documents_max = 100;
constexpr base::Duration pause = std::chrono::milliseconds{250};

std::string place_document(std::string_view id, std::int64_t at_ms) {
    std::string out = "{\"_id\":";
    base::append_json_string(out, std::string{place_id_lead} + std::string{id});
    return out + ",\"v\":1,\"at\":" + std::to_string(at_ms) + "}";
}

base::ChatMessage placed_at(const base::ChatMessage& m, std::int64_t ms) {
    const auto position = base::make_foreign_letters(ms, m.id());
    auto parts = m.parts();
    parts.position = position;
    return base::ChatMessage{parts};
}

}  // namespace

Placer::Placer(const ChatConfig& config, const StoreApi& api, RequestTable& requests, StoreHealth& health)
    : request_timeout_{config.request_timeout}, api_{&api}, requests_{&requests}, health_{&health} {}

void Placer::add(base::ChatMessage message, base::WallTime proposed, bool write) {
    if (const auto item = find(message.id()); item != items_.end())
        item->message = base::later_of(item->message, message);
    else
        items_.push_back({std::move(message), base::unix_ms(proposed), write});
}

void Placer::forget(std::string_view id) {
    if (const auto item = find(id); item != items_.end()) item->gone = true;
}

std::deque<Placer::Item>::iterator Placer::find(std::string_view id) {
    return std::ranges::find_if(items_, [&](const Item& item) { return item.message.id() == id; });
}

void Placer::store_changed() {
    request_.forget();
    items_.clear();
    wanting_.clear();
    asked_ = 0;
    written_ = false;
}

void Placer::pump(Turn& turn) {
    if (items_.empty() || request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    if (!wanting_.empty()) {
        const std::vector<std::string_view> documents{wanting_.begin(), wanting_.end()};
        return ask(turn, api_->bulk_documents(documents), &Placer::on_written);
    }
    // Read back are those that were written: one that came meanwhile has not been proposed yet.
    if (!written_) asked_ = std::min(items_.size(), documents_max);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < asked_; ++i)
        ids.push_back(std::string{place_id_lead} + std::string{items_[i].message.id()});
    ask(turn, api_->all_documents(ids, true), &Placer::on_places);
}

void Placer::ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer) {
    requests_->send(turn, RequestOwner::placer, request_, std::move(request), {.timeout = request_timeout_},
                    [this, on_answer](Turn& t, const Reply& reply) {
                        if (reply.response && (this->*on_answer)(*reply.response)) return true;
                        not_before_ = t.now.time + pause;
                        t.emit(SetTimer{timers::placer, not_before_});
                        return false;
                    });
}

bool Placer::on_places(const base::HttpResponse& response) {
    base::JsonReader reader;
    const auto parsed = response.status == 200 ? reader.read(response.body) : std::nullopt;
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    std::map<std::string, std::int64_t, std::less<>> places;
    const bool is_answer = rows && rows->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        const auto document = row.member("doc");
        const auto at = document && document->is_object() ? document->member("at") : std::nullopt;
        const auto ms = at ? at->integer() : std::nullopt;
        if (id && ms && id->starts_with(place_id_lead)) places.emplace(id->substr(place_id_lead.size()), *ms);
    });
    if (!is_answer) return false;
    for (std::size_t i = 0; i < asked_ && !written_; ++i)
        if (const auto& item = items_[i]; item.write && !places.contains(item.message.id()))
            wanting_.push_back(place_document(item.message.id(), item.proposed_ms));
    if (wanting_.empty()) settle(places);
    return true;
}

/// Whose word it is now, is read back.
bool Placer::on_written(const base::HttpResponse& response) {
    const bool denied = response.status == 401 || response.status == 403;
    if (!denied && response.status != 201 && response.status != 202) return false;
    wanting_.clear();
    written_ = true;
    return true;
}

void Placer::settle(const std::map<std::string, std::int64_t, std::less<>>& places) {
    for (; asked_ > 0; --asked_) {
        const auto& item = items_.front();
        const auto place = places.find(item.message.id());
        // A store that takes no places: the beginning of time is the same for all.
        const auto otherwise = item.write ? 0 : item.proposed_ms;
        if (!item.gone)
            placed_.push_back(placed_at(item.message, place == places.end() ? otherwise : place->second));
        items_.pop_front();
    }
    written_ = false;
}

}  // namespace davenport::node
