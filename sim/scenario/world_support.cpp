#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/reader.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

/// What a scenario may ask of the process world, and of nodes that run elsewhere.
namespace davenport::sim {
namespace {

constexpr int servers_of_a_cluster = 3;

/// True when the fault is sure to hit a node that is ours.
bool spares(const Fault& fault, const std::set<std::string>& attached) {
    return !fault.node.empty() && !attached.contains(fault.node);
}

/// Of a key, if it stands there.
Location place_of_topology(const Scenario& scenario, std::string_view key = {}) {
    auto found = scenario.sections.find("topology");
    if (const auto exact = scenario.sections.find(fmt::format("topology.{}", key));
        exact != scenario.sections.end())
        found = exact;
    return found == scenario.sections.end() ? Location{} : found->second;
}

/// More than one in the file, or as some seeds draw it.
bool has_several(const Scenario& scenario, std::string_view key, int fixed) {
    return fixed > 1 || std::ranges::any_of(scenario.choices, [&](const Choice& choice) {
               return choice.key == key &&
                      std::ranges::any_of(choice.of, [](const Value& value) { return value.low > 1; });
           });
}
bool has_members(const Scenario& scenario) {
    return has_several(scenario, "members", scenario.topology.members);
}
bool has_stores(const Scenario& scenario) {
    return has_several(scenario, "stores", scenario.topology.stores);
}

}  // namespace

std::vector<Problem> not_in_process_world(const Scenario& scenario) {
    std::vector<Problem> out;
    constexpr auto remedy = "run it with --world virtual";
    for (const auto& expectation : scenario.expect)
        if (expectation.property.starts_with("max(queued, to "))
            out.push_back({expectation.location,
                           "a real node tells only what has waited for any one client at the most",
                           "expect it of a node, as in queued(n1) < 1 MB, or run it with --world virtual"});
    for (const auto& fault : scenario.timeline) {
        for (const auto& name : fault.kinds) {
            const auto& kind = *language::find_fault(name);
            if (!kind.in_process)
                out.push_back(
                    {fault.location, fmt::format("the process world cannot perform {}", name), remedy});
            for (const auto& [parameter, value] : fault.parameters) {
                const auto* key = kind.find(parameter);
                if (!key || key->in_process) continue;
                const auto place = fault.places.find(parameter);
                out.push_back({place == fault.places.end() ? fault.location : place->second,
                               fmt::format("the process world cannot perform {} with '{}'", name, parameter),
                               remedy});
            }
        }
    }
    return out;
}

std::vector<Problem> not_in_virtual_world(const Scenario& scenario) {
    std::vector<Problem> out;
    if (!scenario.topology.prefix.empty())
        out.push_back(
            {place_of_topology(scenario, "prefix"),
             "the virtual world's clients speak to the nodes' cores: there is no path that a proxy could "
             "take off",
             "run it with --world process, or leave topology.prefix out"});
    for (const auto& expectation : scenario.expect) {
        const bool is_memory = expectation.property.starts_with("max(memory");
        if (!is_memory && expectation.property != "search") continue;
        out.push_back({expectation.location,
                       is_memory
                           ? "the virtual world has all nodes in one process, so none has memory of its "
                             "own"
                           : "the virtual world's nodes have no search",
                       "run it with --world process"});
    }
    return out;
}

std::vector<Problem> not_among_generators(const Scenario& scenario, const std::set<std::string>& attached) {
    std::vector<Problem> out;
    for (int i = 1; i <= scenario.topology.nodes; ++i)
        if (const auto name = fmt::format("n{}", i); !attached.contains(name))
            out.push_back({{},
                           fmt::format("{} is not attached, and generators share all nodes", name),
                           fmt::format("give --attach {}=http://host:port", name)});
    for (const auto& fault : scenario.timeline)
        if (!fault.when.empty())
            out.push_back({fault.location,
                           fmt::format("{} waits for a condition, which each generator would see at another "
                                       "time",
                                       fault.name),
                           "give it a time: at: 4s"});
    return out;
}

std::vector<Problem> not_without_faketime(const Scenario& scenario) {
    std::vector<Problem> out;
    for (const auto& fault : scenario.timeline)
        for (const auto& name : fault.kinds)
            if (name == "node.clock_skew" || name == "node.clock_drift")
                out.push_back(
                    {fault.location,
                     fmt::format("{} in the process world needs libfaketime, which is not here", name),
                     "apt install faketime, or run it with --world virtual"});
    return out;
}

std::vector<Problem> not_on_a_real_store(const Scenario& scenario, bool can_restart) {
    std::vector<Problem> out;
    if (has_members(scenario))
        out.push_back({place_of_topology(scenario),
                       "topology.members makes couchmock's own store a cluster; a real CouchDB has the "
                       "members that it has",
                       "leave --store out, or leave members and the faults of members out"});
    if (has_stores(scenario))
        out.push_back({place_of_topology(scenario, "stores"),
                       "topology.stores makes several couchmocks that replicate; --store names one CouchDB",
                       "leave --store out, or leave stores and what names one of them out"});
    for (const auto& fault : scenario.timeline) {
        for (const auto& name : fault.kinds) {
            const bool restarts = name == "store.crash" || name == "store.restart";
            if (!(restarts && !can_restart) && name != "store.amnesia" && name != "store.failover" &&
                !name.starts_with("store.document_") && !name.starts_with("member."))
                continue;
            out.push_back({fault.location, fmt::format("{} cannot be done to a real CouchDB", name),
                           restarts ? "give --store-kill and --store-start, the commands that do it"
                                    : "leave --store out: couchmock's own store can lose what it has"});
        }
    }
    return out;
}

std::vector<Problem> not_on_nats(const Scenario& scenario, bool real) {
    constexpr std::array able{"store.down",    "store.hang", "store.crash",
                              "store.restart", "store.wipe", "feed.cut"};
    std::vector<Problem> out;
    for (const auto& fault : scenario.timeline) {
        for (const auto& name : fault.kinds) {
            const bool of_store = name.starts_with("store.") || name.starts_with("feed.") ||
                                  name.starts_with("policy.") || name.starts_with("member.") ||
                                  name.starts_with("replication.");
            if (name == "link.buffered" &&
                parameter_or(fault.parameters, "link", std::string{"node-store"}) == "node-store" &&
                fault.client.empty())
                out.push_back({fault.location,
                               "link.buffered holds answers of HTTP, and a NATS server has none",
                               "have a CouchDB for the store, or say link: client-node"});
            if (name.starts_with("server.") && scenario.topology.servers < servers_of_a_cluster)
                out.push_back(
                    {fault.location,
                     fmt::format("{} is about one of several NATS servers, and there is one", name),
                     "say topology: { store: nats, servers: 3 } or --nats-servers 3, or use store.down"});
            if (!of_store || std::ranges::find(able, name) != able.end() ||
                (name == "store.amnesia" && !real))
                continue;
            out.push_back({fault.location, fmt::format("{} cannot be done to a NATS server", name),
                           "have a CouchDB for the store, or use store.down, store.hang, store.crash, "
                           "store.restart, store.wipe or "
                           "feed.cut"});
        }
    }
    for (const auto& choice : scenario.choices)
        if (choice.key == "feed")
            out.push_back({{},
                           "topology.feed: a NATS server's stream is always followed",
                           "have a CouchDB for the store, or leave feed out"});
    if (has_members(scenario))
        out.push_back({place_of_topology(scenario), "topology.members: only a CouchDB is played as a cluster",
                       "have a CouchDB for the store, or leave members out"});
    if (has_stores(scenario))
        out.push_back({place_of_topology(scenario, "stores"),
                       "topology.stores: only CouchDBs are played as several stores that replicate",
                       "have a CouchDB for the store, or leave stores out"});
    if (scenario.topology.feed != Topology{}.feed)
        out.push_back({{},
                       fmt::format("topology.feed: {}: a NATS server's stream is always followed",
                                   scenario.topology.feed),
                       "have a CouchDB for the store, or say feed: continuous"});
    return out;
}

std::vector<Problem> not_among_nodes(const Scenario& scenario, std::string_view flag,
                                     const std::set<std::string>& names) {
    std::set<std::string> known;
    for (int i = 1; i <= scenario.topology.nodes; ++i) known.insert(fmt::format("n{}", i));
    std::vector<Problem> out;
    for (const auto& name : names)
        if (!known.contains(name))
            out.push_back(
                {{},
                 fmt::format("{} {}: the scenario has {} nodes", flag, name, scenario.topology.nodes),
                 fmt::format("name one of n1 to n{}", scenario.topology.nodes)});
    return out;
}

std::vector<Problem> not_at_attached_nodes(const Scenario& scenario, const std::set<std::string>& attached,
                                           bool has_control) {
    std::vector<Problem> out;
    if (has_members(scenario))
        out.push_back({place_of_topology(scenario),
                       "topology.members makes couchmock's own store a cluster; the attached nodes have a "
                       "store already",
                       "leave members and the faults of members out"});
    if (has_stores(scenario))
        out.push_back(
            {place_of_topology(scenario, "stores"),
             "topology.stores makes several couchmocks that replicate; the attached nodes have a store "
             "already",
             "leave stores and what names one of them out"});
    for (const auto& expectation : scenario.expect) {
        const auto& figure = expectation.property;
        const bool is_memory = figure.starts_with("max(memory");
        if (!is_memory && !figure.starts_with("max(queued")) continue;
        const auto comma = figure.find(", ");
        const auto node =
            comma == std::string::npos ? "" : figure.substr(comma + 2, figure.size() - comma - 3);
        if (node.empty() ? attached.size() >= static_cast<std::size_t>(scenario.topology.nodes)
                         : attached.contains(node))
            out.push_back({expectation.location,
                           fmt::format("nobody here sees the {} of a node that runs elsewhere",
                                       is_memory ? "memory" : "queues"),
                           fmt::format("name a node that is not attached: max({}, n2)",
                                       is_memory ? "memory" : "queued")});
    }
    for (const auto& fault : scenario.timeline) {
        for (const auto& kind : fault.kinds) {
            const auto hits = language::find_fault(kind)->hits;
            if (kind == "policy.ban" && parameter_or(fault.parameters, "everywhere", false))
                out.push_back(
                    {fault.location,
                     "policy.ban with 'everywhere' would ban people of that name in the rooms of others",
                     "leave 'everywhere' out: the run's rooms have names of their own"});
            if (kind.starts_with("policy.")) continue;  // a document, written into the store as it is
            if (hits == language::Hits::store && !has_control)
                out.push_back(
                    {fault.location,
                     fmt::format("{} is done by a couchmock in front of the attached nodes' store", kind),
                     "start `couchmock --upstream URL --control ADDRESS`, let the nodes write through it, "
                     "and give "
                     "--control http://ADDRESS"});
            else if (hits == language::Hits::node && !spares(fault, attached))
                out.push_back({fault.location,
                               fmt::format("{} cannot be done to a node that runs elsewhere", kind),
                               "name a node that is not attached, as node: n2"});
            else if (hits == language::Hits::link &&
                     parameter_or(fault.parameters, "link", std::string{"node-store"}) == "node-store" &&
                     !spares(fault, attached))
                out.push_back({fault.location,
                               fmt::format("{} cannot be done between an attached node and its store", kind),
                               "say link: client-node, or name a node that is not attached"});
        }
    }
    return out;
}

}  // namespace davenport::sim
