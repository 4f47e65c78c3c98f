#pragma once

#include "node/core/config.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/store/policy_reconciler.hpp"

#include <string>
#include <string_view>

namespace davenport::node::nats {

/// The log's policies and the stream's messages of them; the last sequence of a policy's subject is its
/// revision.
///
/// A policy that is missing was lost, and is written again: a stream takes nothing away by itself.
class StreamPolicies : public PolicyReconciler {
public:
    StreamPolicies(const ChatConfig& config, const StreamApi& api, Requests& requests, base::Random& random,
                   const StreamHealth& health, CommitQueue& log);

    /// The feed tells of one. `old`: of a stretch that may be older than what was told before.
    void on_row(Turn& turn, const std::string& id, Sequence sequence, std::string_view document, bool old);
    /// Another stream answers than before.
    void store_changed();
    /// The server is back.
    void start_over(Turn& turn);
    /// The end of a turn: asks or publishes if it may.
    void pump(Turn& turn);

private:
    void compare_with(Turn& turn, const std::string& id, Sequence sequence, std::string_view document,
                      bool read);
    void read(Turn& turn);
    bool on_read(Turn& turn, const Requests::Answers& answers);
    void write(Turn& turn);
    bool on_written(Turn& turn, const Requests::Answers& answers);
    void give_up();

    base::Duration request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    const StreamHealth* health_;
    FetchId request_ = 0;
};

}  // namespace davenport::node::nats
