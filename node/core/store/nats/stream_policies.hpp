#pragma once

#include "node/base/policy.hpp"
#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/turn.hpp"

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node::nats {

/// Keeps the log's policies and the stream's messages of them the same, by the rule that CouchDB's room has:
/// what a policy is, the stream says, unless this node has a state with a higher key, or the key is lower
/// than that of the state which the stream was known to have; one without any key was made by hand, and
/// counts.
///
/// A policy that is missing was lost, and is written again: a stream takes nothing away by itself.
class StreamPolicies {
public:
    StreamPolicies(const ChatConfig& config, const StreamApi& api, Requests& requests, base::Random& random,
                   const StreamHealth& health, CommitQueue& log);

    /// The log has a state of this policy that the stream may not have.
    void put(std::string_view id) { look_at(std::string{id}); }
    /// The feed tells of one. `old`: of a stretch that may be older than what was told before.
    void on_row(Turn& turn, const std::string& id, Sequence sequence, std::string_view document, bool old);
    /// Another stream answers than before.
    void store_changed();
    /// The server is back.
    void start_over(Turn& turn);
    /// The end of a turn: asks or publishes if it may.
    void pump(Turn& turn);

    /// What the stream's word was, for whoever asked for it.
    struct News {
        enum class Kind { changed, stored, refused } kind;
        std::string id;
        std::string reason{};
    };
    [[nodiscard]] std::vector<News> take_news() { return std::exchange(news_, {}); }

private:
    struct Write {
        std::string id, body;
        Sequence over;
        std::uint64_t version;  ///< HeldPolicy::version of what is written
    };

    void look_at(std::string id);
    void look_at_all();
    void compare(Turn& turn, const std::string& id, Sequence sequence, std::string_view document, bool read);
    void adopt(Turn& turn, const std::string& id, Sequence sequence, base::PolicyReading& reading);
    void write_over(const std::string& id, const HeldPolicy& held, Sequence over);
    [[nodiscard]] bool is_known_stored(const HeldPolicy& held) const;
    [[nodiscard]] Sequence known_sequence(const std::string& id) const;

    void read(Turn& turn);
    bool on_read(Turn& turn, const Requests::Answers& answers);
    void write(Turn& turn);
    bool on_written(Turn& turn, const Requests::Answers& answers);
    void put_back();
    bool pause(Turn& turn);

    base::Duration request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    const StreamHealth* health_;
    CommitQueue* log_;
    base::Random* random_;
    Backoff backoff_;

    std::deque<std::string> to_look_at_;
    std::set<std::string> queued_;  ///< the same
    /// Under way: ids, and the sequence that was known when they were asked for.
    std::vector<std::pair<std::string, Sequence>> asked_;
    std::vector<Write> writes_;  ///< to be written, or under way
    base::Generation sent_to_;
    FetchId request_ = 0;
    base::Time not_before_{}, look_again_{};
    std::vector<News> news_;  ///< not yet taken
};

}  // namespace davenport::node::nats
