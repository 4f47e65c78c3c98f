#include "couchmock/faults/error_answer.hpp"
#include "couchmock/faults/fault_injector_impl.hpp"
#include "couchmock/faults/stale_reads.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// The session that a request names; empty when none.
std::string_view session_of(const base::HttpRequest& request) {
    constexpr std::string_view name = "AuthSession=";
    const auto cookies = base::header(request.headers, "cookie");
    const auto at = cookies.find(name);
    if (at == std::string_view::npos) return {};
    const auto rest = cookies.substr(at + name.size());
    return rest.substr(0, rest.find(';'));
}

/// An answer of store.error. A body of somebody else's is a page, unless it looks like JSON.
base::HttpResponse wanted_error(const FaultParameters& parameters, base::WallTime wall) {
    auto out = error_answer(static_cast<int>(parameters.status.value_or(500)));
    auto type = parameters.content_type;
    if (parameters.body) {
        out.body = *parameters.body;
        const bool is_json = base::parse_json(out.body).has_value();
        if (!type && !is_json) type = "text/html";
    }
    if (type) {
        base::erase_header(out.headers, "Content-Type");
        out.headers.emplace_back("Content-Type", *type);
    }
    if (parameters.retry_after_s)
        out.headers.emplace_back("Retry-After", std::to_string(*parameters.retry_after_s));
    if (parameters.retry_after_date_s)
        out.headers.emplace_back(
            "Retry-After", base::http_date(wall + std::chrono::seconds{*parameters.retry_after_date_s}));
    return out;
}

/// Ended rules that stay, so that somebody can ask what they have hit.
constexpr std::size_t ended_rules_max = 1000;

}  // namespace

std::vector<Rule*> FaultInjector::Impl::feed_rules(const RequestInfo& info) {
    std::vector<Rule*> out;
    for (const auto& rule : rules_)
        if ((kind_of(rule->fault()).is_feed() || rule->fault() == Fault::store_hang) && rule->concerns(info))
            out.push_back(rule.get());
    return out;
}

bool FaultInjector::Impl::stalled(const Exchange& exchange) const {
    if (active_rules_ == 0 || !exchange.info.is_live_feed()) return false;
    return std::ranges::any_of(rules_, [&](const auto& rule) {
        return (rule->fault() == Fault::feed_stall ||
                (rule->fault() == Fault::store_hang && !rule->chooses())) &&
               rule->concerns(exchange.info);
    });
}

/// A feed outlives the rule, and must not drip for ever.
bool FaultInjector::Impl::drips(const Exchange& exchange) const {
    if (!exchange.injected.drip) return false;
    const auto by = std::ranges::find(rules_, exchange.injected.drips_by, &Rule::id);
    return by != rules_.end() && ((*by)->active || (*by)->spent());
}

bool FaultInjector::Impl::is_down() const {
    return std::ranges::any_of(rules_,
                               [](const auto& rule) { return rule->active && rule->takes_store_away(); });
}

FaultInjector::Impl::InjectedFaults FaultInjector::Impl::decide(RequestInfo& info, base::HttpRequest& request,
                                                                Exchange& exchange, base::Now now) {
    InjectedFaults injected;
    for (const auto& owned : rules_) {
        auto& rule = *owned;
        if (!rule.concerns(info)) continue;
        const auto hits = rule.hits;
        strike(rule, injected, info, request, exchange, now);
        if (rule.hits != hits) journal_.fault(exchange.journal, rule.name());
        if (injected.refuse || injected.instead) break;
    }
    return injected;
}

