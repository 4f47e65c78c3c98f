#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/change_queue.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/store/write_outcomes.hpp"
#include "node/core/turn.hpp"

#include <string>
#include <utility>
#include <vector>

namespace davenport::node::nats {

/// Publishes changed messages over what the stream has of them: reads some, decides for each which state
/// counts, publishes those that count more over the sequences that it has read, and begins again where
/// somebody was faster. One batch at a time.
///
/// A message that is not there is written with its change: a stream takes nothing away by itself.
class StreamChangeWriter {
public:
    StreamChangeWriter(const ChatConfig& config, const StreamApi& api, Requests& requests,
                       base::Random& random, ChangeQueue& queue, const StreamHealth& health);

    /// Nothing waits and nothing is under way.
    [[nodiscard]] bool idle() const { return queue_->size() == 0 && batch_.empty(); }
    /// Another stream answers than before. `keep`: what waits is for this one too.
    void store_changed(bool keep);
    void start_over(Turn& turn);
    /// The end of a turn: asks or publishes if it may.
    void pump(Turn& turn);
    [[nodiscard]] ChangeOutcomes take_outcomes() { return std::exchange(outcomes_, {}); }

private:
    struct Item {
        base::ChatMessage message;
        std::string document{};  ///< to be published; empty: what the stream has must be read first
        Sequence over = 0;
        bool sent = false;
        bool done = false;
    };

    void read(Turn& turn);
    void write(Turn& turn);
    bool on_read(Turn& turn, const Requests::Answers& answers);
    bool on_written(Turn& turn, const Requests::Answers& answers);
    void decide(Item& item, const StoredMessage& found, base::WallTime now);
    void done(Item& item, ChangeOutcome::Kind kind, std::string reason = {});
    void put_back();
    bool pause(Turn& turn);

    base::Duration request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    ChangeQueue* queue_;
    const StreamHealth* health_;
    base::Random* random_;
    Backoff backoff_;

    std::vector<Item> batch_;
    base::Generation sent_to_;
    FetchId request_ = 0;
    base::Time not_before_{};
    ChangeOutcomes outcomes_;  ///< not yet taken
};

}  // namespace davenport::node::nats
