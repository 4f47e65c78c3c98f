#include "sim/checker/people.hpp"

#include "sim/checker/checks.hpp"
#include "sim/checker/evidence.hpp"
#include "sim/checker/facts.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim::checker {
namespace {

std::set<std::string> names_in(std::string_view text) {
    std::set<std::string> names;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        names.emplace(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

std::vector<std::string> without(const std::set<std::string>& all, const std::set<std::string>& some) {
    std::vector<std::string> left;
    std::ranges::set_difference(all, some, std::back_inserter(left));
    return left;
}

}  // namespace

void People::join(std::int64_t at_us, const std::string& client, const std::string& room) {
    changes_.push_back({at_us, Change::Kind::came, client, room, {}});
}

void People::leave(std::int64_t at_us, const std::string& client, const std::string& room) {
    changes_.push_back({at_us, Change::Kind::left, client, room, {}});
}

void People::tell(std::int64_t at_us, const std::string& client, const std::string& room,
                  std::string_view names) {
    changes_.push_back({at_us, Change::Kind::told, client, room, names_in(names)});
}

/// Goes through what happened and looks at what everybody is shown whenever all has been quiet for so long.
Finding check_people(const Facts& facts, Duration within) {
    using Kind = People::Change::Kind;
    Evidence evidence;
    std::int64_t looks = 0;
    std::map<std::string, std::set<std::string>> there;                          // by room
    std::map<std::pair<std::string, std::string>, std::set<std::string>> shown;  // by client and room
    // Who cuts a connection or goes elsewhere only comes and goes.
    const auto hinders = [](const FaultSpan& fault) {
        return !fault.kind.starts_with("client.") || fault.kind == "client.slow";
    };
    const auto faulty = [&](std::int64_t from, std::int64_t to) {
        return std::ranges::any_of(facts.faults, [&](const FaultSpan& fault) {
            return hinders(fault) && fault.on_us <= to && fault.off_us >= from;
        });
    };
    std::int64_t changed_us = 0;
    const auto look = [&](std::int64_t at_us) {
        if (at_us - changed_us < within.count() || faulty(at_us - within.count(), at_us)) return;
        for (const auto& [room, people] : there) {
            for (const auto& client : people) {
                ++looks;
                const auto& names = shown[{client, room}];
                if (names == people) continue;
                if (!evidence.wants_more()) {
                    evidence.count_only();
                    continue;
                }
                const auto gone = without(names, people), unseen = without(people, names);
                evidence.add(
                    fmt::format("at {} {} sees in {}{}{}{}{}", at_text(at_us), client, room,
                                gone.empty() ? "" : " who is gone: ", fmt::join(gone, ", "),
                                unseen.empty() ? "" : " not who is there: ", fmt::join(unseen, ", ")));
            }
        }
    };
    auto last_us = std::int64_t{-1};
    for (const auto& change : facts.people.changes()) {
        if (change.at_us > last_us) look(change.at_us - 1);  // what stood until now
        last_us = change.at_us;
        switch (change.kind) {
            case Kind::came:
                if (there[change.room].insert(change.client).second) changed_us = change.at_us;
                break;
            case Kind::left:
                for (auto& [room, people] : there)
                    if ((change.room.empty() || room == change.room) && people.erase(change.client) > 0)
                        changed_us = change.at_us;
                std::erase_if(shown, [&](const auto& entry) {
                    return entry.first.first == change.client &&
                           (change.room.empty() || entry.first.second == change.room);
                });
                break;
            case Kind::told:
                shown[{change.client, change.room}] = change.names;
                break;
        }
    }
    look(facts.people.until_us() >= 0 ? facts.people.until_us() : facts.end_us);
    auto measured = fmt::format("{} of {} looks at who is there were wrong", evidence.count(), looks);
    auto found = finding(fmt::format("people within {}", time_text(within.count())), std::move(evidence),
                         std::move(measured));
    if (looks == 0) {
        found.outcome = Outcome::unknown;
        found.measured += ": somebody came or went all the time, or a fault was on";
    }
    return found;
}

}  // namespace davenport::sim::checker
