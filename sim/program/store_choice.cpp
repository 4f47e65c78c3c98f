#include "sim/program/store_choice.hpp"

#include "sim/scenario/reader.hpp"
#include "sim/world.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::program {

std::string flags_of(const StoreChoice& choice) {
    std::string flags;
    if (choice.store == nats_store) flags += " --store nats";
    if (choice.nats_servers > 0) flags += fmt::format(" --nats-servers {}", choice.nats_servers);
    return flags;
}

std::string bad_choice(const StoreChoice& choice) {
    if (choice.nats_servers != 0 && choice.nats_servers != 1 && choice.nats_servers != 3)
        return fmt::format("--nats-servers is 1 or 3, not {}: of two servers neither is a majority",
                           choice.nats_servers);
    if (choice.store != "couchmock" && choice.store != nats_store)
        return "the URL of a store is for the process world; the virtual world has couchmock's core in it, "
               "or with --store nats a model of a NATS server";
    return {};
}

bool is_on_nats(const Scenario& scenario, const StoreChoice& choice) {
    return choice.store == nats_store || scenario.topology.store == nats_store;
}

Scenario with_store(Scenario scenario, const StoreChoice& choice) {
    if (is_on_nats(scenario, choice)) scenario.topology.store = nats_store;
    if (choice.nats_servers > 0) scenario.topology.servers = choice.nats_servers;
    return scenario;
}

std::vector<Problem> not_on_chosen_store(const Scenario& scenario, const StoreChoice& choice, bool real) {
    if (is_on_nats(scenario, choice)) return not_on_nats(with_store(scenario, choice), real);
    if (choice.nats_servers > 0)
        return {{{}, "--nats-servers: the store of this scenario is a CouchDB", "give --store nats, too"}};
    return {};
}

bool is_possible(const Scenario& scenario, const StoreChoice& choice) {
    if (const auto bad = bad_choice(choice); !bad.empty()) {
        fmt::print(stderr, "chatsim: {}\n", bad);
        return false;
    }
    return !print_problems(scenario, not_on_chosen_store(scenario, choice, false));
}

bool print_problems(const Scenario& scenario, const std::vector<Problem>& problems) {
    for (const auto& problem : problems) {
        const auto place =
            problem.location.line == 0
                ? scenario.file
                : fmt::format("{}:{}:{}", scenario.file, problem.location.line, problem.location.column);
        fmt::print(stderr, "{}: error: {}\n    hint: {}\n", place, problem.message, problem.hint);
    }
    return !problems.empty();
}

}  // namespace davenport::sim::program