void FaultInjector::Impl::strike(Rule& rule, InjectedFaults& injected, RequestInfo& info,
                                 base::HttpRequest& request, const Exchange& exchange, base::Now now) {
    const auto& parameters = rule.parameters;
    const auto delay = parameters.delay.value_or(base::Duration{0});
    switch (rule.fault()) {
        case Fault::store_down:
        case Fault::store_crash:
        case Fault::store_failover:
        case Fault::store_restart:
            ++rule.hits;  // while it is away
            injected.refuse = true;
            break;
        case Fault::store_refuse:
            injected.refuse = rule.fires();
            break;
        case Fault::store_hang:
            if (rule.fires()) injected.hung_by = rule.id;
            break;
        case Fault::store_error:
            if (rule.fires()) injected.instead = wanted_error(parameters, now.wall + injected.clock_offset);
            break;
        case Fault::store_short_sessions:
            if (const auto session = session_of(request);
                !session.empty() && rule.is_too_old(session, now.time) && rule.fires())
                injected.instead = error_answer(401, "You are not authorized to access this db.");
            break;
        case Fault::store_corrupt_attachment:
            if (info.reads_attachment && rule.fires()) injected.corrupts = true;
            break;
        case Fault::store_full:
            if (info.writes && rule.fires()) injected.instead = error_answer(507);
            break;
        case Fault::store_unauthorized:
            if (rule.fires())
                injected.instead = error_answer(401, "You are not authorized to access this db.");
            break;
        case Fault::store_forgotten:
            if (!info.database.empty() && rule.fires())
                injected.instead = error_answer(404, "Database does not exist.");
            break;
        case Fault::store_read_only:
            if (info.writes && rule.fires()) injected.instead = error_answer(403, "The store is read-only.");
            break;
        case Fault::store_slow_accept:
            if (exchange.first && rule.fires())
                injected.accept_delay = std::max(injected.accept_delay.value_or(delay), delay);
            break;
        case Fault::store_clock_skew:
            if (rule.fires()) injected.clock_offset += parameters.offset.value_or(base::Duration{0});
            break;
        case Fault::store_clock_drift:
            if (rule.fires())
                injected.clock_offset += (now.time - rule.since) /
                                         base::Duration{std::chrono::milliseconds{1}} *
                                         parameters.per_second.value_or(base::Duration{0}) / 1000;
            break;
        case Fault::store_locked_out:
            if (rule.fires())
                injected.instead = error_answer(
                    403, "Account is temporarily locked due to multiple authentication failures");
            break;
        case Fault::store_stale:
            if (info.writes) {
                note_written(rule.written, info, request.body, now.time);
            } else if (hides(rule.written, info, request.body, now.time - delay) && rule.fires()) {
                injected.instead = not_found(info, request.body);
            }
            break;
        case Fault::store_slow:
            if (rule.fires()) injected.delay = injected.delay.value_or(base::Duration{0}) + delay;
            break;
        case Fault::store_lose_reply:
            if (info.writes && rule.fires()) injected.lose_reply = true;
            break;
        case Fault::store_partial_bulk:
            if (!info.is_bulk || !rule.fires()) break;
            keep_first(request.body, static_cast<std::uint64_t>(parameters.rows.value_or(0)));
            base::erase_header(request.headers, "Content-Length");
            injected.bulk_cut = true;
            break;
        case Fault::store_bulk_errors:
            if (!info.is_bulk) break;
            injected.bulk_errors.push_back(take_out(request.body, parameters.error.value_or(""),
                                                    [&](std::string_view) { return rule.fires(); }));
            base::erase_header(request.headers, "Content-Length");
            break;
        case Fault::store_reject:
            if (info.is_bulk) {
                injected.bulk_errors.push_back(
                    take_out(request.body, parameters.error.value_or("forbidden"),
                             [&](std::string_view id) { return rule.rejects(id); }));
                base::erase_header(request.headers, "Content-Length");
            } else if (info.writes && rule.rejects(info.document)) {
                injected.instead = error_answer(parameters.error == "unauthorized" ? 401 : 403,
                                                "The document is not allowed.");
            }
            break;
        case Fault::store_accepted:
            if (info.writes && rule.fires()) injected.accepted = true;
            break;
        case Fault::store_cut_reply:
            if (info.is_live_feed() || !rule.fires()) break;
            injected.cut_reply = true;
            if (parameters.bytes) injected.cut_after = static_cast<std::size_t>(*parameters.bytes);
            break;
        case Fault::store_drip:
            if (rule.fires()) injected.drip = delay, injected.drips_by = rule.id;
            break;
        case Fault::feed_foreign_since:
            if (info.feed == RequestInfo::Feed::none || info.since == "0" || info.since == "now" ||
                !rule.fires())
                break;
            injected.instead = error_answer(400, "Malformed sequence supplied in 'since' parameter.");
            break;
        case Fault::feed_rewind:
            // No feed was open when it was asked for: the next one begins at the beginning.
            if (info.feed == RequestInfo::Feed::none || info.since == "0" || !rule.fires()) break;
            info.since.assign(1, '0');
            request.target = with_since(request.target, "0");
            break;
        default:
            break;  // what is in the feed's rows, or over already
    }
}

