#pragma once

#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/nats/requests.hpp"
#include "node/core/store/nats/stream_api.hpp"
#include "node/core/store/nats/stream_health.hpp"
#include "node/core/turn.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace davenport::node::nats {

/// What a feed brought in one turn.
struct StreamBatch {
    std::vector<StreamRow> rows{};
    struct Span {
        Sequence first, last;
    };
    /// Numbers between these rows of which the consumer told none: written over, as a rule.
    std::vector<Span> passed_over{};
    bool went_back = false;   ///< the place where it began is another message's now
    bool renumbered = false;  ///< that, or the stream is shorter: what was known of its numbers means nothing
};

/// Follows the stream from a place on: an ordered consumer of its own, made anew from the last message that
/// came whenever one is missing, the server dropped it, or it falls silent.
///
/// It begins at the last message that was read, inclusive, and knows it by its time. When another one stands
/// there, or none (it was written over, or the server lost it and what came after), it begins some seconds of
/// the server's clock before it: what is told again is known, and what took a lost message's number is not
/// passed over.
class StreamFeed final : public Listener {
public:
    /// `alarm`: the timer that is its own.
    StreamFeed(const ChatConfig& config, const StreamApi& api, Requests& requests, base::Random& random,
               const StreamHealth& health, TimerId alarm);

    /// Reads on from here, whatever it did before.
    void begin_at(Turn& turn, StreamPlace place);
    /// From what the server has taken since some seconds before this moment.
    void begin_at_time(Turn& turn, std::int64_t taken_ns);
    /// From what is written from now on.
    void begin_with_news(Turn& turn);
    /// All up to here has come another way: where no news has come yet, a lost consumer begins again here.
    void has_read(const StreamPlace& place) {
        if (place_.sequence == 0) place_ = place;
    }
    void stop(Turn& turn);
    /// This consumer does not tell all: another one is made, perhaps at another server.
    void change_consumer(Turn& turn) {
        if (open()) ended(turn);
    }
    /// The end of a turn: opens what should be open and may be.
    void pump(Turn& turn);
    void on_timer(Turn& turn, TimerId timer);

    [[nodiscard]] bool active() const { return active_; }
    /// The server sends, or is about to.
    [[nodiscard]] bool open() const { return state_ == State::open; }
    /// All that the stream had was brought at some moment since it was opened.
    [[nodiscard]] bool caught_up() const { return open() && caught_up_; }
    /// All up to here has been brought.
    [[nodiscard]] const StreamPlace& place() const { return place_; }
    /// How many followed when it was opened.
    [[nodiscard]] std::uint64_t pending_at_start() const { return pending_at_start_; }
    /// What came since this was last asked.
    [[nodiscard]] std::optional<StreamBatch> take_batch() { return std::exchange(batch_, std::nullopt); }

    // ---- of the subscription
    void on_delivered(Turn& turn, std::vector<base::NatsMessage>& messages) override;
    void on_broken(Turn& turn) override;

private:
    enum class State { closed, making, open };
    using At = StreamApi::Start::At;

    void make(Turn& turn);
    void on_made(Turn& turn, const ConsumerInfo& info);
    void on_status(Turn& turn, const base::NatsMessage& message);
    void on_row(Turn& turn, StreamRow&& row);
    /// The known place is not there: begins before it.
    void rewind(Turn& turn);
    void close(Turn& turn);
    /// It is made again after a pause.
    void ended(Turn& turn);
    void heard(Turn& turn);
    void note_passed_over(Sequence told);
    StreamBatch& batch();

    base::Duration heartbeat_, dead_after_, request_timeout_;
    const StreamApi* api_;
    Requests* requests_;
    base::Random* random_;
    const StreamHealth* health_;
    TimerId alarm_;
    Backoff backoff_;

    bool active_ = false;
    State state_ = State::closed;
    At at_ = At::beginning;
    StreamPlace place_;
    bool expects_place_ = false;  ///< the first row should be the place itself
    bool lost_end_ = false;       ///< the stream had the place, and is shorter now
    bool caught_up_ = false;
    std::uint64_t pending_at_start_ = 0;
    std::uint64_t number_ = 0;  ///< of the last row of this consumer
    FetchId subscription_ = 0, request_ = 0;
    int unanswered_ = 0;  ///< requests for a consumer, since there was one
    base::Time dead_at_{}, not_before_{};
    std::optional<base::Time> alarm_at_;
    std::optional<StreamBatch> batch_;  ///< not yet taken
};

}  // namespace davenport::node::nats
