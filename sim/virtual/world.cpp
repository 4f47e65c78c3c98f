#include "sim/virtual/world.hpp"

namespace davenport::sim::virtual_world {
namespace {

constexpr Duration progress_interval = std::chrono::milliseconds{100};

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 deduces none for aggregates

}  // namespace

World::World(const Scenario& scenario, const Plan& plan, HistorySink& sink, const WorldOptions& options)
    : options_{options},
      parts_{scenario, plan, options.store == nats_store || scenario.topology.store == nats_store, sink,
             [this](const Record& record) { environment_.on_record(record); }},
      environment_{parts_} {}

WorldResult World::run() {
    environment_.start();
    auto& engine = parts_.engine;
    auto next_progress = engine.now;
    while (!environment_.finished() && !engine.timeline.empty()) {
        engine.now = engine.timeline.next_at();
        engine.timeline.pop([this](Event& event) { handle(event); });
        if (engine.now < next_progress) continue;
        next_progress = engine.now + progress_interval;
        if (!report_progress()) return result_;
    }
    result_.broken = environment_.broken();
    return result_;
}

bool World::report_progress() {
    for (auto& node : parts_.nodes) node.note_requests();
    if (parts_.looks_at_queues) parts_.connections.note_queues();
    if (options_.progress) options_.progress(parts_.engine.elapsed());
    const bool interrupted = options_.interrupted && *options_.interrupted;
    if (!interrupted && !(options_.abort && options_.abort())) return true;
    Record last{.kind = RecordKind::end};
    last.text = result_.broken = interrupted ? std::string{"interrupted"} : std::string{aborted_run};
    parts_.engine.note(std::move(last));
    return false;
}

void World::handle(Event& event) {
    trace(event);
    const auto to_node = [this](auto& e) { parts_.nodes[e.node].on(e); };
    const auto to_client = [this](auto& e) { parts_.clients.on(e); };
    const auto to_connections = [this](auto& e) { parts_.connections.on(e); };
    std::visit(
        Overloaded{
            [&](ToNode& e) { to_node(e); }, [&](NodeTimer& e) { to_node(e); },
            [&](DiskSynced& e) { to_node(e); },
            [&](NodeStarts& e) {
                auto& node = parts_.nodes[e.node];
                node.start();
                parts_.engine.tell_orchestrator(orchestrator::NodeIsUp{node.name()});
            },
            [&](ToStore& e) { parts_.stores[e.store].on(e); },
            [&](StoreTimer& e) { parts_.stores[e.store].on(e); }, [&](ToClient& e) { to_client(e); },
            [&](FramesArrive& e) { to_client(e); }, [&](ClientTimer& e) { to_client(e); },
            [&](ConnectArrives& e) { to_connections(e); }, [&](RequestArrives& e) { to_connections(e); },
            [&](ToOrchestrator& e) { environment_.on(e); }, [&](OrchestratorTimer& e) { environment_.on(e); },
            [&](LinkLook& e) { environment_.on(e); }, [&](ToStream& e) { parts_.stream.on(e); },
            [&](FromStream& e) { parts_.stream.on(e); }, [&](StreamTimer& e) { parts_.stream.on(e); },
            [&](StreamSilent& e) { parts_.stream.on(e); }},
        event);
}

void World::trace(const Event& event) {
    const auto& engine = parts_.engine;
    const auto hash = hash_of(event) + static_cast<std::uint64_t>(engine.now.time_since_epoch().count());
    result_.event_hash = (result_.event_hash ^ hash) * 0x9e3779b97f4a7c15ull;
    result_.event_hash ^= result_.event_hash >> 29;
    ++result_.events;
    if (!options_.trace) return;
    const auto target = target_of(event);
    options_.trace({result_.events, engine.elapsed(), kind_of(event), target, result_.event_hash});
}

std::string World::target_of(const Event& event) const {
    return std::visit(
        [this](const auto& e) -> std::string {
            if constexpr (requires { e.node; }) {
                return parts_.nodes[e.node].name();
            } else if constexpr (requires { e.client; }) {
                return parts_.clients.name(e.client);
            } else {
                return "";
            }
        },
        event);
}

}  // namespace davenport::sim::virtual_world

namespace davenport::sim {

WorldResult run_virtual(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                        const WorldOptions& options) {
    return virtual_world::World{scenario, plan, sink, options}.run();
}

}  // namespace davenport::sim
