#include "sim/scenario/plan.hpp"

#include "node/base/random.hpp"
#include "sim/scenario/arrivals.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace davenport::sim {

namespace {

using base::Random;

/// A joined node is up and its clients are connected by then, or a client that came later, so they can be
/// expected to talk.
constexpr Duration join_grace = std::chrono::seconds{2};
/// How long a fault lasts that comes again and again and has no `for`.
constexpr Duration again_length = std::chrono::seconds{1};

/// From a message to the change that follows it.
constexpr Duration change_after_least = std::chrono::milliseconds{20};
constexpr Duration change_after_most = std::chrono::seconds{2};

Duration draw(Random& random, const Range& range) {
    return Duration{random.between(range.low.count(), range.high.count())};
}

/// Turns the lines of the timeline into occurrences.
class FaultPlanner {
public:
    FaultPlanner(const Scenario& scenario, std::uint64_t seed, Plan& plan)
        : scenario_{scenario}, seed_{seed}, plan_{plan} {}

    void add(const Fault& line) {
        // A stream for each line: taking one out of the file does not change what the others draw.
        auto random = Random::stream(seed_, "timeline/" + line.name);
        if (line.swarm && random.below(2) == 0) return;
        if (!line.every) {
            occur(line, line.at.value_or(Duration{}), line.name, random);
            return;
        }
        auto at = scenario_.load.settle;
        for (int n = 1;; ++n) {
            at += draw(random, *line.every);
            if (at >= plan_.load_end) return;
            at += occur(line, at, n == 1 ? line.name : fmt::format("{}#{}", line.name, n), random);
        }
    }

private:
    /// Plans one occurrence; returns its length.
    Duration occur(const Fault& line, Duration at, std::string name, Random& random) {
        const auto& kind = *language::find_fault(line.kinds[random.below(line.kinds.size())]);
        PlannedFault fault;
        fault.name = std::move(name);
        fault.line = line.name;
        fault.kind = kind.name;
        fault.at = at;
        fault.when = line.when;
        fault.location = line.location;
        fault.parameters = complete(kind, line.parameters);
        if (kind.span == language::Span::lasting) {
            const auto restart = parameter_or(fault.parameters, "restart", Duration{-1});
            if (line.length)
                fault.length = draw(random, *line.length);
            else if (restart >= Duration{})
                fault.length = restart;
            else if (line.every)
                fault.length = again_length;
            else
                fault.lasting = true;
        }
        aim(kind, line, fault, random);
        plan_.faults.push_back(std::move(fault));
        return plan_.faults.back().length;
    }

    /// Decides whom the fault hits. Drawn in any case, so that naming a victim does not change the rest of
    /// the line.
    void aim(const language::FaultKind& kind, const Fault& line, PlannedFault& fault, Random& random) {
        const auto node =
            fmt::format("n{}", 1 + random.below(static_cast<std::uint64_t>(scenario_.topology.nodes)));
        const auto client =
            static_cast<std::uint32_t>(random.below(static_cast<std::uint64_t>(scenario_.topology.clients)));
        switch (kind.hits) {
            case language::Hits::store:
                if (language::hits_one_store(kind)) fault.store = store_for(line, fault);
                if (kind.find("room") && !fault.parameters.contains("room"))
                    fault.parameters["room"] = room_of(scenario_.topology, client);
                break;
            case language::Hits::joiner:
                break;  // numbered when all are known
            case language::Hits::node:
                fault.node = line.node.empty() ? node : line.node;
                break;
            case language::Hits::link:
                fault.node = line.node;
                fault.client = line.client;
                fault.store = line.store;
                if (!line.client.empty()) fault.parameters["link"] = std::string{"client-node"};
                break;
            case language::Hits::client:
                fault.client = line.client.empty() ? fmt::format("c{}", client + 1) : line.client;
                if (kind.find("to") && !fault.parameters.contains("to"))
                    fault.parameters["to"] = next_to(fault.client);
                break;
        }
    }

