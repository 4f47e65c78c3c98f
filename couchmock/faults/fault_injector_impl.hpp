#pragma once

#include "couchmock/faults/bulk_rows.hpp"
#include "couchmock/faults/fault_injector.hpp"
#include "couchmock/faults/feed_mutator.hpp"
#include "couchmock/faults/request_log.hpp"
#include "couchmock/faults/rule.hpp"

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace davenport::couchmock {

/// One bit in the middle is wrong, as a disk or a cable leaves it.
void corrupt(std::string& bytes);

/// The injector's inside. fault_injector.cpp has the way of a request and its answer, fault_injector_feed.cpp
/// that of streams, fault_injector_rules.cpp what rules do to both, control.cpp the requests under `/_mock/`.
class FaultInjector::Impl {
public:
    explicit Impl(FaultInjectorConfig config) : config_(config), journal_(config.journal_max) {}

    FaultInjectorEffects handle(Event&& event, base::Now now);
    FaultInjectorEffects on_backend(BackendEvent&& event, base::Now now);
    bool try_fast_path(const Requested& request, base::Now now);
    void fast_path_done(int status, base::Now now) { journal_.end(waved_, status, now.time); }
    void leave_fast_path(ExchangeId exchange);

private:
    /// What the rules have in store for one exchange.
    struct InjectedFaults {
        std::optional<base::HttpResponse> instead;  ///< answered without asking the store
        bool refuse = false;
        bool lose_reply = false;
        bool cut_reply = false;
        std::optional<std::size_t> cut_after;  ///< ... so many bytes of the body; else half of it
        bool corrupts = false;                 ///< one bit of the body, once
        bool accepted = false;
        bool bulk_cut = false;
        std::vector<BulkRows> bulk_errors;  ///< of the documents that the store does not see, by rule
        std::uint64_t hung_by = 0;          ///< the rule that has to end before the store sees the request
        std::optional<base::Duration> accept_delay;  ///< ... and the time that has to pass
        base::Duration clock_offset{};
        std::optional<base::Duration> delay;
        std::optional<base::Duration> drip;
        std::uint64_t drips_by = 0;  ///< the rule that makes it so, while it lasts
    };
    struct Exchange {
        ExchangeId client = 0;
        ExchangeId backend = 0;  ///< as forwarded last; 0: not forwarded
        RequestInfo info;        ///< described only if somebody may ask
        InjectedFaults injected;
        std::uint64_t journal = 0;
        bool control = false;
        std::optional<base::HttpRequest>
            waiting;             ///< not forwarded yet: the store hangs, or has not accepted
        bool first = false;      ///< on its connection
        bool accepting = false;  ///< accept_delay has not passed yet
        std::optional<base::HttpRequest> feed_request;  ///< of a live feed, to forward it again
        std::unique_ptr<FeedMutator> mutator;

        // a streamed answer
        bool head_sent = false;
        bool in_flight = false;    ///< a RespondData is not Written yet
        bool store_waits = false;  ///< the store's last RespondData was not Continued
        std::string out;           ///< for the client, behind what is in flight
        std::size_t piece = 0;     ///< of a dripping answer, until `out` is empty
        bool ends = false;         ///< nothing comes behind `out` but the end
        bool cut_at_end = false;   ///< ... which is a reset
        // an answer that is held back
        std::optional<base::Time> held_until;
        std::vector<BackendEvent> held;
    };
    enum class Act { end_rule, accept, release_answer, release_rows, drip };

    // ---- fault_injector.cpp
    void on_request(Requested&& request, base::Now now);
    void on_abandoned(ExchangeId client);
    void on_written(ExchangeId client, base::Now now);
    void on_timer(base::Now now);
    void forward(Exchange& exchange, base::HttpRequest request);
    void forward_waiting(Exchange& exchange);
    void deliver(Exchange& exchange, BackendEvent&& event, base::Now now);
    void deliver_whole(Exchange& exchange, base::HttpResponse response, base::Now now);
    void answer(Exchange& exchange, base::HttpResponse response, base::Now now);
    void reset(Exchange& exchange, std::string partial, base::Now now);
    static void date(const Exchange& exchange, base::Headers& headers, base::Now now);
    void erase(Exchange& exchange);
    void at(base::Time time, Act act, std::uint64_t subject);
    [[nodiscard]] Exchange* by_client(ExchangeId client);
    [[nodiscard]] Exchange* by_backend(ExchangeId backend);

    // ---- fault_injector_feed.cpp
    void on_head(Exchange& exchange, int status, base::Headers headers, base::Now now);
    void on_data(Exchange& exchange, std::string bytes, base::Now now);
    void on_end(Exchange& exchange, base::Now now);
    void pump(Exchange& exchange, base::Now now);
    void release_rows(Exchange& exchange, base::Now now);
    void begin_drip(Exchange& exchange, base::HttpResponse response, base::Now now);
    void go_on_from(Exchange& exchange, const std::string& since);
    void hang_up(Exchange& exchange, bool with_reset);

    // ---- fault_injector_rules.cpp
    [[nodiscard]] bool stalled(const Exchange& exchange) const;
    [[nodiscard]] bool drips(const Exchange& exchange) const;
    /// What happens to a request that comes in. Counts hits.
    InjectedFaults decide(RequestInfo& info, base::HttpRequest& request, Exchange& exchange, base::Now now);
    void strike(Rule& rule, InjectedFaults& injected, RequestInfo& info, base::HttpRequest& request,
                const Exchange& exchange, base::Now now);
    void begin(Rule& rule, base::Now now);
    void end(Rule& rule, base::Now now);
    void end_spent_rules(base::Now now);
    void let_go(base::Now now);
    /// Resets every open exchange that the rule matches; the number of them.
    std::uint64_t reset_matching(const Rule& rule, base::Now now);
    void rewind_open_feeds(Rule& rule);
    [[nodiscard]] std::vector<Exchange*> open_exchanges();
    void act_on_store(const Rule& rule);
    /// A member of the cluster goes (`goes`), or comes back.
    void move_member(Rule& rule, bool goes);
    /// The store's answer to an act that counts what it touches.
    void on_acted(std::uint64_t act, const BackendEvent& answer);
    [[nodiscard]] bool is_down() const;
    [[nodiscard]] std::vector<Rule*> feed_rules(const RequestInfo& info);
    void count_active_rules();

    // ---- control.cpp
    void control(Requested& request, base::Now now);
    /// Fills in what an act on the store leaves open; what is wrong with it, if something is.
    static std::optional<std::string> complete_act(base::HttpRequest& request, const base::Target& target);
    base::HttpResponse control_faults(const base::HttpRequest& request, const base::Target& target,
                                      base::Now now);
    /// What is wrong with a rule about a member of a cluster, if something is.
    [[nodiscard]] std::optional<std::string> no_such_member(const RuleRequest& asked) const;
    base::HttpResponse post_faults(const base::HttpRequest& request, base::Now now);
    base::HttpResponse delete_faults(const base::Target& target, base::Now now);
    base::HttpResponse control_logs(const base::HttpRequest& request, const base::Target& target);

    FaultInjectorConfig config_;
    FaultInjectorEffects effects_;
    std::unordered_map<ExchangeId, std::unique_ptr<Exchange>> exchanges_;
    std::vector<std::unique_ptr<Rule>>
        rules_;  ///< in the order they were set; ended ones stay for their hits
    std::size_t active_rules_ = 0;
    bool asks_for_headers_ = false;  ///< an active rule does
    std::uint64_t last_rule_ = 0;
    std::uint64_t forwards_ = 0;                   ///< forwarded again, or on the injector's own account
    std::map<std::uint64_t, std::uint64_t> acts_;  ///< those of them whose answer says what a rule hit
    std::multimap<base::Time, std::pair<Act, std::uint64_t>> timers_;
    std::optional<base::Time> timer_;
    RequestLog journal_;
    std::uint64_t waved_ = 0;  ///< the journal's number of the request that was waved through last
    ObservationLog observations_;
    std::unordered_map<ExchangeId, ExchangeId> again_;  ///< clients of exchanges that were forwarded again
};

}  // namespace davenport::couchmock
