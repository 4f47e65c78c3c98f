#include "sim/virtual/environment.hpp"

#include "sim/orchestrator/store_rule.hpp"

#include <string>

namespace davenport::sim::virtual_world {
namespace {

constexpr Duration start_time = std::chrono::milliseconds{50};  // from exec to the first line of the core
constexpr auto database = "/chat";

}  // namespace

Environment::Environment(Parts& parts)
    : parts_{parts}, orchestrator_{parts.scenario, parts.plan, parts.engine.start} {}

/// Those behind the first, whose database the nodes make.
void Environment::make_databases() {
    for (std::size_t i = 1; i < parts_.stores.size(); ++i) {
        auto& store = parts_.stores[i];
        store.ask({"PUT", database, {}, {}});
    }
}

void Environment::start() {
    make_databases();
    for (const auto& name : orchestrator::nodes_of(parts_.scenario)) parts_.node_named(name).start();
    perform(orchestrator_.start());
    for (const auto& [client, node, rooms, polling, at] : orchestrator::placements_of(parts_.scenario))
        if (at == Duration{}) on(orchestrator::AddClient{client, node, rooms, polling});
}

void Environment::perform(orchestrator::Effects effects) {
    for (const auto& effect : effects) std::visit([this](const auto& e) { on(e); }, effect);
}

void Environment::on_record(const Record& record) {
    parts_.engine.add(record);
    perform(orchestrator_.on_record(record));
}

void Environment::on(ToOrchestrator& e) {
    perform(orchestrator_.handle(std::move(e.event), parts_.engine.now));
}

void Environment::on(OrchestratorTimer& e) {
    if (e.setting == timer_setting_)
        perform(orchestrator_.handle(orchestrator::TimerFired{parts_.clients.settled()}, parts_.engine.now));
}

void Environment::on(const orchestrator::SetTimer& e) {
    parts_.engine.at(e.at, OrchestratorTimer{++timer_setting_});
}

void Environment::on(const orchestrator::Act& e) {
    auto& node = parts_.node_named(e.node);
    switch (e.act) {
        case orchestrator::NodeAct::start:
            parts_.engine.soon(start_time, NodeStarts{node.index()});
            break;
        case orchestrator::NodeAct::kill:
            node.kill(e.tail);
            parts_.engine.tell_orchestrator(orchestrator::NodeIsGone{e.node, "killed", false});
            break;
        case orchestrator::NodeAct::terminate:
            node.drain();
            break;
        case orchestrator::NodeAct::wipe:
            node.wipe_disk();
            break;
        case orchestrator::NodeAct::copy:
            node.disk.keep_copy(e.copy);
            break;
        case orchestrator::NodeAct::restore:
            node.disk.put_back(e.copy);
            break;
        case orchestrator::NodeAct::pause:
            node.pause(true);
            break;
        case orchestrator::NodeAct::resume:
            node.pause(false);
            break;
    }
}

void Environment::on(const orchestrator::AddClient& e) {
    parts_.clients.add(e.client, parts_.node_named(e.node), e.rooms, e.polling);
}

void Environment::answer(orchestrator::RequestId request, base::HttpResponse response) {
    parts_.engine.tell_orchestrator(
        orchestrator::Answered{request, response.status, std::move(response.body)});
}

void Environment::on(const orchestrator::AskControl& e) {
    if (!parts_.on_nats) return answer(e.request, parts_.stores[e.store].ask(e.http));
    auto told = parts_.stream.control(e.http);
    parts_.engine.tell_orchestrator(orchestrator::Answered{e.request, told.status, std::move(told.body)});
}

void Environment::on(const orchestrator::AskStore& e) {
    if (parts_.on_nats) {
        auto documents = parts_.stream.all_documents();
        return parts_.engine.tell_orchestrator(
            orchestrator::Answered{e.request, documents.status, std::move(documents.body)});
    }
    auto request = e.http;
    request.target = database + request.target;
    auto& store = parts_.stores[e.store];
    answer(e.request, e.as_peer ? store.ask_as_peer(std::move(request)) : store.ask(std::move(request)));
}

/// What the node's /readyz would say, without asking it: a node that nothing but questions wakes would seem
/// to be awake.
void Environment::on(const orchestrator::AskBacklog& e) {
    const auto* node = parts_.find_node(e.node);
    if (const auto counts = node ? node->counts() : std::nullopt)
        parts_.engine.tell_orchestrator(
            orchestrator::BacklogTold{e.node, static_cast<std::int64_t>(counts->backlog), counts->store_up});
}

void Environment::on(const orchestrator::AskHistory& e) {
    parts_.clients.add_reader(parts_.node_named(e.node), e.rooms);
}

void Environment::on(const orchestrator::Finished& e) {
    broken_ = e.broken;
    finished_ = true;
}

}  // namespace davenport::sim::virtual_world
