#include "sim/process/world.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

/// The loop, and what the orchestrator asks for.
namespace davenport::sim::process {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration watch_interval = 10ms;  // how late the end of a process may be noticed
constexpr base::Duration stall_min = 50ms;
constexpr base::Duration look_interval = 100ms;  // for progress, and for counting requests
constexpr base::Duration control_timeout = 10s;
constexpr int clock_readings = 9;
constexpr int half_a_frame_bytes = 2'060;  // of SQLite's write-ahead log
constexpr auto journal_suffixes = {"", "-wal", "-shm", "-journal"};

/// Both clocks at one moment: of some readings that between which the least time went by.
base::Now both_now_exactly() {
    auto best = both_now();
    auto least = base::Duration::max();
    for (int i = 0; i < clock_readings; ++i) {
        const auto before = steady_now();
        const auto read = both_now();
        const auto took = steady_now() - before;
        if (took >= least) continue;
        least = took;
        best = {before + took / 2, read.wall};
    }
    return best;
}

}  // namespace

WorldResult World::run() {
    set_up();
    await_start();
    orchestrator_.emplace(
        scenario_, plan_, start_,
        orchestrator::Orchestrator::Environment{!options_.store_kill.empty() && !options_.store_start.empty(),
                                                options_.room_prefix});
    clients_.emplace(
        transport_,
        [this](const std::string& client, const std::string& node) {
            const auto elsewhere = attached_.find(node);
            const auto port = client_ports_.contains(node) ? client_ports_[node] : std::uint16_t{0};
            return ClientPool::Endpoint{
                links_.port_for(client, node, port),
                elsewhere == attached_.end() ? std::string{} : elsewhere->second.authority(),
                scenario_.topology.prefix};
        },
        [this](const Record& seen) {
            record(seen);
            perform(orchestrator_->on_record(seen));
        },
        [this](const std::string& node, client::HistoryRead read) {
            tell(orchestrator::HistoryTold{node, std::move(read.room), std::move(read.messages)});
        });
    perform(orchestrator_->start());
    for (const auto& seat : orchestrator::placements_of(scenario_, plan_.share))
        if (seat.at == Duration{})
            on(orchestrator::AddClient{seat.client, seat.node, seat.rooms, seat.polling});
    loop();
    finished_ = true;
    teardown();
    return result_;
}

void World::await_start() {
    start_ = steady_now();
    if (!options_.start_at) return;
    for (;;) {
        const auto now = both_now_exactly();
        start_ = now.time + (*options_.start_at - now.wall);
        if (now.time >= start_) break;
        throw_if_interrupted();
        if (options_.progress) options_.progress(now.time - start_);
        transport_.run_until(std::min(start_, now.time + look_interval));
    }
    if (const auto late = steady_now() - start_; late > start_slack_max)
        throw std::runtime_error{fmt::format(
            "nodes and store were ready only {} ms after --start-at: give a later time", late / 1ms)};
}

void World::loop() {
    auto next_watch = steady_now();
    auto next_look = next_watch;
    while (!finished_) {
        auto now = steady_now();
        if (now >= next_watch) {
            watch_programs(now);
            next_watch = now + watch_interval;
        }
        if (now >= next_look) {
            if (options_.progress) options_.progress(now - start_);
            note_requests(now);
            note_memory(now);
            ask_queues();
            note_logs(both_now());
            wrong_clocks_.drift(now);
            links_.look();
            next_look = now + look_interval;
            if (options_.abort && options_.abort()) return break_off(std::string{aborted_run});
        }
        if (options_.interrupted && *options_.interrupted) return break_off("interrupted");
        auto wake = next_watch;
        if (timer_) wake = std::min(wake, *timer_);
        if (const auto alarm = clients_->next_alarm()) wake = std::min(wake, *alarm);
        transport_.run_until(wake);
        now = steady_now();
        if (now - wake > stall_min) {
            Record stall{.kind = RecordKind::stall};
            stall.at_us = (now - start_).count();
            stall.count = (now - wake).count();
            record(stall);
        }
        clients_->ring(now);
        if (timer_ && *timer_ <= now) {
            timer_.reset();
            tell(orchestrator::TimerFired{clients_->settled()});
        }
    }
}

