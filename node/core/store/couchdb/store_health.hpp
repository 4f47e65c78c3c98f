#pragma once

#include "node/base/json.hpp"
#include "node/base/random.hpp"
#include "node/core/config.hpp"
#include "node/core/store/backoff.hpp"
#include "node/core/store/chat_version.hpp"
#include "node/core/store/clock_check.hpp"
#include "node/core/store/couchdb/generation_name.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/turn.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// Is the store there, and which one is it? A cluster's members count as one (see generation_name.hpp). The
/// only machine that asks while it does not answer.
///
/// It reads the store's generation, makes the database and the generation where they are missing (the
/// database's creator writes the generation at once; other nodes only if it stays missing), and probes while
/// the store refuses: at most one request each `probe_interval`, fewer if it denies access. Everybody else
/// sends only while usable(), and calls report_failure() when a request fails: then nobody sends until the
/// store has answered a probe. Where there are several stores, the next is turned to when one has failed a
/// few times in a row; it is used until it fails.
class StoreHealth {
public:
    /// `version`: what is known of the chat, whatever store answers; it outlives this.
    StoreHealth(const ChatConfig& config, StoreApi& api, RequestTable& requests, base::Random& random,
                ChatVersion& version);

    void start(Turn& turn);
    /// The generation that this node's journal is about: a member of a cluster that does not know it is told.
    void remember(base::Generation generation) { known_ = std::move(generation); }
    /// Somebody's request failed for a reason that may be the store's.
    void report_failure(Turn& turn);
    /// Reads the store's identity again; traffic continues.
    void recheck(Turn& turn);
    /// The store told somebody that our credentials are no good, or that the database is gone.
    void report_denied(Turn& turn, StoreVerdict verdict, const std::string& reason);

    void on_timer(Turn& turn);
    /// True once after the generation document was found missing and was written again, by whichever node. It
    /// is the same store, but other documents may be lost.
    [[nodiscard]] bool take_shaken() { return std::exchange(shaken_, false); }

    /// The store answered when it was last asked, and no failure is reported since: requests may be sent.
    [[nodiscard]] bool usable() const { return up_ && !doubted_; }
    /// As clients are told. Stays true while a reported failure is being checked.
    [[nodiscard]] bool up() const { return up_; }
    [[nodiscard]] bool denied() const { return denied_; }
    /// Of the store that answered last; empty before the first answer.
    [[nodiscard]] const base::Generation& generation() const { return generation_; }
    /// Latest time at which the generation was confirmed; earlier answers came from that store.
    [[nodiscard]] base::Time confirmed_at() const { return confirmed_at_; }

    /// See Store::clock_ahead().
    [[nodiscard]] base::Duration clock_ahead() const { return clock_.ahead(); }
    /// See Store::clock().
    [[nodiscard]] std::optional<base::WallTime> clock(base::Time now) const { return clock_.there(now); }

private:
    enum class State {
        settled,
        waiting,
        reading,
        making_database,
        reading_start,
        reading_members,
        making_generation
    };

    void look_into_it(Turn& turn);
    void on_reply(Turn& turn, const Reply& reply);
    void on_answer(Turn& turn, const base::HttpResponse& response);
    void ask(Turn& turn, State state, base::HttpRequest request);
    void probe(Turn& turn);
    void on_generation(Turn& turn, const base::json::value& document, base::Generation generation);
    void read_start(Turn& turn, GenerationMaker maker);
    /// The database has no generation, or none that is known.
    void on_start(Turn& turn, std::string_view start);
    /// Might the database here be another than the known one, though both were made within one second?
    [[nodiscard]] bool may_be_another() const { return api_->stores() > 1 && known_at_ != api_->in_use(); }
    /// `members`: of the cluster that the database is in; 0 when it does not say.
    void on_members(Turn& turn, std::size_t members);
    void give_known(Turn& turn);
    void make_generation(Turn& turn, const base::Generation& generation, std::string_view again = {});
    void wait(Turn& turn, base::Duration pause);
    void came_up(Turn& turn, base::Generation generation);
    void no_answer(Turn& turn, const std::string& reason);
    void try_next_store(Turn& turn);
    void went_down(Turn& turn, const std::string& reason, bool denied);

    base::Duration probe_interval_, request_timeout_;
    StoreApi* api_;
    RequestTable* requests_;
    base::Random* random_;
    ChatVersion* version_;
    Backoff backoff_;
    Backoff denied_backoff_;
    std::vector<base::Time> not_before_;  ///< of each store: a wrong password must not be tried sooner
    State state_ = State::waiting;
    Request request_;
    bool up_ = false;
    bool doubted_ = false;
    bool denied_ = false;
    bool told_down_ = false;
    int tries_ = 0;  ///< in a row that this store did not answer
    int looks_ = 0;  ///< in a row that the database had no generation
    base::Generation generation_;
    base::Generation known_;               ///< of the store that this node has read
    std::optional<std::size_t> known_at_;  ///< the store that last gave it, in this life
    /// What is decided when the members are known.
    struct {
        base::Generation name;  ///< empty: there is none yet
        std::string again, start;
    } seen_;
    std::string again_;  ///< what stood beside it when it was last read
    bool shaken_ = false;
    GenerationMaker maker_ = GenerationMaker::of_a_member;
    base::Time deadline_{};  ///< of the pause, or of the next look
    std::optional<base::Time> asked_at_;
    ClockCheck clock_;
    base::Time confirmed_at_{};
};

}  // namespace davenport::node
