#include "couchmock/faults/rule.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<Fault, std::string_view>, 32> names{{
    {Fault::store_down, "store.down"},
    {Fault::store_hang, "store.hang"},
    {Fault::store_refuse, "store.refuse"},
    {Fault::store_error, "store.error"},
    {Fault::store_full, "store.full"},
    {Fault::store_unauthorized, "store.unauthorized"},
    {Fault::store_forgotten, "store.forgotten"},
    {Fault::store_read_only, "store.read_only"},
    {Fault::store_slow_accept, "store.slow_accept"},
    {Fault::store_slow, "store.slow"},
    {Fault::store_clock_skew, "store.clock_skew"},
    {Fault::store_lose_reply, "store.lose_reply"},
    {Fault::store_partial_bulk, "store.partial_bulk"},
    {Fault::store_bulk_errors, "store.bulk_errors"},
    {Fault::store_reject, "store.reject"},
    {Fault::store_accepted, "store.accepted"},
    {Fault::store_cut_reply, "store.cut_reply"},
    {Fault::store_drip, "store.drip"},
    {Fault::store_wipe, "store.wipe"},
    {Fault::store_crash, "store.crash"},
    {Fault::store_amnesia, "store.amnesia"},
    {Fault::store_failover, "store.failover"},
    {Fault::store_restart, "store.restart"},
    {Fault::feed_rewind, "feed.rewind"},
    {Fault::feed_cut, "feed.cut"},
    {Fault::feed_stall, "feed.stall"},
    {Fault::feed_repeat, "feed.repeat"},
    {Fault::feed_reorder, "feed.reorder"},
    {Fault::feed_late, "feed.late"},
    {Fault::feed_garbage, "feed.garbage"},
    {Fault::feed_early_last_seq, "feed.early_last_seq"},
    {Fault::feed_foreign_since, "feed.foreign_since"},
}};

std::optional<double> as_number(const json::value& value) {
    if (value.is_int64()) return static_cast<double>(value.get_int64());
    if (value.is_uint64()) return static_cast<double>(value.get_uint64());
    if (value.is_double() && std::isfinite(value.get_double())) return value.get_double();
    return std::nullopt;
}

/// A count or a time in milliseconds: not negative, and small enough for both.
std::optional<std::uint64_t> as_count(const json::value& value) {
    const auto number = as_number(value);
    if (!number || *number < 0 || *number > 1e12) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
}

/// Milliseconds, before or after; a hundred years at the most, so that no date is one that nobody can write.
std::optional<base::Duration> as_offset(const json::value& value) {
    const auto number = as_number(value);
    if (!number || std::abs(*number) > 3.2e12) return std::nullopt;
    return std::chrono::microseconds{std::llround(*number * 1000)};
}

bool read_match(Match& match, const json::value& value) {
    if (!value.is_object()) return false;
    for (const auto& [key, wanted] : value.get_object()) {
        std::string* into = key == "method"     ? &match.method
                            : key == "path"     ? &match.path
                            : key == "database" ? &match.database
                            : key == "document" ? &match.document
                            : key == "client"   ? &match.client
                                                : nullptr;
        if (into && wanted.is_string())
            *into = wanted.get_string();
        else if (key == "not_feed" && wanted.is_bool())
            match.not_feed = wanted.get_bool();
        else
            return false;
    }
    return true;
}

/// How likely a fault fires that is asked for without saying so.
std::uint32_t usual_probability(Fault fault) {
    switch (fault) {
        case Fault::feed_reorder:
            return 500'000;
        case Fault::feed_late:
        case Fault::store_bulk_errors:
            return 300'000;
        case Fault::store_reject:
            return 100'000;
        default:
            return 1'000'000;
    }
}

}  // namespace

std::string_view name_of(Fault fault) {
    return std::ranges::find(names, fault, &std::pair<Fault, std::string_view>::first)->second;
}

std::optional<Fault> fault_named(std::string_view name) {
    const auto it = std::ranges::find(names, name, &std::pair<Fault, std::string_view>::second);
    return it == names.end() ? std::nullopt : std::optional{it->first};
}

bool loses_documents(Fault fault) {
    return fault == Fault::store_wipe || fault == Fault::store_amnesia || fault == Fault::store_failover;
}

bool Match::matches(const RequestInfo& request) const {
    if (not_feed && request.is_live_feed()) return false;
    if (!method.empty() && method != request.method) return false;
    if (!path.empty() && !matches_glob(path, request.path)) return false;
    if (!database.empty() && database != request.database) return false;
    if (!document.empty() && document != request.document) return false;
    // "127.0.0.1" is that machine, whatever its port; a longer text is compared whole
    return client.empty() || client == request.client || request.client.starts_with(client + ':');
}

