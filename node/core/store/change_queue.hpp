#pragma once

#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"

#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace davenport::node {

/// Changed messages that wait to be written over what the store has of them; of one message the last change
/// alone.
class ChangeQueue {
public:
    /// Queues a change. Of the same message the one that counts more stays: what is read of a journal may be
    /// older than what was queued before it is on the disk.
    void enqueue(const base::ChatMessage& message) {
        std::string id{message.id()};
        const auto [place, is_new] = waiting_.try_emplace(id, message);
        if (is_new)
            order_.push_back(std::move(id));
        else if (std::is_gteq(base::compare_states(message, place->second)))
            place->second = message;
    }
    /// Returns a change to the front (or back), unless a newer one is queued.
    void put_first(const base::ChatMessage& message) {
        std::string id{message.id()};
        if (waiting_.try_emplace(id, message).second) order_.push_front(std::move(id));
    }
    void put_last(const base::ChatMessage& message) {
        std::string id{message.id()};
        if (waiting_.try_emplace(id, message).second) order_.push_back(std::move(id));
    }
    /// The next one; only while !empty(). False when it waits no more.
    bool take(base::ChatMessage& message) {
        auto node = waiting_.extract(order_.front());
        order_.pop_front();
        if (node.empty()) return false;
        message = std::move(node.mapped());
        return true;
    }
    void clear() {
        waiting_.clear();
        order_.clear();
    }
    [[nodiscard]] bool empty() const { return order_.empty(); }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }

private:
    std::deque<std::string> order_;  ///< of what waits; an id may be there that waits no more
    std::map<std::string, base::ChatMessage, std::less<>> waiting_;
};

}  // namespace davenport::node
