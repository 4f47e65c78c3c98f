#include "sim/virtual/node.hpp"

#include "sim/virtual/parts.hpp"

#include <fmt/format.h>

namespace davenport::sim::virtual_world {
namespace {

constexpr Range sync_time{std::chrono::microseconds{300}, std::chrono::microseconds{3000}};

node::FeedMode feed_mode(const std::string& name) {
    if (name == "longpoll") return node::FeedMode::longpoll;
    return name == "poll" ? node::FeedMode::poll : node::FeedMode::continuous;
}

Link link_between(const Scenario& scenario, const std::string& ends) {
    const auto found = scenario.links.find(ends);
    return found == scenario.links.end() ? Link{} : found->second;
}

std::string uuid_from(std::uint64_t seed, std::string_view stream) {
    return fmt::format("{:016x}", base::Random::stream(seed, stream).next());
}

}  // namespace

Node::Node(Parts& parts, NodeIndex index, std::string name)
    : to_clients{parts.engine, link_between(parts.scenario, "client-node")},
      disk{uuid_from(parts.plan.seed, "journal " + name)},
      parts_{parts},
      index_{index},
      name_{std::move(name)} {
    for (int i = 0; i < parts.scenario.topology.stores; ++i)
        to_stores_.emplace_back(parts.engine, link_between(parts.scenario, "node-store"));
}

void Node::wipe_disk() {
    disk.wipe(uuid_from(parts_.plan.seed, fmt::format("journal {} after {}", name_, life_)));
}

// ---------------------------------------------------------------- the process

base::Now Node::clocks() const { return parts_.engine.clocks(clock.offset(parts_.engine.now)); }

void Node::start() {
    if (running()) return;
    const auto& topology = parts_.scenario.topology;
    node::ChatConfig config;
    config.name = name_;
    config.feed = feed_mode(topology.feed);
    config.poll_interval = topology.poll_interval;
    config.bulk_documents_max = static_cast<std::size_t>(topology.batch);
    config.page_rows_max = static_cast<std::size_t>(topology.page);
    config.session_bytes_max = static_cast<std::size_t>(topology.send_queue_bytes);
    config.stores.resize(static_cast<std::size_t>(topology.stores));
    if (parts_.on_nats) config.stream.emplace();
    ++life_;
    config.random_seed =
        base::Random::stream(parts_.plan.seed, fmt::format("{} life {}", name_, life_)).next();
    stopping_ = false;
    drop_connections();
    store_in_use_ = 0;
    queued_.clear();
    timers_.clear();
    disk.journal().begin_run(uuid_from(parts_.plan.seed, fmt::format("run {} of {}", life_, name_)));
    core_.emplace(config, disk.journal());
    perform(core_->start(clocks()));
}

void Node::kill(Tail tail) {
    if (!running()) return;
    core_.reset();
    disk.crash(tail);
    held_.clear();
    unsynced_.clear();
    paused_ = false;
    parts_.connections.reset(*this, false);
    for (auto& store : parts_.stores) store.abandon_requests(*this);
    parts_.stream.abandon(*this);
}

void Node::drain() {
    stopping_ = true;
    handle(node::Drain{});
}

void Node::pause(bool paused) {
    if (!running() || paused_ == paused) return;
    paused_ = paused;
    if (paused) return;
    for (auto& event : std::exchange(held_, {})) parts_.engine.soon(Duration{0}, std::move(event));
}

void Node::stall_disk(bool stalled) {
    disk.add_stall(stalled ? 1 : -1);
    if (disk.stalls()) return;
    for (auto& commit : std::exchange(unsynced_, {})) parts_.engine.soon(Duration{0}, commit);
}

std::optional<node::NodeCounts> Node::counts() const {
    if (!running() || paused_) return std::nullopt;
    return core_->counts();
}

bool Node::take_connection() {
    if (kept_connections_ == 0) return false;
    --kept_connections_;
    return true;
}

void Node::note_requests() {
    for (const auto& [status, count] : std::exchange(requests_, {})) {
        Record record{.kind = RecordKind::requests};
        record.node = name_;
        record.text = status;
        record.count = count;
        parts_.engine.note(std::move(record));
    }
}

void Node::note_queues() {
    if (running()) note_queued("", core_->counts().send_queue_bytes_most);
}

void Node::note_queue(ClientIndex client, LinkId connection) {
    if (running()) note_queued(parts_.clients.name(client), core_->queued_bytes_most(connection));
}

void Node::note_queued(const std::string& client, std::size_t bytes) {
    const auto [found, added] = queued_.try_emplace(client, bytes);
    if (!added && bytes <= found->second) return;
    found->second = bytes;
    Record record{.kind = RecordKind::queued};
    record.node = name_;
    record.client = client;
    record.count = static_cast<std::int64_t>(bytes);
    parts_.engine.note(std::move(record));
}

// ---------------------------------------------------------------- its core

void Node::handle(node::Event&& event) {
    if (running()) perform(core_->handle(std::move(event), clocks()));
}

void Node::on(ToNode& e) {
    if (!running() || e.life != life_) return;
    if (!hold_if_paused(std::move(e))) handle(std::move(e.event));
}

void Node::on(NodeTimer& e) {
    if (!running() || e.life != life_ || !timers_.is_current(e.timer, e.setting) || hold_if_paused(e)) return;
    timers_.fire(e.timer, e.setting);
    handle(node::TimerFired{e.timer});
}

void Node::on(DiskSynced& e) {
    if (!running() || e.life != life_ || hold_if_paused(e)) return;
    if (disk.stalls()) {
        ++stalled_commits_;
        return unsynced_.push_back(e);
    }
    disk.journal().sync();
    handle(node::Persisted{e.batch});
}

void Node::persist(base::JournalBatch batch) {
    auto& engine = parts_.engine;
    const auto number = batch.number;
    const auto took =
        disk.slowness() + Duration{engine.disk_times.between(sync_time.low.count(), sync_time.high.count())};
    if (const auto* reason = disk.write(std::move(batch)))
        engine.soon(took, ToNode{index_, life_, node::PersistFailed{number, reason}});
    else
        engine.soon(took, DiskSynced{index_, life_, number});
}

void Node::use_store(std::size_t store) {
    const auto before = std::exchange(store_in_use_, static_cast<std::uint32_t>(store));
    drop_connections();
    if (before != store_in_use_) parts_.stores[before].leave(*this);
}

void Node::perform(node::Effects effects) {
    auto& engine = parts_.engine;
    for (auto& effect : effects) {
        if (!running()) return;  // an earlier effect ended it
        if (auto* send = std::get_if<node::Send>(&effect)) {
            parts_.connections.send_down(*this, std::move(*send));
        } else if (auto* close = std::get_if<node::Close>(&effect)) {
            parts_.connections.drop(close->session, false, close->reason);
            engine.soon(Duration{0}, ToNode{index_, life_, node::Closed{close->session}});
        } else if (auto* answer = std::get_if<node::Respond>(&effect)) {
            parts_.connections.respond(answer->exchange, std::move(answer->response));
        } else if (auto* write = std::get_if<node::Persist>(&effect)) {
            persist(std::move(write->batch));
        } else if (auto* request = std::get_if<node::Fetch>(&effect)) {
            parts_.stores[store_in_use_].fetch(*this, std::move(*request));
        } else if (auto* cancel = std::get_if<node::CancelFetch>(&effect)) {
            parts_.on_nats ? parts_.stream.cancel(*this, cancel->fetch)
                           : parts_.stores[store_in_use_].cancel(*this, cancel->fetch);
        } else if (auto* use = std::get_if<node::UseStore>(&effect)) {
            use_store(use->store);
        } else if (auto* ask = std::get_if<node::Ask>(&effect)) {
            parts_.stream.ask(*this, std::move(*ask));
        } else if (auto* subscription = std::get_if<node::Subscribe>(&effect)) {
            parts_.stream.subscribe(*this, std::move(*subscription));
        } else if (auto* publication = std::get_if<node::Publish>(&effect)) {
            parts_.stream.publish(*this, std::move(*publication));
        } else if (std::holds_alternative<node::ChangeServer>(effect)) {
            parts_.stream.change_server(*this);
        } else if (auto* timer = std::get_if<node::SetTimer>(&effect)) {
            engine.at(timer->at, NodeTimer{index_, life_, timer->timer, timers_.set(timer->timer)});
        } else if (auto* search = std::get_if<node::Search>(&effect)) {
            base::SearchAnswer none;  // this world has no full-text index
            none.whole = false;
            engine.soon(Duration{0}, ToNode{index_, life_, node::Found{search->search, std::move(none)}});
        } else if (auto* log = std::get_if<node::Log>(&effect)) {
            Record line{.kind = RecordKind::log};
            line.node = name_;
            line.text = std::move(log->line);
            engine.note(std::move(line));
        } else if (std::get_if<node::Drained>(&effect)) {
            kill();
            engine.tell_orchestrator(orchestrator::NodeIsGone{name_, "ended", true});
        }
    }
}

}  // namespace davenport::sim::virtual_world
