#include "node/core/store/couchdb/policy_documents.hpp"

#include "node/base/change.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace davenport::node {
namespace {

constexpr std::size_t looked_at_max = 500;
constexpr std::size_t read_at_once_max = 20'000;

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
    : PolicyReconciler{log, health.generation(), random, is_newer},
      request_timeout_{config.request_timeout},
      api_{&api},
      requests_{&requests},
      health_{&health},
      writes_max_{looked_at_max} {}

void PolicyDocuments::store_changed() {
    give_up();
    look_at_all();
}

void PolicyDocuments::start_over(Turn& turn) {
    request_.cancel(turn);
    begin_again(turn.now.time);
}

/// What is under way is looked at anew.
void PolicyDocuments::give_up() {
    request_.forget();
    put_back();
}

void PolicyDocuments::pump(Turn& turn) {
    if (request_.open() || !health_->usable() || !is_due(turn)) return;
    if (writes_.empty())
        read(turn);
    else
        write(turn);
}

void PolicyDocuments::on_row(Turn& turn, FeedRow& row) {
    if (!row.deleted && !row.policy) return look_at(std::move(row.id));  // it came without its document
    if (reads_of_all_ > 0) told_meanwhile_.insert(row.id);
    Told told{std::move(row.revision), row.deleted ? std::nullopt : std::move(row.policy)};
    compare(turn, row.id, &told, false);
}

// ---- requests

void PolicyDocuments::read(Turn& turn) {
    take_to_read(std::min(looked_at_max, writes_max_));
    std::vector<std::string> ids;
    for (const auto& asked : asked_) ids.push_back(asked.id);
    requests_->send(
        turn, RequestOwner::policies, request_, api_->all_documents(ids, true), {.timeout = request_timeout_},
        [this](Turn& t, const Reply& reply) { return on_reply(t, reply, &PolicyDocuments::on_read); });
}

void PolicyDocuments::write(Turn& turn) {
    std::vector<std::string> documents;
    for (const auto& write : writes_) documents.push_back(document_of(write.id, write.over, write.body));
    requests_->send(
        turn, RequestOwner::policies, request_, api_->bulk_documents({documents.begin(), documents.end()}),
        {.timeout = request_timeout_},
        [this](Turn& t, const Reply& reply) { return on_reply(t, reply, &PolicyDocuments::on_written); });
}

bool PolicyDocuments::on_reply(Turn& turn, const Reply& reply,
                               bool (PolicyDocuments::*on_answer)(Turn&, const base::HttpResponse&)) {
    if (reply.response && is_of_another_store()) {
        give_up();
        return true;
    }
    if (reply.response) {
        const auto verdict = judge(*reply.response);
        if (verdict == StoreVerdict::denied || verdict == StoreVerdict::missing_database) {
            give_up();
            health_->report_denied(turn, verdict, reason_of(*reply.response));
            return true;
        }
        if (verdict == StoreVerdict::served && (this->*on_answer)(turn, *reply.response)) {
            if (std::exchange(overtaken_, false))
                pause(turn);
            else if (writes_.empty())
                went_well();
            return true;
        }
    }
    give_up();  // done or not, nobody knows: what the store has is read again
    pause(turn);
    return false;
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
    for (auto& asked : std::exchange(asked_, {})) {
        auto& id = asked.id;
        const auto row = by_id.find(id);
        if (is_overtaken(asked)) {
            DAVENPORT_MARK("a policy is told anew while it is read");
            look_at(std::move(id));
            continue;
        }
        if (row == by_id.end()) continue;
        const auto value = row->second.member("value");
        const auto document = row->second.member("doc");
        if (base::string_member(row->second, "error") == "not_found") {
            const auto* held = find(id);
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
            give_up();
        }
        return true;
    }
    const auto rows =
        response.status == 201 || response.status == 202 ? read_bulk_answer(response.body) : std::nullopt;
    if (!rows) return false;
    std::map<std::string_view, const BulkRow*> by_id;
    for (const auto& row : *rows) by_id.emplace(row.id, &row);
    writes_max_ = looked_at_max;
    std::vector<Write> deletions;
    for (auto& write : std::exchange(writes_, {})) {
        const auto found = by_id.find(write.id);
        const auto* row = found == by_id.end() ? nullptr : found->second;
        if (row && row->outcome == BulkRow::Outcome::refused) {
            refused(turn, write.id, row->reason);
        } else if (!row || row->conflict || row->outcome != BulkRow::Outcome::stored) {
            overtaken_ |= row && row->conflict;
            look_at(std::move(write.id));  // somebody was faster
        } else if (write.was_lost && write.over.empty() && base::revision_number(row->revision) > 1) {
            // It was deleted: a member of a cluster that lags had not heard of it, or it was in between.
            DAVENPORT_MARK("a policy that seemed lost was deleted");
            deletions.push_back({write.id, R"({"_deleted":true})", row->revision, write.version});
            gone(write.id);
        } else {
            written(write, row->revision);
        }
    }
    std::ranges::move(deletions, std::back_inserter(writes_));
    return true;
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
                            const auto* held = find(id);
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
