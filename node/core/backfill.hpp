#pragma once

#include "node/core/commit_queue.hpp"
#include "node/core/feed_parser.hpp"
#include "node/core/store_health.hpp"

#include <deque>
#include <string>
#include <vector>

namespace davenport::node {

/// What a scan found in one turn.
struct BackfillBatch {
    std::vector<std::string> known;  ///< ids of messages that this node has, and the store too
    std::vector<FeedRow> rows;       ///< what it had not
    bool done = false;               ///< the stretch is read, up to where the live feed began or beyond
};

/// Reads an old stretch of the feed beneath a live one: pages of ids without documents, and only those
/// documents that are missing here. So a store that starts over at its first row costs a new message nothing.
/// What was written between the live feed's last row and its new beginning is at the far end of the stretch:
/// as soon as the feed is open again, the newest rows are looked at first.
///
/// One request at a time.
class Backfill {
public:
    Backfill(const ChatConfig& config, const StoreApi& api, RequestTable& ids, CommitQueue& commit_queue,
             StoreHealth& link);

    void begin(std::string seq);
    void stop(Turn& turn);
    [[nodiscard]] bool active() const { return !seq_.empty(); }
    /// Everything up to here has been given.
    [[nodiscard]] const std::string& seq() const { return seq_; }

    /// The end of a turn. `live`: the live feed is open, so that what is written from now on comes by it.
    void pump(Turn& turn, bool live);
    [[nodiscard]] BackfillBatch on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response);
    void on_failed(Turn& turn, FetchId fetch);
    void on_timer(Turn& turn);

private:
    BackfillBatch take_page(Turn& turn, const base::HttpResponse& response);
    BackfillBatch take_newest(Turn& turn, const base::HttpResponse& response);
    BackfillBatch take_documents(Turn& turn, const base::HttpResponse& response);
    [[nodiscard]] bool page_done();
    void failed(Turn& turn);

    std::size_t page_rows_;  ///< some milliseconds of work: live messages come in between
    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* ids_;
    CommitQueue* commits_;
    StoreHealth* link_;
    std::string seq_;                  ///< empty: nothing to do
    std::string page_end_;             ///< the last_seq of the page whose documents are being fetched
    std::deque<std::string> missing_;  ///< of that page
    std::vector<std::string> asked_;   ///< documents under way
    bool asked_live_ = false;          ///< the live feed was open when the page was asked for
    bool last_page_ = false;
    bool newest_wanted_ = false;  ///< the newest rows are still to be looked at
    bool newest_asked_ = false;   ///< that is what is under way
    FetchId fetch_ = 0;
    base::Time deadline_{};
    base::Time not_before_{};
};

}  // namespace davenport::node
