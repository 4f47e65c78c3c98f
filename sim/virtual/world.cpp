#include "sim/virtual/world.hpp"

#include <fmt/format.h>

namespace sim::virtual_world {
namespace {

constexpr Duration look_interval = std::chrono::milliseconds{100};

std::vector<std::string> rooms_of(int client, int rooms) { return {fmt::format("r{}", 1 + client % std::max(rooms, 1))}; }

}  // namespace

World::World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options)
    : scenario_{scenario},
      plan_{plan},
      sink_{sink},
      options_{options},
      links_{base::Random::stream(plan.seed, "links")},
      disks_{base::Random::stream(plan.seed, "disks")},
      faults_{base::Random::stream(plan.seed, "faults")},
      store_{couchmock::MockConfig{.admin_user = {},
                                   .admin_password = {},
                                   .seed = plan.seed,
                                   .default_shards = scenario.topology.shards}} {}

WorldResult World::run() {
    for (int i = 0; i < scenario_.topology.nodes; ++i) {
        add_node(fmt::format("n{}", i + 1));
        start_node(static_cast<NodeIndex>(i));
    }
    for (int i = 0; i < scenario_.topology.clients; ++i)
        add_client(fmt::format("c{}", i + 1), static_cast<NodeIndex>(i % scenario_.topology.nodes),
                   rooms_of(i, scenario_.topology.rooms));
    if (!plan_.sends.empty()) at(start_ + plan_.sends.front().due, SendDue{0});
    for (std::size_t i = 0; i < plan_.actions.size(); ++i) at(start_ + plan_.actions[i].at, ActionDue{i});
    soon(look_interval, Look{});
    while (!done_ && !timeline_.empty()) {
        now_ = timeline_.next_at();
        handle(timeline_.take());
        if (options_.interrupted && *options_.interrupted) {
            result_.broken = "interrupted";
            break;
        }
    }
    Record last{.what = What::end};
    last.text = result_.broken;
    note(std::move(last));
    return result_;
}

void World::handle(Event event) {
    trace(event);
    std::visit([this](auto& e) { on(e); }, event);
}

void World::trace(const Event& event) {
    const auto hash = hash_of(event) + static_cast<std::uint64_t>(now_.time_since_epoch().count());
    result_.event_hash = (result_.event_hash ^ hash) * 0x9e3779b97f4a7c15ull;
    result_.event_hash ^= result_.event_hash >> 29;
    ++result_.events;
    if (!options_.trace) return;
    const auto target = target_of(event);
    options_.trace({result_.events, now_ - start_, kind_of(event), target, result_.event_hash});
}

std::string World::target_of(const Event& event) const {
    return std::visit(
        [this](const auto& e) -> std::string {
            if constexpr (requires { e.node; }) {
                return nodes_[e.node].name;
            } else if constexpr (requires { e.client; }) {
                return clients_[e.client].name;
            } else {
                return "";
            }
        },
        event);
}

base::WallTime World::wall() const {
    using namespace std::chrono_literals;
    return base::WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}} + 12h + (now_ - start_);
}

void World::note(Record record) {
    if (record.at_us == 0) record.at_us = (now_ - start_).count();
    if (record.what == What::shown) last_shown_ = now_;
    sink_.add(record);
}

}  // namespace sim::virtual_world

namespace sim {

WorldResult run_virtual(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options) {
    return virtual_world::World{scenario, plan, sink, options}.run();
}

}  // namespace sim
