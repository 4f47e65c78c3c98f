#include "sim/orchestrator/orchestrator.hpp"
#include "sim/orchestrator/store_rule.hpp"

#include <algorithm>

#include <fmt/format.h>

/// What begins and ends by the plan.
namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;

constexpr Duration pause_standard = 1s;
constexpr Duration moment_look_interval = 100ms;

std::optional<Duration> ms_parameter(const PlannedFault& fault, const std::string& key) {
    const auto found = fault.parameters.find(key);
    if (found == fault.parameters.end()) return std::nullopt;
    return Duration{static_cast<std::int64_t>(std::stod(found->second) * 1000)};
}

int int_parameter(const PlannedFault& fault, const std::string& key, int otherwise) {
    const auto found = fault.parameters.find(key);
    return found == fault.parameters.end() ? otherwise : std::stoi(found->second);
}

/// What befalls the machine under the node, running or not.
bool is_of_the_host(std::string_view kind) {
    return kind == "node.disk_full" || kind == "node.disk_fail" || kind == "node.clock_skew";
}

bool is_moment(const PlannedFault& fault) { return fault.length == Duration{0} && !fault.lasting; }

}  // namespace

void Orchestrator::begin(std::size_t fault) {
    if (phase_ != Phase::playing || faults_[fault].on) return;
    const auto& kind = plan_.faults[fault].kind;
    faults_[fault].on = true;
    note_fault(RecordKind::fault_on, fault, 0);
    if (is_store_fault(kind)) {
        begin_store_fault(fault);
    } else if (kind == "node.join") {
        begin_join(fault);
    } else if (kind.starts_with("node.")) {
        begin_node_fault(fault);
    } else if (kind.starts_with("client.")) {
        begin_client_fault(fault);
    } else {
        effects_.push_back(SetLink{fault, true});
        if (is_moment(plan_.faults[fault])) end(fault);
    }
}

void Orchestrator::end(std::size_t fault) {
    if (!faults_[fault].on || faults_[fault].ending) return;
    faults_[fault].ending = true;
    const auto& kind = plan_.faults[fault].kind;
    if (is_store_fault(kind)) {
        end_store_fault(fault);
    } else if (kind.starts_with("node.")) {
        end_node_fault(fault);
    } else if (kind.starts_with("client.")) {
        end_client_fault(fault);
    } else {
        effects_.push_back(SetLink{fault, false});
    }
}

void Orchestrator::finish_fault(std::size_t fault, std::int64_t count) {
    if (!faults_[fault].on) return;
    faults_[fault].on = false;
    note_fault(RecordKind::fault_off, fault, count);
    look_whether_lifted();
}

// ---------------------------------------------------------------- the store's

void Orchestrator::begin_store_fault(std::size_t fault) {
    const auto& kind = plan_.faults[fault].kind;
    if (environment_.can_restart_store && (kind == "store.crash" || kind == "store.restart")) {
        faults_[fault].ending = true;  // by itself
        effects_.push_back(RestartStore{fault});
        return;
    }
    ask_control(set_rule(plan_.faults[fault]), [this, fault](const Answered& answer) {
        if (answer.status == 501) {
            begin_without_mock(fault);
            return;
        }
        if (answer.status / 100 != 2) {
            complain(fmt::format("couchmock did not set {}: {} {}", plan_.faults[fault].kind, answer.status,
                                 answer.body));
            finish_fault(fault, 0);
            return;
        }
        faults_[fault].hits = hits_of(answer.body, plan_.faults[fault].name);
        if (is_moment(plan_.faults[fault])) watch_moment(fault);
    });
}

/// Before somebody else's store couchmock has no say over what the store holds; a wipe needs none, and the
/// rest touches nothing.
void Orchestrator::begin_without_mock(std::size_t fault) {
    if (plan_.faults[fault].kind != "store.wipe") {
        finish_fault(fault, 0);
        return;
    }
    ask_store({"DELETE", "", {}, {}},
              [this, fault](const Answered& answer) { finish_fault(fault, answer.status == 200 ? 1 : 0); });
}

void Orchestrator::on(const StoreRestarted& e) {
    if (!e.done) complain("the store did not come back");
    finish_fault(e.fault, e.done ? 1 : 0);
}

