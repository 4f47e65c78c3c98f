#include "couchmock/core/server.hpp"

#include <charconv>

#include <fmt/format.h>

/// A server as the members of a cluster.
namespace davenport::couchmock {
namespace {

/// Asks that member whatever the balancer would do, or "all": what all of them have together.
constexpr std::string_view member_header = "X-Couchmock-Member";

/// As a balancer of HTTP says it (haproxy), behind which nobody is left.
void answer_nobody(Call& call) {
    call.respond(503,
                 "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
                 "request.\n</body></html>\n",
                 {{"Cache-Control", "no-cache"}, {"Connection", "close"}, {"Content-Type", "text/html"}});
}

/// Nothing when `text` is none from `low` to `high`.
std::optional<std::size_t> read_number(std::string_view text, std::size_t low, std::size_t high) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < low || number > high)
        return std::nullopt;
    return number;
}

}  // namespace

bool Server::send_to_member(Call& call) {
    const auto wanted = call.header(member_header);
    if (wanted == "all") return true;
    auto member = cluster.choose();
    if (!wanted.empty()) {
        member = read_number(wanted, 1, cluster.size());
        if (member) --*member;
    }
    if (!member && !wanted.empty()) {
        call.respond_error(
            bad_request(fmt::format("{} is a number from 1 to {}, or all", member_header, cluster.size())));
        return false;
    }
    if (!member || !cluster.is_up(*member)) {
        answer_nobody(call);
        return false;
    }
    call.member = *member;
    // Who names a member asks it alone.
    std::size_t enough = wanted.empty() ? cluster.quorum() : 1;
    if (const auto* r = call.find("r")) enough = read_number(*r, 1, cluster.size()).value_or(enough);
    call.replicas = cluster.replicas(*member, enough);
    call.extra_headers.emplace_back(member_header, std::to_string(*member + 1));
    return true;
}

void Server::take_member_away(MemberIndex member, std::uint64_t by, bool empty) {
    if (cluster.take_away(member, by)) feeds.cut_all(member);
    for (const auto& [name, database] : databases) {
        database->copy(member).leave();
        if (empty) database->lose_copy(member);
    }
}

void Server::give_members_back(std::uint64_t by, base::Duration lag, base::Time now) {
    for (const auto member : cluster.give_back(by, lag, now))
        for (const auto& [name, database] : databases) database->copy(member).come_back();
}

void Server::heal_members(base::Time now) {
    for (const auto member : cluster.take_healed(now))
        for (const auto& [name, database] : databases)
            if (database->copy(member).heal()) note_change(*database);
}

}  // namespace davenport::couchmock
