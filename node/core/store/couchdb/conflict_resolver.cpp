#include "node/core/store/couchdb/conflict_resolver.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <compare>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace davenport::node {
namespace {

constexpr base::Duration conflict_pause_least = std::chrono::milliseconds{50};
constexpr base::Duration conflict_pause_most = std::chrono::seconds{2};
constexpr int conflict_looks_max = 10;   // a member that lags behind may not have the document yet
constexpr int conflict_denials_max = 3;  // of a deletion, by a store that takes what else it is given

struct ConflictLeaf {
    base::JsonView document;
    std::string revision;
    std::optional<base::ChatMessage> message{};  ///< nothing: it is no longer a message
};

/// Those that are not deleted, the winner first, as CouchDB ranks them. Nothing when it is no such answer.
std::optional<std::vector<ConflictLeaf>> read_leaves(const base::JsonView& answer, base::WallTime now) {
    std::vector<ConflictLeaf> out;
    const bool is_answer = answer.each_item([&](const base::JsonView& item) {
        const auto document = item.member("ok");
        if (!document || !document->is_object() || base::bool_member(*document, "_deleted")) return;
        out.push_back({*document, base::text_member(*document, "_rev"), base::from_document(*document, now)});
    });
    if (!is_answer) return std::nullopt;
    std::ranges::sort(out, std::ranges::greater{}, [](const ConflictLeaf& leaf) {
        return std::tuple{base::revision_number(leaf.revision), std::string_view{leaf.revision}};
    });
    return out;
}

/// What counts most of all leaves and of what this node knows; nothing when none is a message.
std::optional<base::ChatMessage> outcome_of(const std::vector<ConflictLeaf>& leaves,
                                            std::optional<base::ChatMessage> best) {
    for (const auto& leaf : leaves)
        if (leaf.message) best = best ? base::later_of(*best, *leaf.message) : *leaf.message;
    // Without what makes it a message it was removed by hand.
    if (best && std::ranges::any_of(leaves, [](const ConflictLeaf& leaf) { return !leaf.message; }))
        best = base::later_of(*best, base::removed_by_store(*best));
    return best;
}

}  // namespace

ConflictResolver::ConflictResolver(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                                   base::Random& random, StoreHealth& health, CommitQueue& log)
    : request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      health_{&health},
      log_{&log},
      random_{&random},
      backoff_{conflict_pause_least, conflict_pause_most} {}

void ConflictResolver::add(std::string_view id) {
    if (queued_.emplace(id).second) return static_cast<void>(queue_.emplace_back(id));
    told_again_ |= queue_.front() == id;  // perhaps of a leaf that was not there when it was looked at
}

void ConflictResolver::store_changed() {
    request_.forget();
    queue_.clear();
    queued_.clear();
    forget_step();
    looks_in_vain_ = denials_ = 0;
    denied_ = false;
}

void ConflictResolver::start_over(Turn& turn) {
    request_.cancel(turn);
    forget_step();
    not_before_ = turn.now.time;
    backoff_.reset();
}

void ConflictResolver::pump(Turn& turn) {
    if (queue_.empty() || request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    const auto& id = queue_.front();
    if (!loser_.empty())
        ask(turn, api_->delete_document(id, loser_), &ConflictResolver::on_deleted);
    else if (!document_.empty())
        ask(turn, api_->bulk_documents({document_}), &ConflictResolver::on_written);
    else
        look(turn);
}

void ConflictResolver::look(Turn& turn) {
    told_again_ = false;
    ask(turn, api_->get_leaves(queue_.front()), &ConflictResolver::on_leaves);
}

void ConflictResolver::ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer) {
    requests_->send(turn, RequestOwner::conflicts, request_, std::move(request),
                    {.timeout = request_timeout_}, [this, on_answer](Turn& t, const Reply& reply) {
                        const bool good =
                            reply.response && !queue_.empty() && (this->*on_answer)(t, *reply.response);
                        if (good) return true;
                        forget_step();  // written or not: what the store has is read again
                        not_before_ = t.now.time + backoff_.next(*random_);
                        t.emit(SetTimer{timers::conflicts, not_before_});
                        return reply.response != nullptr && judge(*reply.response) == StoreVerdict::served;
                    });
}

void ConflictResolver::forget_step() {
    document_.clear();
    loser_.clear();
}

void ConflictResolver::settled() {
    forget_step();
    looks_in_vain_ = denials_ = 0;
    denied_ = false;
    backoff_.reset();
    queued_.erase(queue_.front());
    queue_.pop_front();
}

bool ConflictResolver::on_leaves(Turn& turn, const base::HttpResponse& response) {
    const auto& id = queue_.front();
    base::JsonReader reader;
    const auto parsed = response.status == 200 ? reader.read(response.body) : std::nullopt;
    const bool is_gone = response.status == 404 && judge(response) == StoreVerdict::served;
    const auto leaves = parsed ? read_leaves(*parsed, turn.now.wall) : std::nullopt;
    if (is_gone && ++looks_in_vain_ < conflict_looks_max) {
        DAVENPORT_MARK("a document in conflict is not found");
        return false;
    }
    if (!leaves && !is_gone) return false;
    const auto outcome = leaves && leaves->size() > 1 ? outcome_of(*leaves, log_->latest(id)) : std::nullopt;
    if (!outcome) {  // somebody was faster
        settled();
        return true;
    }
    DAVENPORT_MARK("a conflict is settled");
    const auto& winner = leaves->front();
    const bool counts = winner.message && std::is_eq(base::compare_states(*winner.message, *outcome));
    if (!counts || denied_) {
        document_ = base::to_document(*outcome, winner.document);
    } else {
        loser_ = leaves->back().revision;
        is_last_ = leaves->size() == 2;
    }
    return true;
}

bool ConflictResolver::on_written(Turn& turn, const base::HttpResponse& response) {
    const auto rows =
        response.status == 201 || response.status == 202 ? read_bulk_answer(response.body) : std::nullopt;
    if (!rows) return false;
    document_.clear();
    denied_ = false;
    for (const auto& row : *rows) {
        if (row.outcome == BulkRow::Outcome::unknown) return false;
        if (row.conflict) return true;  // somebody was faster: once more
        if (row.outcome == BulkRow::Outcome::refused) return refused(turn, row.reason), true;
    }
    backoff_.reset();
    return true;
}

bool ConflictResolver::on_deleted(Turn& turn, const base::HttpResponse& response) {
    // A validation function may throw at it with either status, and so may a store that takes nothing from
    // this node: whether the winner may be written tells the two apart.
    if (judge(response) == StoreVerdict::denied) {
        denied_ = true;
        if (++denials_ == conflict_denials_max) return refused(turn, reason_of(response)), true;
        DAVENPORT_MARK("the deletion of a losing leaf is denied");
        return false;
    }
    if (response.status == 404) DAVENPORT_MARK("a document is lost before its losing leaf is deleted");
    if (response.status != 200 && response.status != 202) return false;  // 409: somebody was faster
    backoff_.reset();
    if (told_again_) DAVENPORT_MARK("a conflict is told again while it is settled");
    if (is_last_ && !told_again_)
        settled();
    else
        forget_step();
    return true;
}

void ConflictResolver::refused(Turn& turn, const std::string& reason) {
    turn.error("store: it refuses to settle the conflict of " + queue_.front() + " (" + reason + ")");
    settled();
}

}  // namespace davenport::node
