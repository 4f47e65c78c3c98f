#include "sim/virtual/clients.hpp"

#include "sim/orchestrator/placement.hpp"
#include "sim/virtual/parts.hpp"

#include <algorithm>
#include <utility>

namespace davenport::sim::virtual_world {
namespace {

constexpr std::size_t socket_bytes_max = 256 * 1024;  // what a connection's buffers hold when nobody reads
constexpr Duration write_time{5};                     // until the kernel's buffer has taken a write

}  // namespace

void Clients::add(std::string name, const Node& home, std::vector<std::string> rooms, bool polling) {
    ++unsettled_;
    start({.name = std::move(name),
           .node = home.name(),
           .rooms = std::move(rooms),
           .start = parts_.engine.start,
           .seed = parts_.plan.seed,
           .polling = polling,
           .looks_round = orchestrator::clients_look_round(parts_.scenario),
           .watches = orchestrator::clients_watch(parts_.scenario, parts_.plan),
           .changes = parts_.scenario.load.has_changes()},
          {}, {});
}

void Clients::add_reader(const Node& of, std::vector<std::string> rooms) {
    start({.name = "probe of " + of.name(),
           .node = of.name(),
           .rooms = {},
           .start = parts_.engine.start,
           .seed = parts_.plan.seed,
           .history_page = orchestrator::history_page(parts_.scenario)},
          of.name(), std::move(rooms));
}

void Clients::start(client::Config config, std::string reads_node, std::vector<std::string> rooms_to_read) {
    const auto index = static_cast<ClientIndex>(clients_.size());
    auto& client = clients_.emplace_back(std::move(config));
    client.reads_node = std::move(reads_node);
    client.rooms_to_read = std::move(rooms_to_read);
    perform(index, client.core.start(parts_.engine.clocks()));
}

ClientIndex Clients::find(const std::string& name) const {
    return static_cast<ClientIndex>(std::ranges::find(clients_, name, &Client::name) - clients_.begin());
}

void Clients::handle(const std::string& client, const client::Event& event) {
    if (const auto index = find(client); index < clients_.size()) handle(index, event);
}

void Clients::handle(ClientIndex client, const client::Event& event) {
    perform(client, clients_[client].core.handle(event, clocks(clients_[client])));
}

base::Now Clients::clocks(const Client& client) const {
    return parts_.engine.clocks(client.clock.offset(parts_.engine.now));
}

void Clients::set_clock(std::size_t fault, bool on) {
    const auto& planned = parts_.plan.faults[fault];
    const auto index = find(planned.client);
    if (index == clients_.size()) return;
    auto& clock = clients_[index].clock;
    on ? clock.begin(fault, planned, parts_.engine.now) : clock.end(fault);
}

void Clients::perform(ClientIndex index, client::Effects effects) {
    auto& client = clients_[index];
    auto& engine = parts_.engine;
    const bool is_reader = !client.reads_node.empty();
    for (auto& effect : effects) {
        if (auto* noted = std::get_if<client::Note>(&effect)) {
            if (!is_reader) on_record_(noted->record);
        } else if (auto* send = std::get_if<client::Send>(&effect)) {
            parts_.connections.send_up(client.link, std::move(send->frame));
        } else if (auto* to = std::get_if<client::Connect>(&effect)) {
            client.link = parts_.connections.open(index, to->node);
        } else if (auto* request = std::get_if<client::Ask>(&effect)) {
            parts_.connections.ask(index, std::move(*request));
        } else if (std::get_if<client::Disconnect>(&effect)) {
            parts_.connections.drop(std::exchange(client.link, 0), true, "");
        } else if (auto* timer = std::get_if<client::SetTimer>(&effect)) {
            engine.at(timer->at, ClientTimer{index, timer->timer, client.timers.set(timer->timer)});
        } else if (auto* history = std::get_if<client::HistoryRead>(&effect)) {
            engine.tell_orchestrator(orchestrator::HistoryTold{client.reads_node, std::move(history->room),
                                                               std::move(history->messages)});
            read_next_room(index);
        }
    }
    if (is_reader || client.core.settled() == client.settled) return;
    client.settled = !client.settled;
    client.settled ? --unsettled_ : ++unsettled_;
}

void Clients::read_next_room(ClientIndex index) {
    auto& client = clients_[index];
    if (client.rooms_to_read.empty()) return;
    auto room = std::move(client.rooms_to_read.back());
    client.rooms_to_read.pop_back();
    parts_.engine.soon(Duration{0}, ToClient{index, client.link, client::AskHistory{std::move(room)}});
}

// ---------------------------------------------------------------- sockets

void Clients::write_to_socket(ClientIndex index, std::size_t bytes, ToNode written) {
    auto& client = clients_[index];
    client.unread_bytes += client.reading ? 0 : bytes;
    // No more than the node's own queue for a client, so that a small one is ever filled.
    const auto room =
        std::min(socket_bytes_max, static_cast<std::size_t>(parts_.scenario.topology.send_queue_bytes));
    if (client.unread_bytes > room)
        client.unwritten.push_back(std::move(written));
    else
        parts_.engine.soon(write_time, std::move(written));
}

void Clients::hold_reading(const std::string& name, bool held) {
    const auto index = find(name);
    if (index == clients_.size()) return;
    auto& client = clients_[index];
    client.reading = !held;
    if (held) return;
    client.unread_bytes = 0;
    for (auto& written : std::exchange(client.unwritten, {}))
        parts_.engine.soon(Duration{0}, std::move(written));
    // At once: what arrives at this very moment stands behind it.
    for (const auto& frames : std::exchange(client.unread, {})) read(frames);
    for (const auto& answer : std::exchange(client.unread_answers, {})) handle(index, answer);
}

void Clients::on(ToClient& e) {
    auto& client = clients_[e.client];
    if (client.link != e.link) return;
    if (std::holds_alternative<client::Disconnected>(e.event)) client.link = 0;
    auto* answer = std::get_if<client::Answered>(&e.event);
    if (answer && !client.reading) return client.unread_answers.push_back(std::move(*answer));
    handle(e.client, e.event);
}

void Clients::on(FramesArrive& e) {
    auto& client = clients_[e.client];
    client.reading ? read(e) : client.unread.push_back(std::move(e));
}

void Clients::read(const FramesArrive& e) {
    auto& client = clients_[e.client];
    for (const auto& batch : e.frames) {
        for (std::size_t i = 0; i < batch->count(); ++i) {
            if (client.link != e.link) return;
            if (const auto frame = json_.read(batch->at(i)))
                perform(e.client, client.core.on_frame(*frame, clocks(client)));
            else
                handle(e.client, client::Received{std::string{batch->at(i)}});
        }
    }
    if (client.reads_node.empty() || !client.core.connected() || std::exchange(client.asking, true)) return;
    read_next_room(e.client);
}

void Clients::on(ClientTimer& e) {
    if (clients_[e.client].timers.fire(e.timer, e.setting)) handle(e.client, client::TimerFired{e.timer});
}

}  // namespace davenport::sim::virtual_world
