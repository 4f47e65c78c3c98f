#include "couchmock/faults/rule.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

/// Of those that are remembered. More at once is no test of sessions.
constexpr std::size_t sessions_max = 10'000;

RuleRequest named(RuleRequest asked, std::uint64_t number) {
    if (asked.name.empty()) asked.name = fmt::format("{}-{}", kind_of(asked.fault).name, number);
    return asked;
}

}  // namespace

bool Match::matches(const RequestInfo& request) const {
    if (not_feed && request.is_live_feed()) return false;
    if (!method.empty() && method != request.method) return false;
    if (!path.empty() && !matches_glob(path, request.path)) return false;
    if (!database.empty() && !matches_glob(database, request.database)) return false;
    if (!document.empty() && (request.document.empty() || !matches_glob(document, request.document)))
        return false;
    for (const auto& wanted : query)
        if (std::ranges::none_of(request.query, [&](const auto& one) {
                return one.first == wanted.first && matches_glob(wanted.second, one.second);
            }))
            return false;
    for (const auto& [name, wanted] : headers)
        if (!base::has_header(request.headers, name) ||
            !matches_glob(wanted, base::header(request.headers, name)))
            return false;
    // "127.0.0.1" is that machine, whatever its port; a longer text is compared whole
    return client.empty() || client == request.client || request.client.starts_with(client + ':');
}

Rule::Rule(RuleRequest asked, std::uint64_t number, std::uint64_t seed)
    : id{number},
      parameters{with_defaults(kind_of(asked.fault), asked.parameters)},
      asked_{named(std::move(asked), number)},
      chooses_{asked_.parameters.probability || parameters.every || parameters.at},
      per_million_{static_cast<std::uint32_t>(parameters.probability.value_or(base::certain).millionths)},
      seed_{seed},
      random_{base::Random::stream(seed, "fault " + asked_.name)} {
    if (parameters.count) hits_max = static_cast<std::uint64_t>(*parameters.count);
}

bool Rule::fires() {
    ++occasions_;
    if (parameters.every && occasions_ % static_cast<std::uint64_t>(*parameters.every) != 0) return false;
    if (parameters.at && occasions_ != static_cast<std::uint64_t>(*parameters.at)) return false;
    if (per_million_ < 1'000'000 && !random_.per_million(per_million_)) return false;
    ++hits;
    if (spent()) active = false;
    return true;
}

bool Rule::rejects(std::string_view document) {
    ++occasions_;
    if (document.empty() || document.starts_with('_')) return false;
    if (!base::Random::stream(seed_, fmt::format("fault {} {}", name(), document)).per_million(per_million_))
        return false;
    ++hits;
    return true;
}

bool Rule::is_too_old(std::string_view cookie, base::Time now) {
    if (sessions_.size() >= sessions_max) sessions_.clear();
    const auto first_use = sessions_.try_emplace(std::string{cookie}, now).first->second;
    return now - first_use >= parameters.delay.value_or(base::Duration{0});
}

bool Rule::fires_for_feed(ExchangeId feed) {
    if (!chooses_ && !fired_for_.insert(feed).second) return false;
    return fires();
}

bool Rule::takes_store_away() const {
    switch (fault()) {
        case Fault::store_down:
            return true;
        case Fault::store_crash:
        case Fault::store_failover:
        case Fault::store_restart:
            return parameters.lasts.has_value();
        default:
            return false;
    }
}

void Rule::append_json(std::string& out) const {
    out += fmt::format("{{\"id\":{},\"name\":", id);
    base::append_json_string(out, name());
    out += fmt::format(",\"fault\":\"{}\",\"active\":{},\"hits\":{},\"occasions\":{}", kind_of(fault()).name,
                       active, hits, std::max(occasions_, hits));
    append_members(out, asked_);
    if (member != 0 && !asked_.parameters.number) out += fmt::format(",\"member\":{}", member);
    out += '}';
}

}  // namespace davenport::couchmock
