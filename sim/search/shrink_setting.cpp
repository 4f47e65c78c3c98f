#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/scenario/value.hpp"
#include "sim/search/shrinker.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

/// What is left when no fault and no message can go any more: fewer nodes, clients and rooms, plainer
/// settings.
namespace davenport::sim::search {

namespace {

int number_in(const std::string& name) {
    std::string why;
    const auto read = parse_value(Type::count, std::string_view{name}.substr(name.empty() ? 0 : 1), why);
    return read ? static_cast<int>(read->low) : 0;
}

/// Where a client.hop goes to; empty when it does not say.
std::string hop_of(const Fault& fault) { return parameter_or(fault.parameters, "to", std::string{}); }

/// Gives the clients and nodes that matter the lowest numbers that keep them where they were, in a world of
/// so many nodes and rooms.
class Renumbering {
public:
    Renumbering(const Scenario& from, int nodes, int rooms) : from_{from}, nodes_{nodes}, rooms_{rooms} {}

    /// Nothing when so few nodes or rooms cannot seat them.
    std::optional<Scenario> apply() {
        for (const auto& fault : from_.timeline) {
            if (!fault.node.empty()) use_node(number_in(fault.node));
            if (const auto to = hop_of(fault); !to.empty()) use_node(number_in(to));
            if (!fault.client.empty()) use_client(number_in(fault.client));
        }
        for (const auto& message : from_.load.messages) use_client(number_in(message.client));
        if (failed_) return {};
        auto out = from_;
        for (auto& fault : out.timeline) {
            if (!fault.node.empty()) fault.node = node_name(fault.node);
            if (!fault.client.empty()) fault.client = client_name(fault.client);
            if (const auto to = hop_of(fault); !to.empty()) fault.parameters["to"] = node_name(to);
        }
        for (auto& message : out.load.messages) {
            message.client = client_name(message.client);
            message.room.clear();
        }
        out.topology.nodes = nodes_;
        out.topology.rooms = rooms_;
        out.topology.clients = clients_;
        out.topology.readers = 0;  // each message names its sender here
        return out;
    }

private:
    void use_node(int number) {
        if (number > from_.topology.nodes)
            failed_ = true;  // one that joins later keeps its number, so leave such runs alone
        if (node_to_.contains(number)) return;
        const auto next = static_cast<int>(node_to_.size()) + 1;
        if (next > nodes_) failed_ = true;
        node_to_[number] = next;
    }

    void use_client(int number) {
        if (number > from_.topology.clients) failed_ = true;
        if (failed_ || client_to_.contains(number)) return;
        const auto index = static_cast<std::uint32_t>(number - 1);
        use_node(number_in(home_of(from_.topology, index)));
        const auto home = node_to_[number_in(home_of(from_.topology, index))];
        const auto room = number_in(room_of(from_.topology, index));
        if (!room_to_.contains(room)) {
            const auto next = static_cast<int>(room_to_.size()) + 1;
            if (next > rooms_) failed_ = true;
            room_to_[room] = next;
        }
        // c1 is on n1 in r1, c2 on n2 in r2, ...: the first free seat on that node and in that room.
        for (int seat = 0; seat < nodes_ * rooms_ * from_.topology.clients && !failed_; ++seat) {
            if (seat % nodes_ + 1 != home || seat % rooms_ + 1 != room_to_[room] || taken_.contains(seat))
                continue;
            taken_.insert(seat);
            client_to_[number] = seat + 1;
            clients_ = std::max(clients_, seat + 1);
            return;
        }
        failed_ = true;
    }

    std::string node_name(const std::string& name) {
        return fmt::format("n{}", node_to_.at(number_in(name)));
    }
    std::string client_name(const std::string& name) {
        return fmt::format("c{}", client_to_.at(number_in(name)));
    }

