#pragma once

#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/store/write_outcomes.hpp"
#include "node/core/store/write_queue.hpp"
#include "node/core/turn.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace davenport::node::nats {

/// Publishes accepted messages, in order of arrival, until the stream is known to have them: each as the
/// first of its subject, so a repeat is harmless, and an answer that the subject has a message means that an
/// earlier try came through, or another node's. All of a batch are under way at once, one batch at a time.
class StreamWriter {
public:
    StreamWriter(const ChatConfig& config, const StreamApi& api, Requests& requests, base::Random& random,
                 WriteQueue& queue, const StreamHealth& health);

    /// `keep`: what waited is for this stream too; else it is in the journal.
    void store_changed(bool keep);
    /// The server is back: what was asked of it before will hardly be answered.
    void start_over(Turn& turn);
    /// The end of a turn: publishes the next batch if it may.
    void pump(Turn& turn);
    [[nodiscard]] WriteOutcomes take_outcomes() { return std::exchange(outcomes_, {}); }

    /// The highest sequence that was acknowledged since this was last asked; 0: none.
    [[nodiscard]] Sequence take_last_stored() { return std::exchange(last_stored_, Sequence{0}); }

    /// Nothing is under way.
    [[nodiscard]] bool idle() const { return batch_.empty(); }
    /// The server answers, and takes nothing: as bad as down.
    [[nodiscard]] bool stalled() const { return failures_ >= failures_until_stalled; }

private:
    static constexpr int failures_until_stalled = 3;

    void send(Turn& turn);
    bool on_answers(Turn& turn, const Requests::Answers& answers);

    std::size_t batch_max_;
    base::Duration request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    base::Random* random_;
    WriteQueue* queue_;
    const StreamHealth* health_;
    Backoff backoff_;

    std::vector<WriteQueue::Item> batch_;  ///< under way, or to be sent again as it is
    base::Generation sent_to_;             ///< the stream that the batch under way went to
    FetchId request_ = 0;
    base::Time sent_at_{}, not_before_{};
    WriteOutcomes outcomes_;  ///< not yet taken
    int failures_ = 0;
    Sequence last_stored_ = 0;
};

}  // namespace davenport::node::nats
