#include "node/core/store_audit.hpp"

#include "node/base/json_view.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace node {
namespace {

constexpr std::size_t recent_max = 500;
constexpr std::size_t ids_per_request = 500;
constexpr std::size_t fresh_max = 5000;  // under more load than this only the newest are looked for
constexpr base::Duration look_every = std::chrono::seconds{5};
constexpr base::Duration suspect_every = std::chrono::seconds{2};

/// The ids of an `_all_docs` answer that are there and not deleted; false when it is no such answer.
bool read_found(std::string_view body, std::vector<std::string>& found) {
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    const bool is_answer = rows && rows->each_item([&](const base::JsonView& row) {
        const auto id = base::string_member(row, "id");
        const auto value = row.member("value");
        if (id && value && !base::bool_member(*value, "deleted")) found.emplace_back(*id);
    });
    std::ranges::sort(found);
    return is_answer;
}

}  // namespace

StoreAudit::StoreAudit(const ChatConfig& config, const StoreApi& api, FetchIds& ids, Ledger& ledger,
                       StoreLink& link)
    : request_timeout_{config.request_timeout}, api_{&api}, ids_{&ids}, ledger_{&ledger}, link_{&link} {}

void StoreAudit::note(std::string id) {
    lost_.erase(id);
    fresh_.push_back(std::move(id));
    if (fresh_.size() > fresh_max) fresh_.pop_front();
}

void StoreAudit::store_changed() {
    recent_.clear();
    fresh_.clear();
    again_.clear();
    lost_.clear();
    journal_read_ = false;
}

std::vector<std::string> StoreAudit::unverified() const {
    std::vector<std::string> out{fresh_.begin(), fresh_.end()};
    out.insert(out.end(), asked_.begin(), asked_.end());
    out.insert(out.end(), again_.begin(), again_.end());
    out.insert(out.end(), lost_.begin(), lost_.end());
    return out;
}

void StoreAudit::read_journal() {
    const auto last = ledger_->watermark();
    for (const auto& entry : ledger_->journal().after({}, last > recent_max ? last - recent_max : 0, recent_max))
        if (entry.accepted_here && entry.stored_in == link_->generation())
            recent_.emplace_back(entry.message.id());
}

void StoreAudit::pump(Turn& turn) {
    if (fetch_ != 0 || !link_->usable()) return;
    if (suspected_ && turn.now.time >= next_suspicion_) {
        suspected_ = false;
        next_suspicion_ = turn.now.time + suspect_every;
        if (!std::exchange(journal_read_, true)) read_journal();
        again_ = recent_;
    }
    if (!again_.empty()) {
        asked_fresh_ = false;
        ask(turn, again_);
    } else if (!fresh_.empty() && !next_look_) {
        look_later(turn);
    } else if (!fresh_.empty() && turn.now.time >= *next_look_) {
        asked_fresh_ = true;
        next_look_.reset();
        ask(turn, fresh_);
    }
}

void StoreAudit::look_later(Turn& turn) {
    next_look_ = turn.now.time + look_every;
    turn.emit(SetTimer{timers::audit, *next_look_});
}

void StoreAudit::ask(Turn& turn, std::deque<std::string>& from) {
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(from.size(), ids_per_request));
    asked_.assign(std::make_move_iterator(from.begin()), std::make_move_iterator(end));
    from.erase(from.begin(), end);
    fetch_ = ids_->next(Asker::audit);
    deadline_ = turn.now.time + request_timeout_;
    turn.emit(Fetch{fetch_, api_->all_documents(asked_, false), false});
    turn.emit(SetTimer{timers::audit, deadline_});
}

std::vector<std::string> StoreAudit::on_answer(Turn& turn, FetchId fetch,
                                               const base::HttpResponse& response) {
    if (fetch != fetch_) return {};
    std::vector<std::string> found;
    if (response.status != 200 || !read_found(response.body, found))
        return on_failed(turn, fetch), std::vector<std::string>{};
    fetch_ = 0;
    std::vector<std::string> missing;
    for (auto& id : std::exchange(asked_, {})) {
        if (!std::ranges::binary_search(found, id)) {
            lost_.insert(id);
            missing.push_back(std::move(id));
        } else if (asked_fresh_) {
            recent_.push_back(std::move(id));
            if (recent_.size() > recent_max) recent_.pop_front();
        }
    }
    return missing;
}

void StoreAudit::on_failed(Turn& turn, FetchId fetch) {
    if (fetch != fetch_) return;
    fetch_ = 0;
    auto& from = asked_fresh_ ? fresh_ : again_;
    from.insert(from.begin(), asked_.begin(), asked_.end());
    look_later(turn);
    link_->doubt(turn);
}

void StoreAudit::on_timer(Turn& turn) {
    if (fetch_ == 0 || turn.now.time < deadline_) return;
    turn.emit(CancelFetch{fetch_});
    on_failed(turn, fetch_);
}

}  // namespace node
