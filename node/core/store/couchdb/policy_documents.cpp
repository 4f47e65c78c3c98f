#include "node/core/store/couchdb/policy_documents.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/core/store/policy_looks.hpp"

#include <algorithm>
#include <map>

namespace davenport::node {
namespace {

constexpr std::size_t looked_at_max = 500;
constexpr std::size_t read_at_once_max = 20'000;
constexpr base::Duration policy_pause_least = std::chrono::milliseconds{50};
constexpr base::Duration policy_pause_most = std::chrono::seconds{2};

/// By number, then by hash, as CouchDB ranks revisions.
bool is_newer(std::string_view revision, std::string_view than) {
    const auto a = base::revision_number(revision), b = base::revision_number(than);
    return a != b ? a > b : revision > than;
}

std::string document_of(std::string_view id, std::string_view revision, std::string_view body) {
    std::string out{"{\"_id\":"};
    base::append_json_string(out, id);
    if (!revision.empty()) base::append_json_string(out += ",\"_rev\":", revision);
    return out.append(",").append(body.substr(1));
}

}  // namespace

PolicyDocuments::PolicyDocuments(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                                 base::Random& random, StoreHealth& health, CommitQueue& log)
    : request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      health_{&health},
      log_{&log},
      random_{&random},
      backoff_{policy_pause_least, policy_pause_most},
      writes_max_{looked_at_max} {}

void PolicyDocuments::look_at(std::string id) {
    if (queued_.insert(id).second) to_look_at_.push_back(std::move(id));
}

void PolicyDocuments::look_at_all() {
    for (auto& id : log_->policies().ids()) look_at(std::move(id));
}

void PolicyDocuments::store_changed() {
    put_back();
    look_at_all();
}

void PolicyDocuments::start_over(Turn& turn) {
    request_.cancel(turn);
    put_back();
    not_before_ = turn.now.time;
    backoff_.reset();
    look_at_all();
}

/// What is under way is looked at anew.
void PolicyDocuments::put_back() {
    request_.forget();
    for (auto& [id, revision] : std::exchange(asked_, {})) look_at(std::move(id));
    for (auto& write : std::exchange(writes_, {})) look_at(std::move(write.id));
}

void PolicyDocuments::pump(Turn& turn) {
    if (request_.open() || !health_->usable() || turn.now.time < not_before_) return;
    if (turn.now.time >= look_again_ && !log_->policies().empty()) {
        look_again_ = turn.now.time + policies_looked_at_every(log_->policies().size());
        turn.emit(SetTimer{timers::policies, look_again_});
        look_at_all();
    }
    if (writes_.empty() && to_look_at_.empty()) return;
    sent_to_ = health_->generation();
    if (writes_.empty())
        read(turn);
    else
        write(turn);
}

// ---- what the store has, and what counts

void PolicyDocuments::on_row(Turn& turn, FeedRow& row) {
    if (!row.deleted && !row.policy) return look_at(std::move(row.id));  // it came without its document
    if (reads_of_all_ > 0) told_meanwhile_.insert(row.id);
    Told told{std::move(row.revision), row.deleted ? std::nullopt : std::move(row.policy)};
    compare(turn, row.id, &told, false);
}

bool PolicyDocuments::is_known_stored(const HeldPolicy& held) const {
    return !held.stored_in.empty() && held.stored_in == health_->generation();
}

std::string PolicyDocuments::known_revision(const std::string& id) const {
    const auto* held = log_->policies().find(id);
    return held && is_known_stored(*held) ? held->revision : std::string{};
}

void PolicyDocuments::compare(Turn& turn, const std::string& id, Told* told, bool read) {
    const auto* held = log_->policies().find(id);
    const bool was_there = held && is_known_stored(*held);
    if (!told) {
        if (held && !was_there) write_over(id, *held, {});
        return;
    }
    if (was_there && told->revision == held->revision) {
        if (read) news_.push_back({News::Kind::stored, id});
        return;
    }
    // An old row, of a feed that went back; or the document was purged and made anew.
    if (was_there && !read && !is_newer(told->revision, held->revision)) return look_at(id);
    if (!told->reading) {
        if (held) on_deleted(id, *held, read);
        return;
    }
    const auto key = told->reading->policy ? std::string_view{told->reading->policy->key} : "";
    const bool theirs_counts = !held || key >= held->key() || (was_there && key.empty());
    if (theirs_counts) return adopt(turn, id, *told);
    if (was_there) DAVENPORT_MARK("the store tells an older state of a policy");
    if (read)
        write_over(id, *held, told->revision);
    else
        look_at(id);
}

void PolicyDocuments::on_deleted(const std::string& id, const HeldPolicy& held, bool read) {
    // What was made here and is in no store yet may be younger than the deletion. What another store had was
    // deleted in this one.
    if (!held.stored_in.empty()) return gone(id);
    DAVENPORT_MARK("a policy is written over its deletion");
    if (read)
        write_over(id, held, {});  // CouchDB takes the revision of a deletion for a conflict
    else
        look_at(id);
}

void PolicyDocuments::adopt(Turn& turn, const std::string& id, Told& told) {
    auto& policies = log_->policies();
    auto& reading = *told.reading;
    const auto* held = policies.find(id);
    if (held && held->body == reading.body) {
        policies.mark_stored(id, std::move(told.revision), health_->generation());
        news_.push_back({News::Kind::stored, id});
        return;
    }
    if (!reading.policy)
        turn.warn("store: the document " + id + " is no policy (" + std::string{reading.problem} +
                  "); it is passed over");
    if (!held && policies.full())
        return turn.error("store: there are too many bans and rooms' settings; " + id + " is passed over");
    policies.set(id, std::move(reading.body), std::move(reading.policy), std::move(told.revision),
                 health_->generation());
    news_.push_back({News::Kind::changed, id});
}

void PolicyDocuments::gone(const std::string& id) {
    log_->policies().erase(id);
    news_.push_back({News::Kind::changed, id});
}

void PolicyDocuments::write_over(const std::string& id, const HeldPolicy& held, std::string_view revision) {
    if (!held.policy) return gone(id);  // of another store, and it made no sense there
    writes_.push_back({id, document_of(id, revision, held.body), held.version});
}

// ---- requests

void PolicyDocuments::read(Turn& turn) {
    while (!to_look_at_.empty() && asked_.size() < std::min(looked_at_max, writes_max_)) {
        queued_.erase(to_look_at_.front());
        auto& id = to_look_at_.front();
        auto revision = known_revision(id);
        asked_.emplace_back(std::move(id), std::move(revision));
        to_look_at_.pop_front();
    }
    std::vector<std::string> ids;
    for (const auto& [id, revision] : asked_) ids.push_back(id);
    requests_->send(
        turn, RequestOwner::policies, request_, api_->all_documents(ids, true), {.timeout = request_timeout_},
        [this](Turn& t, const Reply& reply) { return on_reply(t, reply, &PolicyDocuments::on_read); });
}

void PolicyDocuments::write(Turn& turn) {
    std::vector<std::string_view> documents;
    for (const auto& write : writes_) documents.emplace_back(write.document);
    requests_->send(turn, RequestOwner::policies, request_, api_->bulk_documents(documents),
                    {.timeout = request_timeout_}, [this](Turn& t, const Reply& reply) {
                        return on_reply(t, reply, &PolicyDocuments::on_written);
                    });
}

bool PolicyDocuments::on_reply(Turn& turn, const Reply& reply,
                               bool (PolicyDocuments::*on_answer)(Turn&, const base::HttpResponse&)) {
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
        if (verdict == StoreVerdict::served && (this->*on_answer)(turn, *reply.response)) {
            if (std::exchange(overtaken_, false))
                pause(turn);
            else if (writes_.empty())
                backoff_.reset();
            return true;
        }
    }
    put_back();  // done or not, nobody knows: what the store has is read again
    pause(turn);
    return false;
}

