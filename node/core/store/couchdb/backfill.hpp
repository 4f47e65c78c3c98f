#pragma once

#include "node/core/log/commit_queue.hpp"
#include "node/core/store/couchdb/feed_parser.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_health.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// The rows of an `_all_docs` answer that have a document that can be read.
std::vector<FeedRow> read_documents(std::string_view body, base::WallTime seen);

/// What a scan found in one turn.
struct BackfillBatch {
    std::vector<std::string> known;   ///< ids of messages that this node has, and the store too
    std::vector<FeedRow> rows;        ///< what it had not, or may have otherwise
    bool done = false;                ///< the stretch is read, up to where the live feed began or beyond
    std::vector<std::string> told{};  ///< the ids of all these, in the store's order
    bool newest = false;              ///< nothing that the store has is newer
    /// Ids of what was written since the live feed is open, and may not have come by it yet. For a fresh
    /// node: what else these rows bring was there before.
    std::vector<std::string> written_lately{};
};

/// Reads an old stretch of the feed beneath a live one: pages of ids without documents, and only those
/// documents that are missing here or were changed. So a store that starts over at its first row costs a new
/// message nothing. What was written between the live feed's last row and its new beginning is at the far end
/// of the stretch: as soon as the feed is open again, the newest rows are looked at first.
///
/// One request at a time.
class Backfill {
public:
    /// Whether no store is known to have had this message of ours. That it has a document of this id does not
    /// say then that it has what this node knows: a journal that was put back may lack a removal that was
    /// written with the document.
    using IsUnproven = std::function<bool(const std::string& id)>;

    Backfill(const ChatConfig& config, const StoreApi& api, RequestTable& requests, CommitQueue& log,
             StoreHealth& health, IsUnproven is_unproven);

    void begin(std::string seq);
    /// All of it is new here, and older than this node: with documents, page after page.
    void begin_fresh(std::string seq);
    void stop(Turn& turn);
    /// The store is back: what was asked of it before will hardly be answered.
    void reopen(Turn& turn);
    [[nodiscard]] bool fresh() const { return active() && fresh_; }
    /// Rows that were read since it began.
    [[nodiscard]] std::uint64_t rows_read() const { return rows_read_; }
    [[nodiscard]] bool active() const { return !seq_.empty(); }
    /// Everything up to here has been given.
    [[nodiscard]] const std::string& seq() const { return seq_; }

    /// The end of a turn. `live`: the live feed is open, so that what is written from now on comes by it.
    /// `live_place`: so far it has come.
    void pump(Turn& turn, bool live, const std::string& live_place);
    /// What was found since this was last asked; nothing when nothing was read.
    [[nodiscard]] std::optional<BackfillBatch> take_batch() { return std::exchange(batch_, std::nullopt); }

private:
    /// Takes the body of an answer; false when it is unusable.
    using OnAnswer = bool (Backfill::*)(std::string_view body, base::WallTime seen);
    void ask(Turn& turn, base::HttpRequest request, OnAnswer on_answer);
    bool on_page(std::string_view body, base::WallTime seen);
    bool on_newest(std::string_view body, base::WallTime seen);
    bool on_fresh_page(std::string_view body, base::WallTime seen);
    bool on_documents(std::string_view body, base::WallTime seen);
    bool on_written_lately(std::string_view body, base::WallTime seen);
    /// Gives what a fresh node reads, at once or when it is known what of it is news.
    void give(BackfillBatch batch, std::uint64_t pending);
    void give_now(BackfillBatch batch);
    [[nodiscard]] bool page_done();
    /// The row has its message as it was said, and nothing else is known of it.
    [[nodiscard]] bool is_as_said(const FeedRow& row) const;
    [[nodiscard]] std::size_t fresh_rows() const;

    std::size_t page_rows_;  ///< some milliseconds of work: live messages come in between
    base::Duration request_timeout_;
    const StoreApi* api_;
    RequestTable* requests_;
    CommitQueue* log_;
    StoreHealth* health_;
    IsUnproven is_unproven_;
    std::string seq_;                  ///< empty: nothing to do
    std::string page_end_;             ///< the last_seq of the page that was read last, and not all given yet
    std::deque<std::string> missing_;  ///< of that page
    std::vector<std::string> asked_;   ///< documents under way
    int looks_in_vain_ = 0;    ///< that the feed told of and the store did not find, one after the other
    bool asked_live_ = false;  ///< the live feed was open when the page was asked for
    bool last_page_ = false;
    bool fresh_ = false;
    std::uint64_t rows_read_ = 0;
    bool newest_wanted_ = false;  ///< the newest rows are still to be looked at
    Request request_;
    base::Time not_before_{};
    std::optional<BackfillBatch> batch_;  ///< not yet taken
    std::optional<BackfillBatch> held_;   ///< until it is known what of it is news
};

}  // namespace davenport::node
