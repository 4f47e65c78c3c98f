#include <fmt/format.h>

#include <algorithm>

#include "sim/virtual/world.hpp"

/// Samples, healing, and what is left behind.
namespace sim::virtual_world {
namespace {

constexpr Duration look_interval = std::chrono::milliseconds{100};
constexpr Duration quiet_time = std::chrono::milliseconds{1500};  // nothing new shown for so long: it has converged

}  // namespace

void World::on(Look&) {
    const auto since_start = now_ - start_;
    if (options_.progress) options_.progress(since_start);
    for (auto& node : nodes_) {
        const auto checkpoint = node.journal->state().checkpoint;
        const auto backlog = node.journal->count_not_stored_in(checkpoint ? checkpoint->generation : "");
        if (backlog == node.backlog_noted) continue;
        node.backlog_noted = backlog;
        Record record{.what = What::backlog};
        record.node = node.name;
        record.count = static_cast<std::int64_t>(backlog);
        note(std::move(record));
    }
    if (!healing_ && since_start >= plan_.heal_begin) heal();
    if (healing_ && !finishing_ && (converged() || since_start >= plan_.end)) start_probes();
    if (finishing_ && (probes_reading_ == 0 || since_start >= plan_.end + std::chrono::seconds{10})) {
        read_store();
        done_ = true;
        return;
    }
    soon(look_interval, Look{});
}

void World::heal() {
    for (const auto nth : std::vector<std::size_t>{open_faults_}) end(plan_.faults[nth]);
    for (NodeIndex i = 0; i < nodes_.size(); ++i) {
        pause_node(i, false);
        if (!nodes_[i].core) start_node(i);
    }
    healing_ = true;
    note(Record{.what = What::healed});
    last_shown_ = now_;
}

bool World::converged() {
    if (now_ - last_shown_ < quiet_time) return false;
    const auto settled = [](const VirtualClient& client) { return client.probe || client.core->settled(); };
    const auto drained = [](const VirtualNode& node) { return node.backlog_noted == 0; };
    return std::ranges::all_of(clients_, settled) && std::ranges::all_of(nodes_, drained);
}

void World::start_probes() {
    finishing_ = true;
    for (NodeIndex i = 0; i < nodes_.size(); ++i) {
        const auto index = add_client("probe " + nodes_[i].name, i, {});
        clients_[index].probe = true;
        for (int room = 1; room <= scenario_.topology.rooms; ++room) {
            ++probes_reading_;
            // Once connected, and one room after another: the probe's own latency is nobody's business.
            soon(std::chrono::milliseconds{200 + 10 * room},
                 ClientHears{index, clients_[index].link, client::AskHistory{fmt::format("r{}", room)}});
        }
    }
}

void World::read_store() {
    const auto answer = ask_store({"GET", "/chat/_all_docs?include_docs=true", {}, {}});
    const auto parsed = base::parse_json(answer.body);
    const auto* rows = parsed ? base::member(*parsed, "rows") : nullptr;
    if (!rows || !rows->is_array()) return;
    for (const auto& row : rows->get_array()) {
        const auto* document = base::member(row, "doc");
        const auto text = document ? base::string_member(*document, "msg") : std::nullopt;
        if (!text) continue;
        Record record{.what = What::document};
        record.id = std::string{base::string_member(row, "id").value_or("")};
        record.msg = client::msg_of_text(*text);
        note(std::move(record));
    }
}

}  // namespace sim::virtual_world