void World::break_off(std::string why) {
    Record last{.kind = RecordKind::end};
    last.at_us = (steady_now() - start_).count();
    last.text = result_.broken = std::move(why);
    record(last);
    finished_ = true;
}

void World::watch_programs(base::Time now) {
    for (auto& [real, store, control, mock] : stores_)
        if (const auto change = mock ? mock->poll(now) : std::nullopt; change && !change->ready)
            return break_off("couchmock ended by itself: " + change->how);
    if (stream_) {
        auto news = stream_->poll(now);
        if (!news.ended.empty()) return break_off("a NATS server ended by itself: " + news.ended);
        for (auto& [request, answer] : news.reads)
            tell(orchestrator::Answered{request, answer.status, std::move(answer.body)});
    }
    if (const auto ended = store_restart_.poll())
        tell(orchestrator::StoreRestarted{ended->fault, ended->done});
    for (auto& [name, node] : nodes_) {
        const auto change = node.poll(now);
        if (!change) continue;
        if (change->ready) {
            node.fill_disk(full_disks_[name] > 0);  // one that is full lets a node start, as elsewhere
            tell(orchestrator::NodeIsUp{name});
        } else {
            tell(orchestrator::NodeIsGone{name, change->how, change->clean});
        }
    }
}

/// In the order in which they were asked for, also when performing one makes the orchestrator ask for more.
void World::perform(orchestrator::Effects effects) {
    for (auto& effect : effects) to_do_.push_back(std::move(effect));
    if (std::exchange(performing_, true)) return;
    while (!to_do_.empty()) {
        const auto effect = std::move(to_do_.front());
        to_do_.pop_front();
        std::visit([this](const auto& e) { on(e); }, effect);
    }
    performing_ = false;
}

void World::note_requests(base::Time now) {
    links_.take_requests([&](const std::string& node, const std::string& status, std::int64_t count) {
        Record requests{.kind = RecordKind::requests};
        requests.at_us = (now - start_).count();
        requests.node = node;
        requests.text = status;
        requests.count = count;
        record(requests);
    });
}

/// Of the nodes that we started: what one elsewhere has nobody tells.
void World::note_memory(base::Time now) {
    for (const auto& [name, node] : nodes_) {
        const auto bytes = node.resident_bytes();
        if (!bytes) continue;
        Record resident{.kind = RecordKind::memory};
        resident.at_us = (now - start_).count();
        resident.node = name;
        resident.count = *bytes;
        record(resident);
    }
}

void World::ask_queues() {
    for (const auto& [name, port] : metrics_ports_) {
        if (!asking_queues_.insert(name).second) continue;
        transport_.fetch("127.0.0.1", port, {"GET", "/metrics", {}, {}}, control_timeout,
                         [this, name = name](const Transport::Answer& answer) {
                             asking_queues_.erase(name);
                             constexpr std::string_view figure = "\ndavenport_send_queue_bytes_most ";
                             const auto at = answer.response.body.find(figure);
                             if (!answer.error.empty() || at == std::string::npos) return;
                             Record queued{.kind = RecordKind::queued};
                             queued.at_us = (steady_now() - start_).count();
                             queued.node = name;
                             queued.count = static_cast<std::int64_t>(
                                 std::stod(answer.response.body.substr(at + figure.size(), 32)));
                             const auto [last, first] = queued_.try_emplace(name, queued.count);
                             if (first || std::exchange(last->second, queued.count) != queued.count)
                                 record(queued);
                         });
    }
}

