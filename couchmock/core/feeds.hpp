#pragma once

#include "couchmock/core/database.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/events.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace davenport::couchmock {

enum class FeedKind {
    normal,
    longpoll,
    continuous,
    eventsource
};  // the last two have rows one by one, for good

/// Which documents a feed shows.
struct FeedFilter {
    std::function<bool(const Document&)> passes{};  ///< empty: all do
    /// Judges each revision that a row would name: the winner's, or all leaves'. A row names those that pass.
    std::function<bool(const Document&, std::size_t node)> passes_leaf{};
    /// What is shown of an included document.
    std::function<std::string(const std::string& json)> project{};
    bool by_lookup =
        false;  ///< CouchDB looks the documents up, and then counts what it left out as still to come
};

/// What a reader of `_changes` asked for.
struct FeedOptions {
    FeedKind kind = FeedKind::normal;
    MemberIndex member = whole_cluster;  ///< whose copy is read
    Position since;
    bool descending = false;
    bool all_leaves = false;  ///< style=all_docs
    bool include_docs = false;
    DocumentView view;  ///< of the included documents
    std::uint64_t limit = 1'000'000'000'000'000;
    std::uint64_t seq_interval = 0;  ///< only every n-th row gets a seq; 0: every row
    std::optional<base::Duration> heartbeat;
    base::Duration timeout = base::Duration::max();
    FeedFilter filter;
};

/// Writes rows of one database's feed from a position on.
class RowReader {
public:
    RowReader(Database& database, const FeedOptions& options);

    /// Appends rows to `out`, framed as the feed's kind wants it, until it has `bytes_max` bytes or there is
    /// no more. True when it stopped for want of rows or by the limit, false when there may be more.
    bool read(std::string& out, std::size_t bytes_max);

    /// Counts what is ahead, for pending(): at the start, and whenever new changes woke the feed up.
    void begin_look();
    [[nodiscard]] const Position& position() const { return position_; }
    [[nodiscard]] std::uint64_t rows() const { return rows_; }
    [[nodiscard]] bool limit_reached() const { return rows_ >= options_.limit; }
    /// What lies behind the last row, as far as CouchDB counts it: of the changes since the last look, those
    /// that were not shown.
    [[nodiscard]] std::uint64_t pending() const;
    /// How the feed ends: the closing brackets that its kind has, and `"last_seq":"...","pending":0}`.
    [[nodiscard]] std::string last_words() const;

private:
    /// The next change in an order that is one of those that the shards allow.
    const ChangesLog::Change* next(std::size_t& shard);
    /// The revisions of `document` that the filter lets a row name.
    [[nodiscard]] std::vector<std::size_t> passing_leaves(const Document& document) const;
    /// `leaves`: what the row names, where a filter judged them; else empty.
    void append_row(std::string& out, std::size_t shard, const ChangesLog::Change& change,
                    const std::vector<std::size_t>& leaves);

    Database& database_;
    ChangesLog& log_;
    const FeedOptions& options_;
    Position position_;
    std::vector<std::size_t> index_;  // descending: entries not yet shown, by shard
    std::uint64_t rows_ = 0;
    std::size_t turn_ = 0;
    Position looked_from_;     // the position when the look began
    std::uint64_t ahead_ = 0;  // changes after the position when the look began
    std::uint64_t rows_then_ = 0;
};

/// All followers of all databases.
///
/// A follower owns no queue: it has a position, and is given what lies behind it when its last chunk was
/// Written. Rows are made once per database and shared.
class Feeds {
public:
    explicit Feeds(Effects& effects) : effects_(effects) {}

    /// Begins a feed whose head was sent already.
    void open(ExchangeId exchange, Database& database, FeedOptions options, base::Now now);
    /// The database has new changes: those who wait are told.
    void wake(const Database& database, base::Now now);
    /// The database is dropped: its feeds end properly.
    void end_all(const Database& database, base::Now now);
    /// A member of the cluster is gone: feeds of its copy are cut.
    void cut_all(MemberIndex member);
    /// False when `exchange` is not a feed.
    bool on_written(ExchangeId exchange, base::Now now);
    bool on_abandoned(ExchangeId exchange);
    void on_time(base::Now now);
    /// When on_time() is wanted.
    [[nodiscard]] std::optional<base::Time> deadline() const;
    [[nodiscard]] std::size_t size() const { return feeds_.size(); }

private:
    struct Feed {
        Feed(ExchangeId id, Database& db, FeedOptions wanted)
            : exchange(id), database(db), options(std::move(wanted)), reader(db, options) {}
        ExchangeId exchange;
        Database& database;
        FeedOptions options;
        RowReader reader;
        bool in_flight = false;
        bool said_anything = false;
        bool woken = false;  ///< there may be rows behind the reader
        bool beat_due = false;
        bool ending = false;                    ///< its time is over
        bool ended = false;                     ///< the last chunk is under way
        std::optional<std::string> last_words;  ///< the database is gone: say this, then end
        base::Time quiet_since;                 ///< when something was sent last
        std::optional<base::Time> timer;
    };
    using ById = std::map<ExchangeId, Feed*>;

    void pump(Feed& feed, base::Now now);
    void send(Feed& feed, std::string bytes, base::Now now);
    void finish(Feed& feed, std::string rows, base::Now now);
    void set_timer(Feed& feed, std::optional<base::Time> at);
    void erase(Feed& feed);

    Effects& effects_;
    std::unordered_map<ExchangeId, std::unique_ptr<Feed>> feeds_;
    std::unordered_map<const Database*, ById> by_database_;
    std::set<std::pair<base::Time, ExchangeId>> timers_;
};

}  // namespace davenport::couchmock