std::vector<FaultInjector::Impl::Exchange*> FaultInjector::Impl::open_exchanges() {
    std::vector<Exchange*> open;
    for (const auto& [client, exchange] : exchanges_) open.push_back(exchange.get());
    std::ranges::sort(open, {}, &Exchange::client);  // the map's order is nobody's
    return open;
}

std::uint64_t FaultInjector::Impl::reset_matching(const Rule& rule, base::Now now) {
    std::uint64_t count = 0;
    for (auto* exchange : open_exchanges()) {
        // A request is not described as long as nobody may ask.
        if (!rule.match().is_any() && !rule.match().matches(exchange->info)) continue;
        journal_.fault(exchange->journal, rule.name());
        if (exchange->backend != 0) effects_.emplace_back(AbandonForward{exchange->backend});
        reset(*exchange, {}, now);
        ++count;
    }
    return count;
}

void FaultInjector::Impl::rewind_open_feeds(Rule& rule) {
    for (auto* exchange : open_exchanges()) {
        if (!rule.active || !exchange->info.is_endless_feed() || !exchange->head_sent || exchange->ends ||
            !rule.match().matches(exchange->info))
            continue;
        if (!rule.fires()) continue;
        journal_.fault(exchange->journal, rule.name());
        go_on_from(*exchange,
                   exchange->mutator->back(static_cast<std::uint64_t>(rule.parameters.rows.value_or(0))));
    }
}

/// A rule that fires each open feed once is spent when it has.
void FaultInjector::Impl::begin(Rule& rule, base::Now now) {
    ++active_rules_;
    asks_for_headers_ = asks_for_headers_ || !rule.match().headers.empty();
    rule.since = now.time;
    if (const auto lasts = rule.parameters.lasts) at(now.time + *lasts, Act::end_rule, rule.id);
    std::uint64_t feeds = 0;
    for (const auto* exchange : open_exchanges())
        feeds += exchange->info.is_live_feed() && rule.match().matches(exchange->info);
    switch (rule.fault()) {
        case Fault::store_down:
            effects_.emplace_back(Listen{false});
            rule.hits += reset_matching(rule, now);
            break;
        case Fault::store_crash:
        case Fault::store_failover:
        case Fault::store_restart:
            if (rule.takes_store_away()) effects_.emplace_back(Listen{false});
            reset_matching(rule, now);
            act_on_store(rule);
            ++rule.hits;
            if (!rule.takes_store_away()) end(rule, now);
            break;
        case Fault::store_wipe:
        case Fault::store_amnesia:
            act_on_store(rule);
            ++rule.hits;
            end(rule, now);
            break;
        case Fault::store_document_edit:
        case Fault::store_document_delete:
        case Fault::store_document_purge:
        case Fault::store_document_conflict:
            act_on_store(rule);
            acts_.emplace(forwards_, rule.id);  // it counts what it touched
            end(rule, now);
            break;
        case Fault::member_down:
        case Fault::member_empty:
            rule.member = rule.parameters.number.value_or(0);
            if (rule.member == 0) rule.member = rule.draw_member(config_.members);
            move_member(rule, true);
            ++rule.hits;
            break;
        case Fault::feed_rewind:
            if (!rule.hits_max && !rule.chooses()) rule.hits_max = std::max<std::uint64_t>(feeds, 1);
            rewind_open_feeds(rule);
            if (rule.hits > 0 && !rule.chooses() && rule.active) end(rule, now);
            break;
        case Fault::feed_foreign_since:
            // The feeds have to come back to be refused.
            if (!rule.hits_max && !rule.chooses() && !rule.parameters.lasts)
                rule.hits_max = std::max<std::uint64_t>(feeds, 1);
            for (auto* exchange : open_exchanges()) {
                if (!exchange->info.is_live_feed() || !rule.match().matches(exchange->info)) continue;
                if (exchange->backend != 0) effects_.emplace_back(AbandonForward{exchange->backend});
                reset(*exchange, {}, now);
            }
            break;
        case Fault::feed_cut:
        case Fault::feed_garbage:
        case Fault::feed_early_last_seq:
            if (!rule.hits_max && !rule.chooses() && !rule.parameters.lasts)
                rule.hits_max = std::max<std::uint64_t>(feeds, 1);
            break;
        default:
            break;
    }
}