void PolicyDocuments::pause(Turn& turn) {
    not_before_ = turn.now.time + backoff_.next(*random_);
    turn.emit(SetTimer{timers::policies, not_before_});
}

bool PolicyDocuments::on_read(Turn& turn, const base::HttpResponse& response) {
    base::JsonReader reader;
    const auto parsed = response.status == 200 ? reader.read(response.body) : std::nullopt;
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    std::map<std::string, base::JsonView, std::less<>> by_id;
    if (!rows || !rows->each_item([&](const base::JsonView& row) {
            if (const auto key = base::string_member(row, "key")) by_id.emplace(*key, row);
        }))
        return false;
    std::vector<std::string> missing;
    for (auto& [id, known_then] : std::exchange(asked_, {})) {
        const auto row = by_id.find(id);
        if (known_revision(id) != known_then) {
            DAVENPORT_MARK("a policy is told anew while it is read");
            look_at(std::move(id));
            continue;
        }
        if (row == by_id.end()) continue;
        const auto value = row->second.member("value");
        const auto document = row->second.member("doc");
        if (base::string_member(row->second, "error") == "not_found") {
            const auto* held = log_->policies().find(id);
            if (held && is_known_stored(*held))
                missing.push_back(std::move(id));
            else
                compare(turn, id, nullptr, true);
            continue;
        }
        if (!value) continue;
        Told told{base::text_member(*value, "rev")};
        const bool deleted = base::bool_member(*value, "deleted");
        if (!deleted && (!document || !document->is_object())) continue;
        if (!deleted) told.reading = base::read_policy(id, *document);
        compare(turn, id, &told, true);
    }
    if (!missing.empty()) look_for_purges(turn, std::move(missing));
    return true;
}