/// A moment is over when it has hit: some wait for the next row or the next request.
void Orchestrator::watch_moment(std::size_t fault) {
    if (!faults_[fault].on || faults_[fault].ending) return;
    if (faults_[fault].hits > 0) {
        end(fault);
        return;
    }
    soon(moment_look_interval, [this, fault] {
        ask_control(list_rules(), [this, fault](const Answered& answer) {
            faults_[fault].hits = hits_of(answer.body, plan_.faults[fault].name);
            watch_moment(fault);
        });
    });
}

void Orchestrator::end_store_fault(std::size_t fault) {
    ask_control(list_rules(), [this, fault](const Answered& listed) {
        const auto hits = std::max(faults_[fault].hits, hits_of(listed.body, plan_.faults[fault].name));
        ask_control(clear_rule(plan_.faults[fault].name), [this, fault, hits](const Answered& cleared) {
            if (cleared.status / 100 != 2 && cleared.status != 404)
                complain(fmt::format("couchmock did not end {}: {} {}", plan_.faults[fault].name,
                                     cleared.status, cleared.body));
            finish_fault(fault, hits);
        });
    });
}

// ---------------------------------------------------------------- the nodes'

void Orchestrator::act(const std::string& node, NodeAct act) { effects_.push_back(Act{node, act}); }

void Orchestrator::note_node(const std::string& node, std::string state) {
    Record record{.kind = RecordKind::node};
    record.node = node;
    record.text = std::move(state);
    note(std::move(record));
}

void Orchestrator::begin_node_fault(std::size_t fault) {
    const auto& planned = plan_.faults[fault];
    if (is_of_the_host(planned.kind)) {
        faults_[fault].hits = 1;
        effects_.push_back(SetHost{fault, true});
        if (is_moment(planned)) end(fault);
        return;
    }
    const auto found = nodes_.find(planned.node);
    if (found == nodes_.end() || found->second.health != Health::up) {
        finish_fault(fault, 0);  // another fault has it already
        return;
    }
    auto& node = found->second;
    if (planned.kind == "node.pause") {
        node.health = Health::paused;
        node.fault = static_cast<int>(fault);
        act(planned.node, NodeAct::pause);
        note_node(planned.node, "paused");
        if (is_moment(planned)) soon(pause_standard, [this, fault] { end(fault); });
    } else if (planned.kind == "node.kill" || planned.kind == "node.wipe") {
        node.health = Health::stopping;
        node.asked = true;
        node.fault = static_cast<int>(fault);
        act(planned.node, NodeAct::kill);
        // Nothing is heard of it from this moment, though the kernel takes a while to bury it.
        note_node(planned.node, "killed");
    } else if (planned.kind == "node.stop" || planned.kind == "node.restart") {
        node.health = Health::stopping;
        node.asked = true;
        node.fault = static_cast<int>(fault);
        act(planned.node, NodeAct::terminate);
        note_node(planned.node, "stopping");
    }
    if (const auto down = ms_parameter(planned, "restart_ms")) soon(*down, [this, fault] { end(fault); });
}

void Orchestrator::end_node_fault(std::size_t fault) {
    const auto& planned = plan_.faults[fault];
    if (is_of_the_host(planned.kind)) {
        effects_.push_back(SetHost{fault, false});
        if (planned.kind != "node.disk_fail")
            finish_fault(fault, faults_[fault].hits);  // that one is told whether it hit
        return;
    }
    auto& node = nodes_[planned.node];
    if (node.fault != static_cast<int>(fault)) return;
    if (node.health == Health::paused) {
        node.health = Health::up;
        node.fault = -1;
        act(planned.node, NodeAct::resume);
        note_node(planned.node, "resumed");
        finish_fault(fault, 1);
    } else if (node.health == Health::gone) {
        node.health = Health::starting;
        act(planned.node, NodeAct::start);
    }  // stopping: it is started as soon as it is gone
}

void Orchestrator::on(const NodeIsGone& e) {
    auto& node = nodes_[e.node];
    const bool asked = std::exchange(node.asked, false);
    node.health = Health::gone;
    if (!asked) {
        // It is started again when all is healed, once: what it had accepted must still come out.
        note_node(e.node, "exited");
        complain(fmt::format("{} ended by itself: {}", e.node, e.how));
        if (const auto fault = std::exchange(node.fault, -1); fault >= 0)
            finish_fault(static_cast<std::size_t>(fault), 0);
        look_whether_lifted();
        return;
    }
    const auto fault = static_cast<std::size_t>(node.fault);
    const auto& kind = plan_.faults[fault].kind;
    if (kind == "node.stop" || kind == "node.restart") {
        note_node(e.node, "exited");
        if (!e.clean) complain(fmt::format("{} did not end in good order: {}", e.node, e.how));
    }
    if (kind == "node.wipe") {
        act(e.node, NodeAct::wipe);
        note_node(e.node, "wiped");
    }
    if (kind == "node.wipe" || kind == "node.restart" || faults_[fault].ending) {
        node.health = Health::starting;
        act(e.node, NodeAct::start);
    }
}

