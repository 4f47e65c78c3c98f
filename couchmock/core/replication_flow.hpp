#pragma once

#include "couchmock/core/events.hpp"
#include "couchmock/core/replication.hpp"
#include "couchmock/core/replication_end.hpp"
#include "couchmock/core/replication_log.hpp"
#include "node/base/http.hpp"
#include "node/base/time.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace davenport::couchmock {

/// What a replication wants, beside its ends.
struct ReplicationWish {
    std::string id{};  ///< names its checkpoints
    bool continuous = false;
    bool create_target = false;
    std::string create_parameters{};  ///< of the target's making: "?q=2", or empty
    bool use_checkpoints = true;
    base::Duration checkpoint_interval = std::chrono::seconds{30};
    boost::json::value since{};                         ///< null: where the checkpoints say
    std::string changes_query{};                        ///< "&filter=_doc_ids", "&style=main_only"
    std::string changes_body{};                         ///< of a POST; empty: GET
    bool names_documents = false;                       ///< by `doc_ids`
    std::size_t rows_max = 500;                         ///< of the feed, at once
    std::uint64_t retries = 5;                          ///< of one request
    base::Duration timeout = std::chrono::seconds{30};  ///< of one request
};

/// One run of a replication over HTTP, the way CouchDB's replicator goes: reads both checkpoints, and then
/// page by page what changed, which revisions the target lacks, these with their attachments, and writes
/// them.
///
/// It asks one thing at a time. Whoever drives it performs each Step and reports how it ended. Its memory is
/// bounded by the answers': a page of the feed, and as many documents as one answer may have.
class ReplicationFlow {
public:
    enum class Side { source, target };
    struct Ask {
        Side side;
        base::HttpRequest request;
        base::Duration timeout;
    };  ///< answer with on_answer() or on_lost()
    struct Sleep {
        base::Duration delay;
    };  ///< answer with on_timer()
    struct AwaitChange {
        base::Duration at_most;
    };  ///< of a source of ours: answer with on_timer() when it changed, or after this long
    struct Finished {
        std::string answer;  ///< the members of `_replicate`'s answer, as JSON
    };
    struct Crashed {
        std::string error;
        std::string reason;  ///< empty: `error` says it all
    };
    using Step = std::variant<Ask, Sleep, AwaitChange, Finished, Crashed>;

    ReplicationFlow(ReplicationEnd source, ReplicationEnd target, ReplicationWish wish, std::string session,
                    base::Now now);

    Step start() { return enter(State::opening_source); }
    Step on_answer(const base::HttpResponse& response, base::Now now);
    Step on_lost(FetchFailure failure, base::Now now);
    Step on_timer(base::Now now);

    [[nodiscard]] const ReplicationCounts& counts() const { return counts_; }
    /// The source's seq that both ends remember; 0 before the first.
    [[nodiscard]] const boost::json::value& committed() const { return committed_; }
    [[nodiscard]] const boost::json::value& through() const { return since_; }
    /// What the source says to be behind that; nothing before it was asked.
    [[nodiscard]] const boost::json::value& pending() const { return pending_; }
    [[nodiscard]] const ReplicationEnd& end(Side side) const {
        return side == Side::source ? source_ : target_;
    }

private:
    enum class State {
        opening_source,
        opening_target,
        creating_target,
        reading_source_log,
        reading_target_log,
        reading_changes,
        awaiting_change,
        comparing,
        fetching,
        writing,
        committing_source,
        committing_target,
        saving_to_source,
        saving_to_target,
        checking_source,  ///< whether a checkpoint that was in conflict is our own
        checking_target,
    };
    struct Wanted {
        std::string id, revision;
    };
    struct Log {
        std::string start_time{};  ///< of the database
        std::string revision{};    ///< of the document
        boost::json::object members{};
    };

    Step enter(State state);
    [[nodiscard]] Ask ask(Side side, std::string method, std::string_view suffix,
                          std::string body = {}) const;
    [[nodiscard]] Ask ask_changes() const;
    Step again();
    Step crash_by(int status) const;
    [[nodiscard]] std::string request_term() const;

    Step opened(Side side, const base::HttpResponse& response);
    Step created(const base::HttpResponse& response);
    Step read_log(Side side, const base::HttpResponse& response);
    Step read_changes(const base::HttpResponse& response);
    Step compared(const base::HttpResponse& response);
    Step fetched(const base::HttpResponse& response);
    Step written(const base::HttpResponse& response);
    Step fetch_next();
    Step write_next();
    Step page_done();
    Step caught_up();
    [[nodiscard]] bool checkpoint_due() const;
    Step begin_checkpoint();
    Step committed(Side side, const base::HttpResponse& response);
    Step saved(Side side, const base::HttpResponse& response);
    Step checked(Side side, const base::HttpResponse& response);
    Step after_save(Side side);
    Step go_on();
    Step finish();
    Step broken(std::string_view what) const;

    ReplicationEnd source_, target_;
    ReplicationWish wish_;
    ReplicationSession session_;
    base::Now now_;
    State state_ = State::opening_source;
    Ask asked_{Side::source, {}, {}};
    std::uint64_t tries_ = 0;
    bool created_ = false;
    Log source_log_, target_log_;
    boost::json::value since_, committed_, pending_;
    boost::json::object checkpoint_;
    base::Time checkpoint_time_;
    bool caught_up_ = false;

    // ---- the page at hand
    boost::json::value page_end_;
    bool page_full_ = false;
    std::string changed_;  ///< what the target is asked for: `"id":["1-x"],...`
    std::deque<Wanted> missing_;
    std::size_t fetching_ = 0;  ///< how many of `missing_` the request at hand names
    std::size_t fetch_max_;
    std::deque<std::string> documents_;
    std::size_t writing_ = 0;
    std::size_t write_bytes_max_;
    ReplicationCounts counts_;
};

}  // namespace davenport::couchmock
