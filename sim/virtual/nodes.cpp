#include "sim/virtual/world.hpp"

#include <fmt/format.h>

/// Processes and their disks.
namespace davenport::sim::virtual_world {
namespace {

constexpr Range sync_time{std::chrono::microseconds{300}, std::chrono::microseconds{3000}};
constexpr std::size_t socket_bytes_max =
    256 * 1024;                    // what the buffers of a connection hold when nobody reads
constexpr Duration write_time{5};  // until the kernel's buffer has taken a write

node::FeedMode feed_mode(const std::string& name) {
    if (name == "longpoll") return node::FeedMode::longpoll;
    return name == "poll" ? node::FeedMode::poll : node::FeedMode::continuous;
}

}  // namespace

NodeIndex World::add_node(std::string name) {
    VirtualNode node;
    node.journal = std::make_unique<node::ModelJournal>(
        fmt::format("{:016x}", base::Random::stream(plan_.seed, "journal " + name).next()));
    node.name = std::move(name);
    node.to_clients.link = link_between("client-node");
    node.to_store.link = link_between("node-store");
    nodes_.push_back(std::move(node));
    return static_cast<NodeIndex>(nodes_.size() - 1);
}

void World::start_node(NodeIndex index) {
    auto& node = nodes_[index];
    if (node.core) return;
    node::ChatConfig config;
    config.name = node.name;
    config.feed = feed_mode(scenario_.topology.feed);
    config.poll_interval = scenario_.topology.poll_interval;
    config.bulk_documents_max = static_cast<std::size_t>(scenario_.topology.batch);
    config.page_rows_max = static_cast<std::size_t>(scenario_.topology.page);
    config.session_bytes_max = static_cast<std::size_t>(scenario_.topology.outbox_bytes);
    ++node.life;
    config.random_seed =
        base::Random::stream(plan_.seed, fmt::format("{} life {}", node.name, node.life)).next();
    node.stopping = false;
    node.kept_connections = 0;
    node.timers.clear();
    node.core.emplace(config, *node.journal);
    perform(index, node.core->start(now_for(node)));
}

void World::end_node(NodeIndex index) {
    auto& node = nodes_[index];
    if (!node.core) return;
    node.core.reset();
    node.journal->crash();
    node.held.clear();
    node.paused = false;
    std::vector<LinkId> links;
    for (const auto& [id, connection] : connections_)
        if (connection.node == index) links.push_back(id);
    std::ranges::sort(links);
    for (const auto id : links) drop_link(id, false, "connection reset");
    for (auto it = exchanges_.begin(); it != exchanges_.end();) {
        const auto [id, exchange] = *it;
        it = exchange.node == index ? exchanges_.erase(it) : std::next(it);
        if (exchange.node == index) to_store(index, couchmock::Abandoned{id}, 0);
    }
}

void World::pause_node(NodeIndex index, bool paused) {
    auto& node = nodes_[index];
    if (!node.core || node.paused == paused) return;
    node.paused = paused;
    if (paused) return;
    for (auto& event : std::exchange(node.held, {})) at(now_, std::move(event));
}

void World::wipe_node(NodeIndex index) {
    auto& node = nodes_[index];
    node.journal = std::make_unique<node::ModelJournal>(fmt::format(
        "{:016x}",
        base::Random::stream(plan_.seed, fmt::format("journal {} after {}", node.name, node.life)).next()));
}

VirtualNode* World::living(NodeIndex index, std::uint32_t life) {
    auto& node = nodes_[index];
    return node.core && node.life == life ? &node : nullptr;
}

void World::tell_node(NodeIndex index, node::Event&& event) {
    auto& node = nodes_[index];
    if (node.core) perform(index, node.core->handle(std::move(event), now_for(node)));
}

void World::on(WrittenArrives& e) {
    if (!living(e.node, e.life)) return;
    if (!hold_if_paused(e.node, std::move(e))) tell_node(e.node, std::move(e.event));
}

void World::on(NodeTimer& e) {
    auto* node = living(e.node, e.life);
    if (!node) return;
    const auto counts = node->timers.find(e.timer);
    if (counts == node->timers.end() || counts->second != e.setting || hold_if_paused(e.node, e)) return;
    node->timers.erase(counts);
    tell_node(e.node, node::TimerFired{e.timer});
}

void World::on(DiskSynced& e) {
    auto* node = living(e.node, e.life);
    if (!node || hold_if_paused(e.node, e)) return;
    node->journal->sync();
    tell_node(e.node, node::Persisted{e.batch});
}

void World::on(NodeStarts& e) {
    start_node(e.node);
    soon(Duration{0}, Told{orchestrator::NodeIsUp{nodes_[e.node].name}});
}

void World::perform(NodeIndex index, node::Effects effects) {
    for (auto& effect : effects) {
        auto& node = nodes_[index];
        if (!node.core) return;  // an earlier effect ended it
        const auto life = node.life;
        if (auto* send = std::get_if<node::Send>(&effect)) {
            const auto link = connections_.find(send->session);
            if (link == connections_.end()) continue;
            std::size_t bytes = 0;
            for (const auto& batch : send->frames) bytes += batch->size_bytes();
            const auto client = link->second.client;
            travel(node.to_clients, false, link->second.down, bytes,
                   FramesArrive{client, send->session, std::move(send->frames)});
            WrittenArrives written{index, life, node::Written{send->session}};
            auto& reader = clients_[client];
            reader.unread_bytes += reader.reading ? 0 : bytes;
            // No more than the outbox, so that a small one is ever filled.
            if (reader.unread_bytes >
                std::min(socket_bytes_max, static_cast<std::size_t>(scenario_.topology.outbox_bytes))) {
                reader.unwritten.push_back(std::move(written));
            } else {
                soon(write_time, std::move(written));
            }
        } else if (auto* close = std::get_if<node::Close>(&effect)) {
            drop_link(close->session, false, close->reason);
            soon(Duration{0}, WrittenArrives{index, life, node::Closed{close->session}});
        } else if (auto* answer = std::get_if<node::Respond>(&effect)) {
            respond(answer->exchange, std::move(answer->response));
        } else if (auto* persist = std::get_if<node::Persist>(&effect)) {
            const auto took = Duration{disks_.between(sync_time.low.count(), sync_time.high.count())};
            const bool fails = node.commits_until_failure > 0 && --node.commits_until_failure == 0;
            if (fails) node.commits_until_failure = -1;
            if (node.disk_full || fails) {
                const auto* reason = fails ? "input/output error" : "no space left on device";
                soon(took, WrittenArrives{index, life, node::PersistFailed{persist->batch.number, reason}});
            } else {
                soon(took, DiskSynced{index, life, persist->batch.number});
                node.journal->write(std::move(persist->batch));
            }
        } else if (auto* request = std::get_if<node::Fetch>(&effect)) {
            fetch(index, std::move(*request));
        } else if (auto* cancel = std::get_if<node::CancelFetch>(&effect)) {
            cancel_fetch(index, cancel->fetch);
        } else if (auto* timer = std::get_if<node::SetTimer>(&effect)) {
            node.timers[timer->timer] = ++settings_;
            at(std::max(now_, timer->at), NodeTimer{index, life, timer->timer, settings_});
        } else if (auto* search = std::get_if<node::Search>(&effect)) {
            base::SearchAnswer none;  // this world has no full-text index
            none.whole = false;
            soon(Duration{0}, WrittenArrives{index, life, node::Found{search->search, std::move(none)}});
        } else if (auto* log = std::get_if<node::Log>(&effect)) {
            Record line{.kind = RecordKind::log};
            line.at_us = (now_ - start_).count();
            line.node = node.name;
            line.text = std::move(log->line);
            sink_.add(line);
        } else if (std::get_if<node::Drained>(&effect)) {
            end_node(index);
            soon(Duration{0}, Told{orchestrator::NodeIsGone{nodes_[index].name, "ended", true}});
        }
    }
}

}  // namespace davenport::sim::virtual_world