    /// By a stream of its own: how many stores there are changes nothing in what the rest of the line draws.
    [[nodiscard]] std::string store_for(const Fault& line, const PlannedFault& fault) const {
        if (scenario_.topology.stores == 1 || !line.store.empty()) return line.store;
        auto random = Random::stream(seed_, "store of " + fault.name);
        return fmt::format("s{}", 1 + random.below(static_cast<std::uint64_t>(scenario_.topology.stores)));
    }

    [[nodiscard]] std::string next_to(const std::string& client) const {
        std::string why;
        const auto number = parse_value(Type::client, client, why).value_or(Value{}).low;
        return fmt::format("n{}",
                           1 + number % scenario_.topology.nodes);  // c1 is on n1, so this is the one after
    }

    const Scenario& scenario_;
    std::uint64_t seed_;
    Plan& plan_;
};

/// Joins are numbered in order of time.
void number_joins(const Scenario& scenario, Plan& plan) {
    std::vector<PlannedFault*> joins;
    for (auto& fault : plan.faults)
        if (fault.kind == "node.join") joins.push_back(&fault);
    std::ranges::stable_sort(joins, {},
                             [](const PlannedFault* f) { return f->when.empty() ? f->at : Duration::max(); });
    int number = scenario.topology.nodes;
    for (auto* join : joins) join->node = fmt::format("n{}", ++number);
}

void plan_actions(Plan& plan) {
    for (std::size_t i = 0; i < plan.faults.size(); ++i) {
        const auto& fault = plan.faults[i];
        if (!fault.when.empty()) continue;
        plan.actions.push_back({fault.at, true, i});
        if (fault.lasting)
            plan.actions.push_back({plan.heal_begin, false, i});
        else if (fault.length > Duration{})
            plan.actions.push_back({fault.at + fault.length, false, i});
    }
    // At the same moment what ends makes room for what begins.
    std::ranges::stable_sort(plan.actions, [](const Action& a, const Action& b) {
        return std::pair{a.at, a.begin} < std::pair{b.at, b.begin};
    });
}

/// The messages that the file names.
void plan_messages(const Scenario& scenario, Plan& plan) {
    for (const auto& message : scenario.load.messages) {
        std::string why;
        const auto number = parse_value(Type::client, message.client, why).value_or(Value{}).low;
        PlannedSend send;
        send.due = message.at;
        send.client = static_cast<std::uint32_t>(std::max<std::int64_t>(number, 1) - 1);
        send.room = message.room.empty() ? room_of(scenario.topology, send.client) : message.room;
        send.size_bytes = message.size_bytes;
        send.what = message.what;
        plan.sends.push_back(std::move(send));
    }
    std::ranges::stable_sort(plan.sends, {}, &PlannedSend::due);
}

/// How many of the topology's clients, the first ones, are there by then and have something to say; one at
/// least.
std::uint64_t talkers_at(const Topology& topology, Duration due) {
    auto talkers = static_cast<std::uint64_t>(std::max(topology.clients - topology.readers, 1));
    while (topology.arrive > Duration{} && talkers > 1 &&
           arrival_of(topology, static_cast<std::uint32_t>(talkers - 1)) + join_grace > due)
        --talkers;
    return talkers;
}

/// Some messages are followed by a change that their sender makes, of one of its last.
void plan_changes(const Load& load, Plan& plan) {
    if (!load.has_changes()) return;
    auto random = Random::stream(plan.seed, "load/changes");
    std::vector<PlannedSend> changes;
    for (const auto& send : plan.sends)
        for (const auto what : {Deed::edit, Deed::remove}) {
            const auto share = what == Deed::edit ? load.edits_per_million : load.removals_per_million;
            if (!random.per_million(static_cast<std::uint32_t>(share))) continue;
            auto change = send;
            change.what = what;
            change.due += Duration{random.between(change_after_least.count(), change_after_most.count())};
            if (change.due < plan.load_end) changes.push_back(std::move(change));
        }
    std::ranges::move(changes, std::back_inserter(plan.sends));
    std::ranges::stable_sort(plan.sends, {}, &PlannedSend::due);
}

void plan_sends(const Scenario& scenario, Plan& plan) {
    if (!scenario.load.messages.empty()) return plan_messages(scenario, plan);
    const auto& load = scenario.load;
    auto times = Random::stream(plan.seed, "load/times");
    auto senders = Random::stream(plan.seed, "load/senders");
    auto sizes = Random::stream(plan.seed, "load/sizes");
    // Clients come with a join, in its order.
    std::vector<std::pair<Duration, std::uint64_t>> more;
    for (const auto& action : plan.actions) {
        const auto& fault = plan.faults[action.fault];
        if (!action.begin || fault.kind != "node.join") continue;
        const auto clients = parameter_or(fault.parameters, "clients", std::int64_t{0});
        more.emplace_back(fault.at + join_grace, static_cast<std::uint64_t>(clients));
    }
    auto rooms = Random::stream(plan.seed, "load/rooms");
    const auto& topology = scenario.topology;
    for (const auto offset : arrival_times(load, times)) {
        PlannedSend send;
        send.due = load.settle + offset;
        const auto first = talkers_at(topology, send.due);
        auto clients = first;
        for (const auto& [from, count] : more)
            if (send.due >= from) clients += count;
        const auto drawn = senders.below(clients);
        send.client = static_cast<std::uint32_t>(
            drawn < first ? drawn : drawn - first + static_cast<std::uint64_t>(topology.clients));
        const auto theirs = rooms_of(topology, send.client);
        send.room = theirs.size() == 1 ? theirs.front() : theirs[rooms.below(theirs.size())];
        send.size_bytes =
            static_cast<int>(sizes.between(load.size_bytes, std::max(load.size_bytes, load.size_bytes_max)));
        plan.sends.push_back(std::move(send));
    }
    plan_changes(load, plan);
}

}  // namespace