/// By the node's own clock, which is ours; what was written during the set-up belongs to the beginning.
void World::note_logs(base::Now now) {
    for (auto& [name, log] : logs_) {
        for (auto& line : log.read()) {
            Record written{.kind = RecordKind::log};
            const auto wall = now.wall + wrong_clocks_.offset_of(name, now.time);
            const auto ago = line.at ? std::max(wall - *line.at, base::Duration{0}) : base::Duration{0};
            written.at_us = std::max<std::int64_t>((now.time - ago - start_).count(), 0);
            written.node = name;
            written.text = std::move(line.text);
            record(written);
        }
    }
}

void World::record(const Record& record) {
    if (!finished_) sink_.add(record);
}

void World::on(const orchestrator::SetTimer& e) { timer_ = e.at; }

void World::on(const orchestrator::Act& e) {
    const auto now = steady_now();
    if (!nodes_.contains(e.node)) add_node(e.node);
    auto& node = nodes_.at(e.node);
    switch (e.act) {
        case orchestrator::NodeAct::start:
            node.start(now);
            break;
        case orchestrator::NodeAct::kill:
            node.kill();
            if (e.tail == orchestrator::Tail::torn) tear_journal(e.node);
            break;
        case orchestrator::NodeAct::terminate:
            node.terminate(now);
            break;
        case orchestrator::NodeAct::pause:
            node.pause();
            break;
        case orchestrator::NodeAct::resume:
            node.resume();
            break;
        case orchestrator::NodeAct::wipe:
            for (const auto* suffix : journal_suffixes)
                std::filesystem::remove(folder_ / "journals" / (e.node + ".db" + suffix));
            break;
        case orchestrator::NodeAct::copy:
            // As a snapshot of its machine: nothing moves while the files are read.
            node.pause();
            copy_journal(e.node + ".db", fmt::format("{}.db.copy-{}", e.node, e.copy));
            node.resume();
            break;
        case orchestrator::NodeAct::restore:
            copy_journal(fmt::format("{}.db.copy-{}", e.node, e.copy), e.node + ".db");
            break;
    }
}

void World::copy_journal(const std::string& from, const std::string& to) {
    using std::filesystem::copy_options;
    const auto journals = folder_ / "journals";
    for (const auto* suffix : journal_suffixes) {
        std::filesystem::remove(journals / (to + suffix));
        if (std::filesystem::exists(journals / (from + suffix)))
            std::filesystem::copy_file(journals / (from + suffix), journals / (to + suffix));
    }
}

void World::tear_journal(const std::string& node) {
    const auto log = folder_ / "journals" / (node + ".db-wal");
    if (!std::filesystem::exists(log)) return;
    std::ofstream file{log, std::ios::binary | std::ios::app};
    for (int i = 0; i < half_a_frame_bytes; ++i) file.put(static_cast<char>(random_.below(256)));
}

void World::on(const orchestrator::SetHost& e) {
    const auto& fault = plan_.faults[e.fault];
    if (fault.kind.starts_with("client.")) return clients_->set_clock(e.fault, fault, e.on);
    if (fault.kind != "node.disk_full") return wrong_clocks_.set_fault(e.fault, e.on, steady_now());
    const auto node = nodes_.find(fault.node);
    const bool full = (full_disks_[fault.node] += e.on ? 1 : -1) > 0;
    if (node != nodes_.end()) node->second.fill_disk(full);
}

void World::on(const orchestrator::Tell& e) { clients_->tell(e.client, e.event); }

void World::on(const orchestrator::RestartStore& e) {
    if (!store_restart_.begin(e.fault)) tell(orchestrator::StoreRestarted{e.fault, true});
}

void World::on(const orchestrator::SetLink& e) {
    const auto touched = links_.set_fault(e.fault, e.on);
    if (!e.on) tell(orchestrator::LinkTold{e.fault, touched});
}

void World::on(const orchestrator::HoldReading& e) { clients_->hold_reading(e.client, e.held); }

