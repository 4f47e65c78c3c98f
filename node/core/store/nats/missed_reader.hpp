#pragma once

#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_feed.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/turn.hpp"

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace davenport::node::nats {

/// Reads from the stream, message by message, what the feed's consumer did not tell.
///
/// A consumer lives at one server and reads the copy there. It falls silent with that server; another one can
/// be made only while somebody leads all servers; and its copy may lack what the others have (nats-server
/// 2.9.10, after crashes). So the stream's leader is asked for numbers that the consumer passed over, or has
/// not reached in time; and while no consumer is open, any server is asked for what follows.
///
/// What it brings, the consumer may tell again later: the feed's place is never touched.
class MissedReader {
public:
    using Span = StreamBatch::Span;

    MissedReader(const StreamApi& api, Requests& requests, const StreamHealth& health)
        : api_{&api}, requests_{&requests}, health_{&health} {}

    /// Nobody told these. Of very many the newest are read.
    void check(const Span& span);
    /// The stream has a message with this number, by its acknowledgement or its leader's word. What a feed
    /// that has caught up does not tell of in time is checked.
    void expect(Sequence end) { expected_ = std::max(expected_, end); }
    /// Another stream, or this one has lost its end: what was known of its numbers means nothing.
    void start_over(Turn& turn);
    /// The end of a turn: asks for what is due.
    void pump(Turn& turn, const StreamFeed& feed);

    /// What came since this was last asked.
    struct News {
        std::vector<StreamRow> rows{};
        bool copy_lacks = false;  ///< the leader has some that the consumer did not tell
    };
    [[nodiscard]] News take_news() { return std::exchange(news_, {}); }

private:
    void watch_end(Turn& turn, const StreamFeed& feed);
    void ask_leader(Turn& turn);
    void ask_any(Turn& turn);
    void on_leader(Turn& turn, const base::NatsMessage* answer);
    void on_any(Turn& turn, const base::NatsMessage* answer);
    void accept_nearest();
    void read_on(Turn& turn, const StreamFeed& feed);
    void arm(Turn& turn);

    const StreamApi* api_;
    Requests* requests_;
    const StreamHealth* health_;

    std::deque<Span> spans_;  ///< to be checked, the oldest first
    FetchId leader_request_ = 0;
    base::Time leader_not_before_{};

    Sequence expected_ = 0;  ///< the stream has come to here
    Sequence checked_ = 0;   ///< all up to here was told or checked
    struct Wait {
        Sequence end;
        base::Time until;
    };
    std::optional<Wait> waits_;  ///< for the feed to tell of that one

    bool closed_ = false;     ///< the feed has a place, and is not open
    Sequence next_ = 0;       ///< to be asked of any server
    bool by_leader_ = false;  ///< the others do not answer
    /// Of those that copies answered with, none of which is `next_`: that was written over, or they lack it.
    std::optional<StreamRow> nearest_;
    int asked_for_next_ = 0;
    FetchId any_request_ = 0;
    base::Time any_not_before_{};
    std::optional<base::Time> alarm_;
    News news_;
};

}  // namespace davenport::node::nats
