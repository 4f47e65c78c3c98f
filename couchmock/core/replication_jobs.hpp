#pragma once

#include "couchmock/core/call.hpp"
#include "couchmock/core/events.hpp"
#include "couchmock/core/replication_flow.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

struct Server;

namespace api {
struct ReplicationView;
struct WantedReplication;
}  // namespace api

/// The replications with other servers: drives their flows, asks this server within itself and others by
/// Fetch, and does with what crashes as CouchDB's scheduler does. What a document of `_replicator` asked for
/// is tried again after 30 s, 60 s and so on; what a request asked for is over.
class ReplicationJobs {
public:
    explicit ReplicationJobs(Server& server) : server_{server} {}

    /// Begins in the next run(). Nothing when the same one goes on already, for a document or as asked for by
    /// `document`; else who did.
    std::optional<std::string> start(api::WantedReplication wanted, User user, std::string document,
                                     base::Now now);
    /// The request is answered when the replication that it asked for is over.
    void wait(std::string_view id, const Call& call);
    /// Ends it, and answers who waits.
    void cancel(std::string_view id, base::Now now);
    /// Who asked for it; nullptr when there is none of this id.
    [[nodiscard]] const User* owner(std::string_view id) const;

    void on_fetched(FetchId fetch, const base::HttpResponse& response, base::Now now);
    void on_failed(FetchId fetch, FetchFailure why, base::Now now);
    void on_abandoned(ExchangeId exchange);
    /// Does what is due, and what the changed databases are waited for by.
    void run(base::Now now);
    [[nodiscard]] std::optional<base::Time> deadline() const;

    /// Appends what goes on.
    void view(std::vector<api::ReplicationView>& out) const;

private:
    /// A request that waits; what its answer is made of.
    struct Waiting {
        ExchangeId exchange;
        base::HttpRequest request;
        std::string request_id;
        base::Headers headers;
    };
    struct Past {
        base::WallTime time;
        std::string_view type;
        std::string reason;
    };
    enum class Due { start, answer, pause, change };
    struct Job {
        ReplicationEnd source, target;
        ReplicationWish wish;
        User user;
        std::string document;
        base::WallTime added;
        std::unique_ptr<ReplicationFlow> flow;  ///< null while it waits to be tried again
        FetchId fetch = 0;
        base::Time deadline;
        Due due = Due::start;
        base::Time began;  ///< this try
        std::uint64_t crashes = 0;
        std::vector<Waiting> waiting;
        std::deque<Past> history;  ///< the newest first
        ReplicationCounts counts;  ///< of the last try
    };
    using Jobs = std::map<std::string, Job, std::less<>>;

    void begin(const std::string& id, Job& job, base::Now now);
    void perform(std::string id, ReplicationFlow::Step step, base::Now now);
    void finish(const std::string& id, const std::string& answer, base::Now now);
    void crash(const std::string& id, const ReplicationFlow::Crashed& why, base::Now now);
    void drop(const std::string& id);
    void answer_all(Job& job, int status, const std::string& json, base::Now now);
    static void note(Job& job, std::string_view type, base::Now now, std::string reason = {});
    [[nodiscard]] Jobs::iterator find(FetchId fetch);

    Server& server_;
    Jobs jobs_;
    FetchId last_fetch_ = 0;
};

}  // namespace davenport::couchmock
