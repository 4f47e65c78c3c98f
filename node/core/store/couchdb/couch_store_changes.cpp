#include "node/base/change.hpp"
#include "node/base/json_view.hpp"
#include "node/base/mark.hpp"
#include "node/base/message_id.hpp"
#include "node/core/store/couchdb/couch_store.hpp"

#include <utility>

namespace davenport::node {

// ---- what is not there any more

void CouchStore::look_for_purges(Turn& turn, std::vector<std::string> missing) {
    requests_.send(turn, RequestOwner::lookup, api_.purged(), {.timeout = config_->request_timeout},
                   [this, missing = std::move(missing)](Turn& t, const Reply& reply) {
                       const auto purged = reply.response ? read_purged(*reply.response) : std::nullopt;
                       std::vector<std::string> lost;
                       for (const auto& id : missing)
                           if (!purged)
                               anti_entropy_.track(id);  // asked for once more
                           else if (purged->contains(id))
                               on_gone(t, id);
                           else
                               lost.push_back(id);
                       write_again(t, lost);
                       return purged.has_value();
                   });
}

void CouchStore::look_for_deletion(Turn& turn, const std::string& id) {
    requests_.send(turn, RequestOwner::lookup, api_.get_revisions(id), {.timeout = config_->request_timeout},
                   [this, id](Turn& t, const Reply& reply) {
                       if (reply.response && reply.response->status == 404 &&
                           judge(*reply.response) == StoreVerdict::served)
                           return true;  // its row tells
                       base::JsonReader reader;
                       const auto document = reply.response && reply.response->status == 200
                                                 ? reader.read(reply.response->body)
                                                 : std::nullopt;
                       if (!document) {
                           anti_entropy_.track(id);  // asked for once more
                           return false;
                       }
                       bool was_deleted = false;
                       if (const auto revisions = document->member("_revs_info"))
                           revisions->each_item([&](const base::JsonView& revision) {
                               was_deleted |= base::string_member(revision, "status") == "deleted";
                           });
                       const auto known = was_deleted ? log_->latest(id) : std::nullopt;
                       if (!known || known->changed()) return true;
                       DAVENPORT_MARK("a message is found written over its deletion");
                       remove_again(t, id);
                       return true;
                   });
}

void CouchStore::on_purged(Turn& turn, const std::set<std::string, std::less<>>& ids) {
    for (const auto& id : ids) {
        if (!log_->knows(id)) {
            on_gone_unknown(turn, id);
            continue;
        }
        note_vanished(id);
        const auto known = log_->latest(id);
        if (!known || known->is_removed()) continue;
        DAVENPORT_MARK("a purge is noticed");
        on_gone(turn, id);
        base::JournalEntry entry;
        entry.message = base::removed_by_store(*known);
        writes_.enqueue_again(entry);
    }
}

void CouchStore::add_gone(const FeedRow& row, std::vector<base::ChatMessage>& into) {
    const auto known = log_->latest(row.id);
    if (known) into.push_back(known->is_removed() ? *known : base::removed_by_store(*known));
    // A node that lost its journal does not know it, and who was away may.
    if (known || log_->knows(row.id)) return;
    if (auto message = base::gone_unknown(row.id)) into.push_back(std::move(*message));
}

Store::RequestId CouchStore::fetch(Turn& turn, std::string_view id, OnLookup on_lookup) {
    const auto request = std::make_shared<RequestId>();
    return *request = requests_.send(
               turn, RequestOwner::lookup, api_.get_document(id), {.timeout = config_->request_timeout},
               [this, request, on_lookup = std::move(on_lookup)](Turn& t, const Reply& reply) {
                   auto found = Lookup::no_answer;
                   if (reply.response && reply.response->status == 404 &&
                       judge(*reply.response) == StoreVerdict::served)
                       found = Lookup::unknown;
                   base::JsonReader reader;
                   const auto document = reply.response && reply.response->status == 200
                                             ? reader.read(reply.response->body)
                                             : std::nullopt;
                   const auto message = document ? base::from_document(*document, t.now.wall) : std::nullopt;
                   if (document && !message) found = Lookup::unknown;
                   if (!message) return on_lookup(t, found), found != Lookup::no_answer;
                   tell_news_apart(t, {*message}, request,
                                   [this, on_lookup, message = *message](Turn& told_in, bool told) {
                                       if (told) take_in(told_in, message);
                                       on_lookup(told_in, told ? Lookup::known : Lookup::no_answer);
                                   });
                   return true;
               });
}

}  // namespace davenport::node