void FaultInjector::Impl::end(Rule& rule, base::Now now) {
    rule.active = false;
    count_active_rules();
    if (rule.takes_store_away() && !is_down()) effects_.emplace_back(Listen{true});
    if (kind_of(rule.fault()).is_member()) move_member(rule, false);
    if (rule.fault() == Fault::store_hang || rule.fault() == Fault::feed_stall) let_go(now);
}

void FaultInjector::Impl::let_go(base::Now now) {
    for (auto* exchange : open_exchanges()) {
        if (exchange->waiting) {
            forward_waiting(*exchange);
        } else if (exchange->mutator) {
            pump(*exchange, now);
        }
    }
}

/// A rule's last hit made it inactive; what it held up goes on.
void FaultInjector::Impl::end_spent_rules(base::Now now) {
    if (active_rules_ == 0) return;
    const auto before = active_rules_;
    count_active_rules();
    if (active_rules_ == before) return;
    let_go(now);
    if (rules_.size() <= ended_rules_max) return;
    std::size_t surplus = rules_.size() - ended_rules_max;
    std::erase_if(rules_, [&](const auto& rule) { return !rule->active && surplus > 0 && surplus-- > 0; });
}

void FaultInjector::Impl::count_active_rules() {
    active_rules_ = static_cast<std::size_t>(
        std::ranges::count_if(rules_, [](const auto& rule) { return rule->active; }));
    asks_for_headers_ = std::ranges::any_of(
        rules_, [](const auto& rule) { return rule->active && !rule->match().headers.empty(); });
}

void FaultInjector::Impl::act_on_store(const Rule& rule) {
    if (!config_.owns_store) return;  // a crash is then what its clients see of it
    const auto& kind = kind_of(rule.fault());
    const auto act = kind.name.substr(std::string_view{"store."}.size());
    effects_.emplace_back(
        Forward{(ExchangeId{1} << 63) + ++forwards_,
                {"POST", fmt::format("/_mock/store/{}", act), {}, write_parameters(kind, rule.parameters)},
                {}});
}

void FaultInjector::Impl::move_member(Rule& rule, bool goes) {
    const auto lag = rule.parameters.delay.value_or(base::Duration{0});
    auto body = fmt::format(R"({{"member":{},"by":{},"empty":{},"delay_us":{}}})", rule.member, rule.id,
                            rule.fault() == Fault::member_empty, lag.count());
    effects_.emplace_back(
        Forward{(ExchangeId{1} << 63) + ++forwards_,
                {"POST", goes ? "/_mock/store/member_down" : "/_mock/store/member_up", {}, std::move(body)},
                {}});
}

void FaultInjector::Impl::on_acted(std::uint64_t act, const BackendEvent& answer) {
    const auto found = acts_.extract(act);
    const auto* whole = std::get_if<Respond>(&answer);
    if (found.empty() || !whole) return;
    const auto rule = std::ranges::find(rules_, found.mapped(), &Rule::id);
    const auto body = base::parse_json(whole->response.body);
    if (rule != rules_.end() && body)
        (*rule)->hits += static_cast<std::uint64_t>(base::int_member(*body, "rows").value_or(0));
}

}  // namespace davenport::couchmock
