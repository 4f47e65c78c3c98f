#pragma once

#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/store.hpp"

#include <string>
#include <utility>

namespace davenport::node {

/// The one document in which this node tells the others who is there: its revision, and what an earlier life
/// of the node left in its place.
class PresenceDocument {
public:
    PresenceDocument(const ChatConfig& config, const StoreApi& api, RequestTable& requests,
                     const CommitQueue& log);

    /// One at a time.
    void publish(Turn& turn, const base::People& people, bool asks, Store::OnPublished on_published);
    [[nodiscard]] bool publishing() const { return request_.open(); }
    /// Another store answers, or the journal has another name: nothing is known of a document there.
    void forget_revision();
    /// The life of this journal that its document was found to be of; empty when nothing new was found.
    [[nodiscard]] std::string take_run_found() { return std::exchange(run_found_, {}); }

private:
    void ask(Turn& turn, base::HttpRequest request,
             bool (PresenceDocument::*on_answer)(Turn&, const base::HttpResponse&));
    bool on_put(Turn& turn, const base::HttpResponse& response);
    bool on_read(Turn& turn, const base::HttpResponse& response);

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* requests_;
    const CommitQueue* log_;
    std::string run_found_;
    std::string revision_;  ///< of the document in the store; empty while none is known
    Request request_;
    Store::OnPublished on_published_;
};

}  // namespace davenport::node