void World::on(const orchestrator::AddClient& e) {
    client::Config config;
    config.name = e.client;
    config.node = e.node;
    config.rooms = e.rooms;
    config.room_prefix = options_.room_prefix;
    config.start = start_;
    config.seed = plan_.seed;
    config.polling = e.polling;
    config.looks_round = orchestrator::clients_look_round(scenario_);
    config.watches = orchestrator::clients_watch(scenario_, plan_);
    config.changes = scenario_.load.has_changes();
    clients_->add(std::move(config));
}

void World::fetch(orchestrator::RequestId request, const StoreAddress& from, base::HttpRequest http) {
    if (const auto who = from.authorization(); !who.empty()) http.headers.emplace_back("Authorization", who);
    fetch(request, from.host, from.port, std::move(http));
}

void World::fetch(orchestrator::RequestId request, const std::string& host, std::uint16_t port,
                  base::HttpRequest http) {
    transport_.fetch(host, port, std::move(http), control_timeout, [this, request](Transport::Answer answer) {
        if (answer.error.empty()) {
            tell(orchestrator::Answered{request, answer.response.status, std::move(answer.response.body)});
        } else {
            tell(orchestrator::Answered{request, 0, std::move(answer.error)});
        }
    });
}

void World::on(const orchestrator::AskControl& e) {
    if (!stream_) return fetch(e.request, stores_[e.store].control, e.http);
    auto answer = stream_->control(e.http);
    tell(orchestrator::Answered{e.request, answer.status, std::move(answer.body)});
}

void World::on(const orchestrator::AskStore& e) {
    if (!stream_) return fetch(e.request, stores_[e.store].store, to_database(e.http));
    stream_->read(e.request);
}

void World::on(const orchestrator::AskNode& e) {
    auto http = e.http;
    if (const auto elsewhere = attached_.find(e.node); elsewhere != attached_.end())
        http.headers.emplace_back("Host", elsewhere->second.authority());
    fetch(e.request, "127.0.0.1", ports_[e.node], std::move(http));
}

/// Whoever wants to know whether a node is ready is told its backlog.
void World::on(const orchestrator::AskBacklog& e) {
    if (!asking_backlog_.insert(e.node).second) return;
    transport_.fetch("127.0.0.1", ports_[e.node], {"GET", "/readyz", {}, {}}, control_timeout,
                     [this, name = e.node](const Transport::Answer& answer) {
                         asking_backlog_.erase(name);
                         const auto body = base::parse_json(answer.response.body);
                         const auto count = body ? base::int_member(*body, "backlog") : std::nullopt;
                         const auto store = body ? base::string_member(*body, "store").value_or("") : "";
                         if (count) tell(orchestrator::BacklogTold{name, *count, store == "up"});
                     });
}

void World::on(const orchestrator::AskHistory& e) {
    client::Config reader;
    reader.name = "reader of " + e.node;
    reader.node = e.node;
    reader.rooms = e.rooms;
    reader.room_prefix = options_.room_prefix;
    reader.start = start_;
    reader.history_page = orchestrator::history_page(scenario_);
    clients_->add_reader(std::move(reader));
}

void World::on(const orchestrator::Note& e) { record(e.record); }

void World::on(const orchestrator::Finished& e) {
    if (result_.broken.empty()) result_.broken = e.broken;
    finished_ = true;
}

}  // namespace davenport::sim::process

namespace davenport::sim {

WorldResult run_processes(const Scenario& scenario, const Plan& plan, HistorySink& sink,
                          const WorldOptions& options) {
    try {
        return process::World{scenario, plan, sink, options}.run();
    } catch (const std::exception& problem) {
        // What was started is ended by now.
        Record last{.kind = RecordKind::end};
        last.text = problem.what();
        sink.add(last);
        WorldResult result;
        result.broken = problem.what();
        return result;
    }
}

}  // namespace davenport::sim