std::string home_of(const Topology& topology, std::uint32_t client) {
    if (!topology.homes.empty()) {
        const auto home = topology.homes.find(fmt::format("c{}", client + 1));
        if (home != topology.homes.end()) return home->second;
    }
    return fmt::format("n{}", 1 + client % static_cast<std::uint32_t>(topology.nodes));
}

std::string room_of(const Topology& topology, std::uint32_t client) {
    return fmt::format("r{}", 1 + client % static_cast<std::uint32_t>(topology.rooms));
}

std::vector<std::string> rooms_of(const Topology& topology, std::uint32_t client) {
    std::vector<std::string> rooms;
    for (int i = 0; i < std::clamp(topology.rooms_each, 1, std::max(topology.rooms, 1)); ++i)
        rooms.push_back(room_of(topology, client + static_cast<std::uint32_t>(i)));
    return rooms;
}

Duration arrival_of(const Topology& topology, std::uint32_t client) {
    if (topology.arrive == Duration{} || client >= static_cast<std::uint32_t>(topology.clients)) return {};
    return topology.arrive * static_cast<std::int64_t>(client) / topology.clients;
}

bool is_polling(const Topology& topology, std::uint32_t client) {
    const auto number = static_cast<std::int64_t>(client) + 1;
    return number <= topology.clients && number > topology.clients - topology.polling;
}

Plan make_plan(const Scenario& scenario, std::uint64_t seed) {
    Plan plan;
    plan.seed = seed;
    plan.load_end = scenario.load.settle + scenario.load.length;
    for (const auto& message : scenario.load.messages) plan.load_end = std::max(plan.load_end, message.at);
    FaultPlanner planner{scenario, seed, plan};
    for (const auto& line : scenario.timeline) planner.add(line);
    plan.heal_begin = plan.load_end;
    for (const auto& fault : plan.faults)
        if (fault.when.empty() && !fault.lasting)
            plan.heal_begin = std::max(plan.heal_begin, fault.at + fault.length);
    plan.end = plan.heal_begin + scenario.heal;
    number_joins(scenario, plan);
    plan_actions(plan);
    plan_sends(scenario, plan);
    return plan;
}

}  // namespace davenport::sim
