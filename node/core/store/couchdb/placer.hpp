#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/time.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// Finds the place in history of documents that somebody else wrote and that do not say one that can be
/// believed: without a time, with one that cannot be read, or with one that has not come yet.
///
/// The place is written down once, in a document beside it ("davenport-place:<its id>"), by whichever node is
/// first; all nodes read it there, whenever they come. A document that is known only from long ago is asked
/// for such a place too, and keeps its own time when there is none.
class Placer {
public:
    Placer(const ChatConfig& config, const StoreApi& api, RequestTable& requests, StoreHealth& health);

    /// `proposed`: where it stands unless another node has placed it. `write`: that is written down; else the
    /// message's own time is good enough.
    void add(base::ChatMessage message, base::WallTime proposed, bool write);
    /// The document is there no more: if it waits still, it is never shown.
    void forget(std::string_view id);
    /// No message waits for its place. While false, the checkpoint must not advance.
    [[nodiscard]] bool idle() const { return items_.empty(); }
    [[nodiscard]] std::size_t waiting() const { return items_.size(); }
    /// Another store answers.
    void store_changed();

    /// The end of a turn.
    void pump(Turn& turn);
    /// Those that have their place, in the order in which they came; none overtakes one before it.
    [[nodiscard]] std::vector<base::ChatMessage> take_placed() { return std::exchange(placed_, {}); }

private:
    struct Item {
        base::ChatMessage message;
        std::int64_t proposed_ms;
        bool write;
        bool gone = false;
    };

    [[nodiscard]] std::deque<Item>::iterator find(std::string_view id);
    using OnAnswer = bool (Placer::*)(const base::HttpResponse&);
    void ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer);
    bool on_places(const base::HttpResponse& response);
    bool on_written(const base::HttpResponse& response);
    void settle(const std::map<std::string, std::int64_t, std::less<>>& places);

    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    StoreHealth* health_;
    std::deque<Item> items_;  ///< the first `asked_` of them are under way
    std::size_t asked_ = 0;
    bool written_ = false;              ///< proposals for those that are under way were sent
    std::vector<std::string> wanting_;  ///< documents to be written
    Request request_;
    base::Time not_before_{};
    std::vector<base::ChatMessage> placed_;  ///< not yet taken
};

}  // namespace davenport::node