std::variant<Rule, std::string> Rule::read(const json::object& wanted, std::uint64_t id, std::uint64_t seed) {
    Rule rule;
    rule.id = id;
    rule.wanted = wanted;
    const auto* fault = wanted.if_contains("fault");
    if (!fault || !fault->is_string()) return "a rule needs a `fault`";
    const auto known = fault_named(fault->get_string());
    if (!known) return fmt::format("there is no fault `{}`", std::string_view{fault->get_string()});
    rule.fault = *known;
    rule.per_million_ = usual_probability(*known);
    rule.name = fmt::format("{}-{}", name_of(*known), id);
    if (*known == Fault::feed_late) rule.delay = std::chrono::milliseconds{500};

    for (const auto& [key, value] : wanted) {
        const auto number = as_count(value);
        bool good = true;
        if (key == "fault") continue;
        if (key == "name" && value.is_string() && !value.get_string().empty())
            rule.name = value.get_string();
        else if (key == "match")
            good = read_match(rule.match, value);
        else if (key == "count" && number)
            rule.count = *number;
        else if (key == "for_ms" && number)
            rule.lasts = std::chrono::milliseconds{*number};
        else if (key == "probability" && as_number(value)) {
            const auto chance = *as_number(value);
            good = chance >= 0 && chance <= 1;
            rule.per_million_ = static_cast<std::uint32_t>(std::lround(std::clamp(chance, 0.0, 1.0) * 1e6));
            rule.has_probability_ = true;
        } else if (key == "every" && number)
            rule.every_ = *number, rule.has_probability_ = true;
        else if (key == "at" && number)
            rule.at_ = *number, rule.has_probability_ = true;
        else if (key == "status" && number) {
            good = *number >= 400 && *number <= 599;
            rule.status = static_cast<int>(std::min<std::uint64_t>(*number, 599));
        } else if (key == "retry_after_s" && number)
            rule.retry_after_s = static_cast<std::int64_t>(*number);
        else if (key == "delay_ms" && as_number(value) && number)
            rule.delay = std::chrono::microseconds{std::llround(*as_number(value) * 1000)};
        else if (key == "offset_ms" && as_offset(value))
            rule.clock_offset = *as_offset(value);
        else if (key == "rows" && number)
            rule.rows = *number;
        else if (key == "error" && value.is_string())
            rule.error = value.get_string();
        else if (key == "to" && number == 0u)
            rule.rows = 0;
        else if (key == "uuid" && value.is_string())
            rule.uuid = value.get_string();
        else if (key == "local" && value.is_bool())
            continue;
        else
            good = false;
        if (!good)
            return fmt::format("`{}` is not to be understood: {}", std::string_view{key},
                               base::write_json(value));
    }
    if ((rule.every_ != 0 || rule.at_ != 0) && !wanted.contains("probability"))
        rule.per_million_ = 1'000'000;  // no random draws besides
    rule.seed_ = seed;
    rule.random_ = base::Random::stream(seed, "fault " + rule.name);
    return rule;
}

bool Rule::fires() {
    ++occasions_;
    if (every_ != 0 && occasions_ % every_ != 0) return false;
    if (at_ != 0 && occasions_ != at_) return false;
    if (per_million_ < 1'000'000 && !random_.per_million(per_million_)) return false;
    ++hits;
    if (count && hits >= *count) active = false;
    return true;
}

bool Rule::rejects(std::string_view document) {
    ++occasions_;
    if (document.empty() || document.starts_with('_')) return false;
    if (!base::Random::stream(seed_, fmt::format("fault {} {}", name, document)).per_million(per_million_))
        return false;
    ++hits;
    return true;
}

bool Rule::strikes_feed(ExchangeId feed) {
    if (!has_probability_ && !struck_.insert(feed).second) return false;
    return fires();
}

void Rule::append_json(std::string& out) const {
    out += fmt::format("{{\"id\":{},\"name\":", id);
    base::append_json_string(out, name);
    out += fmt::format(",\"fault\":\"{}\",\"active\":{},\"hits\":{},\"occasions\":{}", name_of(fault), active,
                       hits, std::max(occasions_, hits));
    for (const auto& [key, value] : wanted) {
        if (key == "name" || key == "fault") continue;
        out += ',';
        base::append_json_string(out, key);
        out += ':';
        base::append_json(out, value);
    }
    out += '}';
}

}  // namespace davenport::couchmock
