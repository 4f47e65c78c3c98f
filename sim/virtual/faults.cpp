#include <fmt/format.h>

#include <algorithm>

#include "sim/conduct/store_rule.hpp"
#include "sim/virtual/world.hpp"

/// The plan's actions: what each kind of fault does to this world.
namespace sim::virtual_world {
namespace {

std::int64_t number(const PlannedFault& fault, const char* key, std::int64_t otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : std::stoll(found->second);
}

Duration milliseconds(const PlannedFault& fault, const char* key, std::int64_t otherwise) {
    return std::chrono::milliseconds{number(fault, key, otherwise)};
}

std::string word(const PlannedFault& fault, const char* key) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? std::string{} : found->second;
}

}  // namespace

void World::note_fault(What what, const PlannedFault& fault, std::int64_t touched) {
    Record record{.what = what};
    record.name = fault.name;
    record.text = fault.kind;
    record.node = fault.node;
    record.client = fault.client;
    record.count = touched;
    note(std::move(record));
}

NodeIndex World::node_of(const PlannedFault& fault) const {
    const auto found = std::ranges::find(nodes_, fault.node, &VirtualNode::name);
    return static_cast<NodeIndex>(found == nodes_.end() ? 0 : found - nodes_.begin());
}

void World::on(ActionDue& e) {
    const auto& action = plan_.actions[e.action];
    const auto& fault = plan_.faults[action.fault];
    action.begin ? begin(fault) : end(fault);
}

void World::begin(const PlannedFault& fault) {
    if (healing_) return;
    note_fault(What::fault_on, fault, 0);
    const auto nth = static_cast<std::size_t>(&fault - plan_.faults.data());
    open_faults_.push_back(nth);
    if (conduct::is_store_fault(fault.kind)) {
        const auto answer = ask_store(conduct::set_rule(fault));
        if (answer.status >= 400)
            result_.broken = fmt::format("couchmock refuses the fault {}: {}", fault.kind, answer.body);
        touched_[fault.name] = conduct::hits_of(answer.body, fault.name);
    } else if (fault.kind.starts_with("node.")) {
        begin_node_fault(fault);
    } else if (fault.kind.starts_with("client.")) {
        begin_client_fault(fault);
    } else {
        set_link_fault(fault, true);
    }
    if (!fault.lasting && fault.length == Duration{0}) end(fault);
}

void World::end(const PlannedFault& fault) {
    const auto nth = static_cast<std::size_t>(&fault - plan_.faults.data());
    if (std::erase(open_faults_, nth) == 0) return;
    if (conduct::is_store_fault(fault.kind)) {
        const auto hits = conduct::hits_of(ask_store(conduct::list_rules()).body, fault.name);
        touched_[fault.name] = std::max(touched_[fault.name], hits);
        if (fault.length > Duration{0} || fault.lasting) ask_store(conduct::clear_rule(fault.name));
    } else if (fault.kind == "node.pause") {
        pause_node(node_of(fault), false);
    } else if (fault.kind == "node.disk_full") {
        nodes_[node_of(fault)].disk_full = false;
    } else if (fault.kind == "node.clock_skew") {
        nodes_[node_of(fault)].clock_offset = {};
    } else if (fault.kind == "node.kill" || fault.kind == "node.stop" || fault.kind == "node.wipe") {
        start_node(node_of(fault));
    } else if (fault.kind == "client.slow") {
        for (auto& client : clients_)
            if (client.name == fault.client) client.slow = {};
    } else if (fault.kind.starts_with("link.")) {
        set_link_fault(fault, false);
    }
    note_fault(What::fault_off, fault, touched_[fault.name]);
}

