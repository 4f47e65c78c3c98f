#pragma once

#include "node/core/feed_parser.hpp"
#include "node/core/store_health.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node {

/// What the feed brought in one turn.
struct FeedBatch {
    std::vector<FeedRow> rows;
    std::string seq;         ///< all up to here has been given; empty when nothing new is
    bool caught_up = false;  ///< at this moment the store had no more
    bool went_back =
        false;  ///< the number in front of the seq: nobody promises what that means, but it is worth a look
};

/// Follows what is written to the store, for ever: page by page until it has caught up, then live by the
/// mode's way.
///
/// Every way in which a feed can end leads back to `since` with a pause. A seq is only ever handed back to
/// the store that it came from.
class ChangesFeed {
public:
    ChangesFeed(const ChatConfig& config, const StoreApi& api, RequestTable& ids, base::Random& random,
                StoreHealth& link);

    /// Where to begin: a checkpoint's seq, or "0" for a store that was not read before. What is open is given
    /// up.
    void begin_at(Turn& turn, std::string seq);
    /// The rows are old ones, and many: goes live at once, from the store's `now` on, while somebody else
    /// reads the old stretch from seq() to there. Until attach() no seq is given.
    void detach(Turn& turn);
    [[nodiscard]] bool detached() const { return detached_; }
    /// The live feed is open: what is written from here on comes by it.
    [[nodiscard]] bool live() const { return detached_ && status_ == 200; }
    /// The old stretch is read up to `seq`, which is where the live feed began or beyond.
    void attach(Turn& turn, std::string seq);

    /// The end of a turn: asks for more if it may and nothing is open.
    void pump(Turn& turn);

    [[nodiscard]] FeedBatch on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response);
    void on_head(Turn& turn, FetchId fetch, int status);
    [[nodiscard]] FeedBatch on_data(Turn& turn, FetchId fetch, std::string_view bytes);
    [[nodiscard]] FeedBatch on_ended(Turn& turn, FetchId fetch);
    void on_failed(Turn& turn, FetchId fetch);
    void on_timer(Turn& turn);

    /// A request stands that breaks when the store behind it goes, and is not the first; between two polls
    /// there is none.
    [[nodiscard]] bool watching() const {
        return state_ == State::paging || mode_ == FeedMode::poll ? paged_
                                                                  : state_ != State::idle && status_ == 200;
    }
    /// All up to here has been given.
    [[nodiscard]] const std::string& seq() const { return seq_; }
    /// Nothing older than the last pause is missing.
    [[nodiscard]] bool caught_up() const { return caught_up_; }

private:
    enum class State {
        idle,        ///< nothing is open
        paging,      ///< catching up, or polling
        longpoll,    ///< one waiting request is open
        continuous,  ///< the feed is open
    };

    void open(Turn& turn, State state, base::HttpRequest request, bool stream);
    void close(Turn& turn);
    /// Nothing is open any more; the next try comes after a pause, and after the store has answered a probe
    /// if `doubtful`.
    void ended(Turn& turn, bool doubtful);
    void rest_until(Turn& turn, base::Time time);
    void arm(Turn& turn, base::Time at);
    void on_refusal(Turn& turn, const base::HttpResponse& response);
    FeedBatch take_page(Turn& turn, std::string_view body);

    FeedMode mode_;
    base::Duration poll_interval_, heartbeat_, dead_after_, request_timeout_;
    std::size_t page_rows_;
    const StoreApi* api_;
    RequestTable* ids_;
    base::Random* random_;
    StoreHealth* link_;
    Backoff backoff_;

    State state_ = State::idle;
    std::string seq_;
    bool detached_ = false;
    std::string live_seq_;  ///< of the last row that came while detached
    bool paged_ = false;    ///< a page was given since the feed began anew
    bool caught_up_ = false;
    FetchId fetch_ = 0;
    int status_ = 0;    ///< of the stream that is open
    std::string body_;  ///< of a longpoll, or of a refused stream
    FeedParser parser_;
    base::Time heard_at_{};  ///< when the last bytes came
    base::Time not_before_{};
};

}  // namespace davenport::node