void Orchestrator::on(const NodeIsUp& e) {
    auto& node = nodes_[e.node];
    node.health = Health::up;
    node.backlog = -1;
    note_node(e.node, "up");
    const auto fault = std::exchange(node.fault, -1);
    if (fault >= 0) finish_fault(static_cast<std::size_t>(fault), 1);
    look_whether_lifted();
}

void Orchestrator::begin_join(std::size_t fault) {
    const auto& planned = plan_.faults[fault];
    auto name = planned.node;
    if (name.empty()) name = fmt::format("n{}", nodes_.size() + 1);
    if (nodes_.contains(name)) {
        finish_fault(fault, 0);
        return;
    }
    auto& node = nodes_[name];
    node.health = Health::starting;
    node.fault = static_cast<int>(fault);
    act(name, NodeAct::start);
    note_node(name, "joined");
    for (int i = int_parameter(planned, "clients", 1); i > 0; --i, ++clients_) {
        auto client = fmt::format("c{}", clients_ + 1);
        client_at_[client] = name;
        effects_.push_back(AddClient{std::move(client), name, {room_of(scenario_.topology, clients_)}});
    }
}

// ---------------------------------------------------------------- the clients'

void Orchestrator::begin_client_fault(std::size_t fault) {
    const auto& planned = plan_.faults[fault];
    const std::int64_t touched = connected_.contains(planned.client) ? 1 : 0;
    const auto tell = [&](client::Event event) {
        effects_.push_back(Tell{planned.client, std::move(event)});
    };
    if (planned.kind == "client.vanish") {
        tell(client::Vanish{is_moment(planned)             ? pause_standard
                            : planned.length > Duration{0} ? planned.length
                                                           : plan_.heal_begin - now_});
        faults_[fault].hits = touched;
        if (!is_moment(planned)) return;
    } else if (planned.kind == "client.slow") {
        faults_[fault].hits = touched;
        effects_.push_back(HoldReading{planned.client, true});
        if (!is_moment(planned)) return;
        soon(pause_standard, [this, fault] { end(fault); });
        return;
    } else if (planned.kind == "client.reconnect") {
        tell(client::Vanish{Duration{0}});
    } else if (planned.kind == "client.hop") {
        const auto to = planned.parameters.find("to");
        auto where = to == planned.parameters.end() ? std::string{} : to->second;
        if (where.empty()) {  // the next one
            auto next = nodes_.upper_bound(client_at_[planned.client]);
            where = next == nodes_.end() ? nodes_.begin()->first : next->first;
        }
        tell(client::Hop{std::move(where)});
    } else if (planned.kind == "client.retry") {
        tell(client::Retry{});
    } else if (planned.kind == "client.garbage") {
        for (int i = int_parameter(planned, "frames", 20); i > 0; --i) {
            static constexpr const char* garbage[] = {"{",
                                                      "[]",
                                                      "{\"t\":7}",
                                                      "{\"t\":\"post\"}",
                                                      "no JSON at all",
                                                      "{\"t\":\"join\",\"room\":\"../etc\"}",
                                                      "{\"t\":\"shout\"}"};
            tell(client::Garbage{garbage[static_cast<std::size_t>(i) % std::size(garbage)]});
        }
    } else if (planned.kind == "client.flood") {
        const auto number = static_cast<std::uint32_t>(std::stoul(planned.client.substr(1)));  // "c3"
        for (int i = int_parameter(planned, "messages", 100); i > 0; --i)
            tell(client::Post{room_of(scenario_.topology, number - 1), scenario_.load.size_bytes,
                              start_ + now_});
    }
    finish_fault(fault, touched);
}

void Orchestrator::end_client_fault(std::size_t fault) {
    const auto& planned = plan_.faults[fault];
    if (planned.kind == "client.slow") effects_.push_back(HoldReading{planned.client, false});
    finish_fault(fault, faults_[fault].hits);
}

}  // namespace davenport::sim::orchestrator