bool PolicyDocuments::on_written(Turn& turn, const base::HttpResponse& response) {
    if (response.status == 400 || response.status == 413) {
        if (writes_.size() == 1) {
            const auto write = std::move(writes_.front());
            writes_.clear();
            refused(turn, write.id, reason_of(response));
        } else {
            writes_max_ = std::max<std::size_t>(1, writes_.size() / 2);
            put_back();
        }
        return true;
    }
    const auto rows =
        response.status == 201 || response.status == 202 ? read_bulk_answer(response.body) : std::nullopt;
    if (!rows) return false;
    std::map<std::string_view, const BulkRow*> by_id;
    for (const auto& row : *rows) by_id.emplace(row.id, &row);
    writes_max_ = looked_at_max;
    for (auto& write : std::exchange(writes_, {})) {
        const auto found = by_id.find(write.id);
        const auto* row = found == by_id.end() ? nullptr : found->second;
        const auto* held = log_->policies().find(write.id);
        if (row && row->outcome == BulkRow::Outcome::refused) {
            refused(turn, write.id, row->reason);
        } else if (!row || row->conflict || row->outcome != BulkRow::Outcome::stored || !held ||
                   held->version != write.version) {
            overtaken_ |= row && row->conflict;
            look_at(std::move(write.id));  // somebody was faster, here or there
        } else {
            log_->policies().mark_stored(write.id, row->revision, health_->generation());
            news_.push_back({News::Kind::stored, std::move(write.id)});
        }
    }
    return true;
}

/// What counts is then what the store has, if anything.
void PolicyDocuments::refused(Turn& turn, const std::string& id, const std::string& reason) {
    turn.error("store: it refuses the document " + id + " for good (" + reason + ")");
    log_->policies().erase(id);
    news_.push_back({News::Kind::refused, id, reason});
    look_at(id);
}

void PolicyDocuments::look_for_purges(Turn& turn, std::vector<std::string> missing) {
    requests_->send(turn, RequestOwner::policies, request_, api_->purged(), {.timeout = request_timeout_},
                    [this, missing = std::move(missing)](Turn& t, const Reply& reply) {
                        const auto purged = reply.response ? read_purged(*reply.response) : std::nullopt;
                        if (!purged) {
                            for (const auto& id : missing) look_at(id);
                            pause(t);
                            return false;
                        }
                        for (const auto& id : missing) {
                            const auto* held = log_->policies().find(id);
                            if (!held) continue;
                            if (purged->contains(id)) {
                                gone(id);
                            } else if (is_known_stored(*held)) {
                                DAVENPORT_MARK("a policy that the store lost is written again");
                                write_over(id, *held, {});
                            }
                        }
                        return true;
                    });
}

void PolicyDocuments::read_all(Turn& turn) {
    told_meanwhile_.clear();
    for (const auto lead : {base::ban_id_lead, base::room_id_lead}) {
        ++reads_of_all_;
        requests_->send(turn, RequestOwner::policies, api_->documents_of(lead, read_at_once_max),
                        {.timeout = request_timeout_, .tells_health = false},
                        [this](Turn& t, const Reply& reply) {
                            if (reply.response && reply.response->status == 200)
                                on_all(t, reply.response->body);
                            if (--reads_of_all_ == 0) told_meanwhile_.clear();
                            return true;
                        });
    }
}

void PolicyDocuments::on_all(Turn& turn, std::string_view body) {
    base::JsonReader reader;
    const auto parsed = reader.read(body);
    const auto rows = parsed ? parsed->member("rows") : std::nullopt;
    if (!rows) return;
    rows->each_item([&](const base::JsonView& row) {
        const auto id = base::text_member(row, "id");
        const auto document = row.member("doc");
        if (!base::is_policy_id(id) || !document || !document->is_object()) return;
        if (told_meanwhile_.contains(id)) return;
        Told told{base::text_member(*document, "_rev"), base::read_policy(id, *document)};
        compare(turn, id, &told, false);
    });
}

}  // namespace davenport::node