void World::begin_node_fault(const PlannedFault& fault) {
    if (fault.kind == "node.join") {
        const auto index = static_cast<NodeIndex>(nodes_.size());
        add_node(fmt::format("n{}", index + 1));
        start_node(index);
        Record record{.what = What::node};
        record.node = nodes_[index].name;
        record.text = "joined";
        note(std::move(record));
        for (auto more = number(fault, "clients", 0); more > 0; --more) {
            const auto i = static_cast<int>(clients_.size());
            add_client(fmt::format("c{}", i + 1), index, {fmt::format("r{}", 1 + i % scenario_.topology.rooms)});
        }
        touched_[fault.name] = 1;
        return;
    }
    const auto index = node_of(fault);
    auto& node = nodes_[index];
    touched_[fault.name] = node.core ? 1 : 0;
    const auto back = milliseconds(fault, "restart_ms", fault.kind == "node.restart" ? 1000 : -1);
    if (fault.kind == "node.kill") {
        end_node(index, "killed");
    } else if (fault.kind == "node.wipe") {
        wipe_node(index);
    } else if (fault.kind == "node.stop" || fault.kind == "node.restart") {
        if (node.core) {
            node.stopping = true;
            Record record{.what = What::node};
            record.node = node.name;
            record.text = "stopping";
            note(std::move(record));
            tell_node(index, node::Drain{});
        }
    } else if (fault.kind == "node.pause") {
        pause_node(index, true);
    } else if (fault.kind == "node.disk_full") {
        node.disk_full = true;
    } else if (fault.kind == "node.clock_skew") {
        node.clock_offset = milliseconds(fault, "offset_ms", 0);
    }
    if (back >= Duration{0}) soon(back, NodeStarts{index});
}

void World::begin_client_fault(const PlannedFault& fault) {
    for (ClientIndex i = 0; i < clients_.size(); ++i) {
        if (clients_[i].name != fault.client) continue;
        touched_[fault.name] = clients_[i].core->connected() ? 1 : 0;
        if (fault.kind == "client.slow") clients_[i].slow = milliseconds(fault, "delay_ms", 500);
        if (fault.kind == "client.vanish") tell_client(i, client::Vanish{std::max(fault.length, Duration{100'000})});
        if (fault.kind == "client.reconnect") tell_client(i, client::Vanish{Duration{0}});
        if (fault.kind == "client.hop") tell_client(i, client::Hop{word(fault, "to")});
        if (fault.kind == "client.retry") tell_client(i, client::Retry{});
        if (fault.kind == "client.garbage") tell_client(i, client::Garbage{"{\"t\":\"post\",\"room\":7,"});
        if (fault.kind == "client.flood")
            for (auto n = number(fault, "messages", 100); n > 0; --n)
                tell_client(i, client::Post{fmt::format("r{}", 1 + i % static_cast<ClientIndex>(scenario_.topology.rooms)), 64, now_});
    }
}

void World::set_link_fault(const PlannedFault& fault, bool on) {
    const auto between = word(fault, "between");
    const auto direction = word(fault, "direction");
    for (auto& node : nodes_) {
        if (!fault.node.empty() && node.name != fault.node) continue;
        auto& path = between == "client-node" ? node.to_clients : node.to_store;
        const auto given = scenario_.links.find(between == "client-node" ? "client-node" : "node-store");
        if (on) ++touched_[fault.name];
        if (fault.kind == "link.latency") path.extra = on ? milliseconds(fault, "delay_ms", 200) : Duration{0};
        if (fault.kind == "link.bandwidth") {
            const auto before = given == scenario_.links.end() ? 0 : given->second.bytes_per_second;
            path.link.bytes_per_second = on ? static_cast<std::uint64_t>(number(fault, "bytes_per_s", 10'000)) : before;
        }
        if (fault.kind == "link.clog" || fault.kind == "link.partition")
            set_held(path, on && direction != "down", on && direction != "up");
        if (fault.kind == "link.reset" && on) {
            const auto index = static_cast<NodeIndex>(&node - nodes_.data());
            if (between == "client-node") {
                std::vector<LinkId> ids;
                for (const auto& [id, connection] : connections_)
                    if (connection.node == index) ids.push_back(id);
                std::ranges::sort(ids);
                for (const auto id : ids) {
                    soon(Duration{0}, NodeHears{index, node.life, node::Closed{id}});
                    drop_link(id, false, "connection reset");
                }
            } else {
                std::vector<couchmock::ExchangeId> ids;
                for (const auto& [id, exchange] : exchanges_)
                    if (exchange.node == index) ids.push_back(id);
                for (const auto id : ids) {
                    answer(id, node::FetchFailed{0, "connection reset"}, 0);
                    finish(id);
                    to_store(index, couchmock::Abandoned{id}, 0);
                }
            }
        }
    }
}

void World::set_held(Path& path, bool up, bool down) {
    path.up_held = up;
    path.down_held = down;
    const auto release = [this](std::vector<std::pair<Duration, Event>>& waiting) {
        Duration last{};
        for (auto& [after, event] : std::exchange(waiting, {})) soon(last = std::max(last, after), std::move(event));
    };
    if (!up) release(path.up_waiting);
    if (!down) release(path.down_waiting);
}

}  // namespace sim::virtual_world
