#pragma once

#include "node/core/store/backoff.hpp"
#include "node/core/store/couchdb/feed_parser.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// What the feed brought in one turn.
struct FeedBatch {
    std::vector<FeedRow> rows;
    std::string seq;         ///< all up to here has been given; empty when nothing new is
    bool caught_up = false;  ///< at this moment the store had no more
    bool went_back =
        false;  ///< the number in front of the seq: nobody promises what that means, but it is worth a look
    std::vector<std::string> skipped{};  ///< ids of rows that cannot be read
};

/// Follows what is written to the store, for ever: page by page until it has caught up, then live by the
/// mode's way.
///
/// Every way in which a feed can end leads back to `since` with a pause. A seq is only ever handed back to
/// the store that it came from.
class ChangesFeed final : private StreamHandler {
public:
    ChangesFeed(const ChatConfig& config, const StoreApi& api, RequestTable& requests, base::Random& random,
                StoreHealth& health);

    /// Where to begin: a checkpoint's seq, or "0" for a store that was not read before. What is open is given
    /// up.
    void begin_at(Turn& turn, std::string seq);
    /// The rows are old ones, and many: goes live at once, from the store's `now` on, while somebody else
    /// reads the old stretch from seq() to there. Until attach() no seq is given.
    void detach(Turn& turn);
    [[nodiscard]] bool detached() const { return detached_; }
    /// As detach(), from a place that is learnt first and kept: the live feed goes on from its last row when
    /// it breaks, and nothing that was written since is ever in the old stretch alone.
    void follow_from_now(Turn& turn);
    /// What is written from here on comes by the live feed.
    [[nodiscard]] bool live() const { return detached_ && (pinned_ ? !live_seq_.empty() : status_ == 200); }
    /// So far has the live feed come.
    [[nodiscard]] const std::string& live_place() const { return live_seq_; }
    /// The store is back: what was asked of it before will hardly be answered.
    void reopen(Turn& turn);
    /// The old stretch is read up to `seq`, which is where the live feed began or beyond: goes on there. What
    /// came live meanwhile comes again.
    void attach(Turn& turn, std::string seq);

    /// The end of a turn: asks for more if it may and nothing is open.
    void pump(Turn& turn);

    /// What came since this was last asked; nothing when nothing did.
    [[nodiscard]] std::optional<FeedBatch> take_batch() { return std::exchange(batch_, std::nullopt); }

    /// A request stands that breaks when the store behind it goes, and is not the first; between two polls
    /// there is none.
    [[nodiscard]] bool watching() const {
        return state_ == State::paging || mode_ == FeedMode::poll ? paged_
                                                                  : state_ != State::idle && status_ == 200;
    }
    /// It is open at the feed's end, and what is written comes by it.
    [[nodiscard]] bool listening() const {
        return !detached_ && status_ == 200 && (state_ == State::continuous || state_ == State::longpoll);
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

    void on_head(Turn& turn, int status) override;
    void on_data(Turn& turn, std::string_view bytes) override;
    void on_ended(Turn& turn) override;
    void on_broken(Turn& turn) override;

    void ask_page(Turn& turn, base::HttpRequest request);
    void open(Turn& turn, State state, base::HttpRequest request);
    void close(Turn& turn);
    /// Nothing is open any more; the next try comes after a pause, and after the store has answered a probe.
    void ended(Turn& turn);
    void rest_until(Turn& turn, base::Time time);
    void on_refusal(Turn& turn, const base::HttpResponse& response);
    void on_page(Turn& turn, std::string_view body);

    FeedMode mode_;
    base::Duration poll_interval_, heartbeat_, dead_after_, request_timeout_;
    std::size_t page_rows_;
    const StoreApi* api_;
    RequestTable* requests_;
    base::Random* random_;
    StoreHealth* health_;
    Backoff backoff_;

    State state_ = State::idle;
    std::string seq_;
    bool detached_ = false;
    bool pinned_ = false;   ///< detached, and stays so when the feed breaks
    std::string live_seq_;  ///< of the last row that came while detached
    bool paged_ = false;    ///< a page was given since the feed began anew
    bool caught_up_ = false;
    Request request_;
    int status_ = 0;    ///< of the stream that is open
    std::string body_;  ///< of a longpoll, or of a refused stream
    FeedParser parser_;
    base::Time not_before_{};
    std::optional<FeedBatch> batch_;  ///< not yet taken
};

}  // namespace davenport::node
