#include "sim/virtual/world.hpp"

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

constexpr Duration progress_interval = std::chrono::milliseconds{100};

}  // namespace
World::World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options)
    : scenario_{scenario},
      plan_{plan},
      sink_{sink},
      options_{options},
      links_{base::Random::stream(plan.seed, "links")},
      disks_{base::Random::stream(plan.seed, "disks")},
      slices_{base::Random::stream(plan.seed, "slices")},
      store_{couchmock::MockConfig{.admin_user = {},
                                   .admin_password = {},
                                   .seed = plan.seed,
                                   .default_shards = scenario.topology.shards}},
      orchestrator_{scenario, plan, start_} {}

WorldResult World::run() {
    for (const auto& name : orchestrator::nodes_of(scenario_)) start_node(add_node(name));
    conduct(orchestrator_.start());
    for (const auto& seat : orchestrator::placements_of(scenario_))
        on(orchestrator::AddClient{seat.client, seat.node, seat.rooms, seat.polling});
    auto next_progress = now_;
    while (!done_ && !timeline_.empty()) {
        now_ = timeline_.next_at();
        timeline_.take([this](Event& event) { handle(event); });
        if (now_ < next_progress) continue;
        next_progress = now_ + progress_interval;
        note_requests();
        if (options_.progress) options_.progress(now_ - start_);
        const bool interrupted = options_.interrupted && *options_.interrupted;
        if (interrupted || (options_.abort && options_.abort())) {
            Record last{.kind = RecordKind::end};
            last.at_us = (now_ - start_).count();
            last.text = result_.broken = interrupted ? std::string{"interrupted"} : std::string{aborted_run};
            sink_.add(last);
            break;
        }
    }
    return result_;
}

void World::handle(Event& event) {
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

void World::note(const Record& record) {
    sink_.add(record);
    conduct(orchestrator_.on_record(record));
}

}  // namespace davenport::sim::virtual_world

namespace davenport::sim {

WorldResult run_virtual(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                        const WorldOptions& options) {
    return virtual_world::World{scenario, plan, sink, options}.run();
}

}  // namespace davenport::sim
