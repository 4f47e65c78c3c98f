#include "node/core/store/couchdb/presence_document.hpp"

#include "node/base/json.hpp"

#include <utility>

namespace davenport::node {

PresenceDocument::PresenceDocument(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                                   const CommitQueue& log)
    : config_{&config}, api_{&api}, requests_{&requests}, log_{&log} {}

void PresenceDocument::publish(Turn& turn, const base::People& people, bool asks,
                               Store::OnPublished on_published) {
    on_published_ = std::move(on_published);
    const base::Presence presence{log_->uuid(), config_->name, people, std::string{log_->run()}, asks};
    ask(turn, api_->put_document(base::presence_id(log_->uuid()), base::to_document(presence, revision_)),
        &PresenceDocument::on_put);
}

void PresenceDocument::forget_revision() {
    revision_.clear();
    request_.forget();
}

void PresenceDocument::ask(Turn& turn, base::HttpRequest request,
                           bool (PresenceDocument::*on_answer)(Turn&, const base::HttpResponse&)) {
    requests_->send(turn, RequestOwner::presence, request_, std::move(request),
                    {.timeout = config_->request_timeout, .sets_alarm = false, .tells_health = false},
                    [this, on_answer](Turn& t, const Reply& reply) {
                        if (!reply.response) return on_published_(Store::Published::failed), false;
                        return (this->*on_answer)(t, *reply.response);
                    });
}

bool PresenceDocument::on_put(Turn& turn, const base::HttpResponse& response) {
    if (response.status == 409) {  // of an earlier life
        ask(turn, api_->get_document(base::presence_id(log_->uuid())), &PresenceDocument::on_read);
        return true;
    }
    const bool stored = response.status == 201 || response.status == 202;
    if (stored) {
        const auto body = base::parse_json(response.body);
        revision_ = body ? base::text_member(*body, "rev") : "";
    }
    on_published_(stored ? Store::Published::stored : Store::Published::failed);
    return stored;
}

bool PresenceDocument::on_read(Turn&, const base::HttpResponse& response) {
    const auto body = base::parse_json(response.body);
    revision_ = body ? base::text_member(*body, "_rev") : "";
    run_found_ = body ? base::text_member(*body, "run") : "";
    on_published_(Store::Published::again);
    return true;
}

}  // namespace davenport::node