    const Scenario& from_;
    int nodes_, rooms_;
    int clients_ = 1;
    bool failed_ = false;
    std::map<int, int> node_to_, client_to_, room_to_;
    std::set<int> taken_;
};

int size_of(const Topology& t) { return t.nodes * 4 + t.clients + t.rooms; }

}  // namespace

void shrink_topology(Shrinker& shrinker) {
    shrinker.report("nodes and clients");
    std::vector<Scenario> candidates;
    const auto& now = shrinker.now();
    // Who is where for reasons of its own keeps its number.
    if (!now.topology.homes.empty() || now.topology.arrive > Duration{} || now.topology.rooms_each > 1)
        return;
    for (int nodes = 1; nodes <= now.topology.nodes; ++nodes) {
        for (int rooms = 1; rooms <= std::min(now.topology.rooms, 4); ++rooms) {
            auto small = Renumbering{now, nodes, rooms}.apply();
            if (!small) continue;
            // Beside those who do something somebody may have to look on, at each node, perhaps in each room.
            for (const int clients :
                 {small->topology.clients, nodes, nodes + 1, 2 * nodes, nodes * rooms, 2 * nodes * rooms}) {
                if (clients < small->topology.clients) continue;
                small->topology.clients = clients;
                small->topology.polling = std::min(now.topology.polling, clients);
                candidates.push_back(*small);
                if (now.topology.polling == 0) continue;
                small->topology.polling = clients;  // whoever mattered polls then, whatever its number
                candidates.push_back(*small);
            }
        }
    }
    std::erase_if(candidates,
                  [&](const Scenario& s) { return size_of(s.topology) >= size_of(now.topology); });
    std::ranges::stable_sort(candidates, {}, [](const Scenario& s) { return size_of(s.topology); });
    shrinker.accept_first(std::move(candidates));
}

// ---------------------------------------------------------------- settings

namespace {

/// One fault's parameters made plainer, one after the other.
void simplify_parameters(Shrinker& shrinker, std::size_t index) {
    const auto with = [&](const char* key, base::Parameter value, const char* instead_of = "") {
        auto candidate = shrinker.now();
        auto& parameters = candidate.timeline[index].parameters;
        parameters.erase(instead_of);
        parameters[key] = std::move(value);
        return candidate;
    };
    const auto given = shrinker.now().timeline[index].parameters;
    const auto* kind = language::find_fault(shrinker.now().timeline[index].kinds.front());
    if (!kind || !given.contains("probability")) return;
    std::vector<Scenario> candidates;
    if (kind->find("nth"))
        for (std::int64_t nth = 1; nth <= 8; ++nth) candidates.push_back(with("nth", nth, "probability"));
    if (given.at("probability") != base::Parameter{base::certain})
        candidates.push_back(with("probability", base::certain));
    shrinker.accept_first(std::move(candidates));
}

}  // namespace

void simplify_settings(Shrinker& shrinker) {
    shrinker.report("settings");
    const auto change = [&](auto edit) {
        auto candidate = shrinker.now();
        edit(candidate);
        shrinker.accept(std::move(candidate));
    };
    if (!shrinker.now().links.empty()) change([](Scenario& s) { s.links.clear(); });
    if (shrinker.now().topology.polling != 0) change([](Scenario& s) { s.topology.polling = 0; });
    if (shrinker.now().topology.feed != "continuous")
        change([](Scenario& s) { s.topology.feed = "continuous"; });
    if (shrinker.now().topology.shards != 1) change([](Scenario& s) { s.topology.shards = 1; });
    if (shrinker.now().topology.members != 1) change([](Scenario& s) { s.topology.members = 1; });
    if (shrinker.now().topology.stores != 1)
        change([](Scenario& s) {
            s.topology.stores = 1;
            for (auto& fault : s.timeline) fault.store.clear();
        });
    if (!shrinker.now().topology.prefix.empty()) change([](Scenario& s) { s.topology.prefix.clear(); });
    if (shrinker.now().topology.batch != Topology{}.batch)
        change([](Scenario& s) { s.topology.batch = Topology{}.batch; });
    if (shrinker.now().topology.send_queue_bytes != Topology{}.send_queue_bytes)
        change([](Scenario& s) { s.topology.send_queue_bytes = Topology{}.send_queue_bytes; });
    if (shrinker.now().topology.page != Topology{}.page)
        change([](Scenario& s) { s.topology.page = Topology{}.page; });
    const auto is_odd = [](const Message& m) { return m.size_bytes != Message{}.size_bytes; };
    if (std::ranges::any_of(shrinker.now().load.messages, is_odd))
        change([](Scenario& s) {
            for (auto& message : s.load.messages) message.size_bytes = Message{}.size_bytes;
        });
    for (std::size_t i = 0; i < shrinker.now().timeline.size() && !shrinker.out_of_time(); ++i)
        simplify_parameters(shrinker, i);
    if (shrinker.now().seed > 9) {
        std::vector<Scenario> seeds;
        for (std::uint64_t seed = 1; seed <= 9; ++seed) {
            seeds.push_back(shrinker.now());
            seeds.back().seed = seed;
        }
        shrinker.accept_first(std::move(seeds));
    }
}

}  // namespace davenport::sim::search
