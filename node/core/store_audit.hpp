#pragma once

#include "node/core/ledger.hpp"
#include "node/core/store_link.hpp"

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace node {

/// Looks whether the store still has what it said it had.
///
/// A CouchDB loses nothing that it acknowledged; a disk that lied, a restored backup or a failover to a
/// replica that lags may. What was written from here is asked for by id once, some seconds later, and the
/// newest of it again whenever the store was away: one request for hundreds of ids. What is missing is
/// written again.
class StoreAudit {
public:
    StoreAudit(const ChatConfig& config, const StoreApi& api, FetchIds& ids, Ledger& ledger, StoreLink& link);

    /// The store acknowledged this message of ours.
    void note(std::string id);
    /// The store was away or lost a connection: the newest acknowledged ones are asked for again. Reads the
    /// journal's end when this process has written nothing yet.
    void suspect() { suspected_ = true; }
    /// Another store answers: what the old one had means nothing.
    void store_changed();

    /// What the store acknowledged and was not asked for since, or was and has not any more: its feed may be without it.
    [[nodiscard]] std::vector<std::string> unverified() const;

    void pump(Turn& turn);
    /// The ids that the store has no more.
    [[nodiscard]] std::vector<std::string> on_answer(Turn& turn, FetchId fetch,
                                                     const base::HttpResponse& response);
    void on_failed(Turn& turn, FetchId fetch);
    void on_timer(Turn& turn);

private:
    void read_journal();
    void look_later(Turn& turn);
    void ask(Turn& turn, std::deque<std::string>& from);

    base::Duration request_timeout_;
    const StoreApi* api_;
    FetchIds* ids_;
    Ledger* ledger_;
    StoreLink* link_;
    std::deque<std::string> recent_;  ///< acknowledged and looked for since, the newest last
    std::deque<std::string> fresh_;   ///< acknowledged and not looked for yet
    std::deque<std::string> again_;   ///< to be looked for again
    std::set<std::string> lost_;      ///< found missing, and not acknowledged anew yet
    std::vector<std::string> asked_;
    bool asked_fresh_ = false;
    bool suspected_ = false;
    bool journal_read_ = false;
    FetchId fetch_ = 0;
    base::Time deadline_{};
    std::optional<base::Time> next_look_;  ///< for what is fresh
    base::Time next_suspicion_{};
};

}  // namespace node
