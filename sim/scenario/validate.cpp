#include "sim/scenario/expression.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/scenario/value.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim {

namespace {

using language::Hits;
using language::Span;

constexpr std::int64_t sends_max = 20'000'000;

std::string show(Duration time) { return show_time(time.count()); }

std::int64_t number_of(Type type, const std::string& name) {
    std::string why;
    const auto value = parse_value(type, name, why);
    return value ? value->low : 0;
}

/// What a line of the timeline does, as far as it can be told before a seed decides.
struct Outlook {
    const Fault* fault = nullptr;
    bool any_lasting = false;
    bool any_moment = false;
    bool sure = true;               ///< it takes place, whatever is drawn
    std::optional<Duration> begin;  ///< earliest
    std::optional<Duration>
        over;  ///< latest end; nothing when only healing ends it, or a condition begins it
};

class Validator {
public:
    Validator(const Scenario& scenario, IncompleteSections incomplete, std::vector<Problem>& problems)
        : scenario_{scenario}, incomplete_{incomplete}, problems_{problems} {
        load_end_ = scenario.load.settle + scenario.load.length;
        for (const auto& message : scenario.load.messages) load_end_ = std::max(load_end_, message.at);
        for (const auto& fault : scenario.timeline)
            if (!fault.kinds.empty()) outlooks_.push_back(look(fault));
    }

    void check() {
        if (!incomplete_.load) check_load();
        if (!incomplete_.topology) check_topology();
        for (const auto& outlook : outlooks_) {
            check_time(outlook);
            check_condition(*outlook.fault);
            check_member(*outlook.fault);
            check_victim(*outlook.fault);
            check_store(*outlook.fault);
        }
        for (const auto& expectation : scenario_.expect) check_expectation(expectation);
    }

private:
    void complain(Location where, std::string message, std::string hint = {}) {
        problems_.push_back({where, std::move(message), std::move(hint)});
    }

    /// Of what is wrong with a section as a whole.
    [[nodiscard]] Location place_of(std::string_view section) const {
        const auto found = scenario_.sections.find(section);
        return found == scenario_.sections.end() ? Location{} : found->second;
    }

    static Outlook look(const Fault& fault) {
        Outlook outlook;
        outlook.fault = &fault;
        outlook.sure = !fault.swarm;
        for (const auto& name : fault.kinds) {
            const bool lasting = language::find_fault(name)->span == Span::lasting;
            outlook.any_lasting = outlook.any_lasting || lasting;
            outlook.any_moment = outlook.any_moment || !lasting;
        }
        auto length = fault.length ? std::optional{fault.length->high} : std::nullopt;
        if (fault.parameters.contains("restart"))
            length = parameter_or(fault.parameters, "restart", Duration{});
        if (!outlook.any_lasting) length = Duration{};
        if (fault.at) {
            outlook.begin = *fault.at;
            if (length) outlook.over = *fault.at + *length;
        }
        return outlook;
    }

    void check_load() {
        const auto& load = scenario_.load;
        auto count =
            static_cast<double>(load.per_1000_seconds) * static_cast<double>(load.length.count()) / 1e9;
        if (!load.stages.empty()) {
            count = 0;
            for (const auto& stage : load.stages)
                count += static_cast<double>(stage.from + stage.to) *
                         static_cast<double>(stage.length.count()) / 2e9;
        }
        if (count < 1)
            complain(place_of("load"), "the load is empty: no message is due",
                     load.stages.empty() ? fmt::format("load.rate is too low for {}", show(load.length))
                                         : "the rates of load.stages are too low for their lengths");
        if (count > sends_max)
            complain(place_of("load"),
                     fmt::format("the load is {:.0f} messages; at most {} can be planned", count, sends_max));
    }

    void check_topology() {
        const auto& topology = scenario_.topology;
        if (topology.servers == 2)
            complain(place_of("topology"),
                     "servers: 2: neither of two servers is a majority without the other",
                     "one server, or three");
        if (topology.servers > 1 && topology.store != "nats")
            complain(place_of("topology"),
                     fmt::format("servers: {}: a store of several servers is one of NATS", topology.servers),
                     "say store: nats, or leave servers out");
        if (most_stores() > 1 && most_members() > 1)
            complain(place_of("topology.stores"),
                     "both 'stores' and 'members': of several stores each is one server",
                     "leave one of them out");
        for (const auto& message : scenario_.load.messages)
            if (const auto there = count_at(Type::client, topology.clients, message.at);
                number_of(Type::client, message.client) > there)
                complain(message.location, fmt::format("{} does not exist then", message.client),
                         fmt::format("there are c1 to c{}", there));
        if (topology.nodes > 1 && topology.rooms % topology.nodes == 0 && topology.rooms_each == 1 &&
            topology.homes.empty())
            complain(place_of("topology"),
                     fmt::format("with {} nodes and {} rooms every room lives on one node: nothing is ever "
                                 "delivered to another",
                                 topology.nodes, topology.rooms),
                     "c1 is on n1 in r1, c2 on n2 in r2, ...: let the number of rooms be no multiple of the "
                     "number of nodes");
        auto polling = topology.polling;
        for (const auto& choice : scenario_.choices)
            if (choice.key == "polling")
                for (const auto& value : choice.of) polling = std::max(polling, static_cast<int>(value.low));
        if (polling > topology.clients)
            complain(place_of("topology"),
                     fmt::format("{} of {} clients poll: there are not so many", polling, topology.clients),
                     "topology.polling is how many of the clients do");
        check_clients(topology);
        if (topology.rooms > topology.clients)
            complain(place_of("topology"), fmt::format("{} rooms for {} clients: some room has nobody in it",
                                                       topology.rooms, topology.clients));
    }

    /// Those that read only, that are somewhere else, and that come later.
    void check_clients(const Topology& topology) {
        if (topology.readers >= topology.clients)
            complain(place_of("topology"),
                     fmt::format("all {} clients only read: nobody says anything", topology.clients),
                     "topology.readers is how many of the clients do");
        if (topology.rooms_each > topology.rooms)
            complain(place_of("topology"),
                     fmt::format("each client follows {} rooms, and there are {}", topology.rooms_each,
                                 topology.rooms),
                     "topology.rooms is how many there are");
        for (const auto& [client, node] : topology.homes) {
            if (number_of(Type::client, client) > topology.clients)
                complain(place_of("topology"), fmt::format("placement: {} does not exist", client),
                         fmt::format("there are c1 to c{}", topology.clients));
            if (number_of(Type::node, node) > topology.nodes)
                complain(place_of("topology"), fmt::format("placement: {} does not exist", node),
                         fmt::format("there are n1 to n{}", topology.nodes));
        }
        if (!incomplete_.load && topology.arrive >= load_end_)
            complain(place_of("topology"),
                     fmt::format("the last clients come when nothing is said any more: arrive is {}, the "
                                 "load ends at {}",
                                 show(topology.arrive), show(load_end_)),
                     "a shorter topology.arrive");
    }

    void check_time(const Outlook& outlook) {
        const auto& fault = *outlook.fault;
        const auto& first = fault.kinds.front();
        if (!incomplete_.load && fault.at && *fault.at >= load_end_)
            complain(place(fault, "at"),
                     fmt::format("{} at {} is after the end: the last message is due before {}", fault.name,
                                 show(*fault.at), show(load_end_)),
                     fmt::format("load.settle + load.for is {}", show(load_end_)));
        if (!incomplete_.load && fault.every && scenario_.load.settle + fault.every->low >= load_end_)
            complain(place(fault, "every"), fmt::format("{} never happens: every {} is longer than the load",
                                                        fault.name, show(fault.every->low)));
        const bool restarts = fault.parameters.contains("restart");
        if (fault.length && !outlook.any_lasting)
            complain(place(fault, "for"), fmt::format("{} is a moment and takes no 'for'",
                                                      fault.kinds.size() == 1 ? first : "any of these"));
        if (fault.length && restarts)
            complain(place(fault, "for"), "both 'for' and 'restart': they say the same", "leave 'for' out");
    }

    /// How many members the store has at least, whatever is drawn.
    [[nodiscard]] std::int64_t members() const {
        return drawn("members", scenario_.topology.members,
                     [](const Choice& choice) { return std::ranges::min(choice.of, {}, &Value::low).low; });
    }

    /// A fault of a member is of a cluster, and of a member that it has.
    void check_member(const Fault& fault) {
        const auto of_member = std::ranges::find_if(
            fault.kinds, [](const std::string& kind) { return kind.starts_with("member."); });
        if (!incomplete_.knows("members") || of_member == fault.kinds.end()) return;
        const auto there = members();
        if (there < 2)
            return complain(place(fault, "fault"),
                            fmt::format("{} needs a store of several members", *of_member),
                            "topology: { members: 3 } makes it a cluster");
        if (parameter_or(fault.parameters, "member", std::int64_t{1}) > there)
            complain(place(fault, "member"),
                     fmt::format("member {} does not exist",
                                 parameter_or(fault.parameters, "member", std::int64_t{1})),
                     fmt::format("there are members 1 to {}", there));
    }

    /// How many stores there are at least, whatever is drawn.
    [[nodiscard]] std::int64_t stores() const {
        return drawn("stores", scenario_.topology.stores,
                     [](const Choice& choice) { return std::ranges::min(choice.of, {}, &Value::low).low; });
    }
    [[nodiscard]] std::int64_t most_stores() const {
        return drawn("stores", scenario_.topology.stores,
                     [](const Choice& choice) { return std::ranges::max(choice.of, {}, &Value::low).low; });
    }
    [[nodiscard]] std::int64_t most_members() const {
        return drawn("members", scenario_.topology.members,
                     [](const Choice& choice) { return std::ranges::max(choice.of, {}, &Value::low).low; });
    }
    /// What `pick` says of the key's list; what the file says where there is none.
    template <class Pick>
    [[nodiscard]] std::int64_t drawn(std::string_view key, std::int64_t fixed, const Pick& pick) const {
        const auto found = std::ranges::find(scenario_.choices, key, &Choice::key);
        return found == scenario_.choices.end() ? fixed : pick(*found);
    }

    /// A fault that names a store hits one, and that one is there.
    void check_store(const Fault& fault) {
        bool one = false, way = false;
        for (const auto& name : fault.kinds) {
            const auto& kind = *language::find_fault(name);
            one = one || language::hits_one_store(kind);
            way = way || (kind.hits == Hits::link && !is_named_to_clients(fault));
        }
        if (!fault.store.empty() && !one && !way)
            return complain(place(fault, "store"), fmt::format("{} hits no store", fault.kinds.front()),
                            fault.kinds.front().starts_with("link.")
                                ? "say link: node-store, or leave 'store' out"
                                : "leave 'store' out");
        if (!incomplete_.knows("stores")) return;
        const auto there = stores();
        if (number_of(Type::store, fault.store) > there)
            complain(place(fault, "store"), fmt::format("{} does not exist", fault.store),
                     there == 1 ? std::string{"there is s1 only: topology.stores is how many there are"}
                                : fmt::format("there are s1 to s{}", there));
        for (const auto& name : fault.kinds) {
            if (name == "replication.stop" && there == 1)
                complain(place(fault, "fault"), "replication.stop needs several stores",
                         "topology: { stores: 2 } makes two that replicate");
            if (name == "store.document_purge" && most_stores() > 1)
                complain(place(fault, "fault"),
                         "store.document_purge: no CouchDB replicates a purge, so with several stores the "
                         "document "
                         "stays in the others",
                         "use store.document_delete");
        }
    }

    /// `feed(n5)` is of a node that there is, or will be.
    void check_condition(const Fault& fault) {
        std::vector<Problem> known;
        const auto condition = fault.when.empty() || !incomplete_.knows("nodes")
                                   ? std::nullopt
                                   : parse_condition(fault.when, {}, known);
        if (!condition || condition->node.empty()) return;
        const auto there = count_at(Type::node, scenario_.topology.nodes, std::nullopt);
        if (number_of(Type::node, condition->node) <= there) return;
        complain(place(fault, "when"), fmt::format("{} does not exist", condition->node),
                 there == 1 ? std::string{"there is n1 only"} : fmt::format("there are n1 to n{}", there));
    }

    void check_victim(const Fault& fault) {
        bool node = false, client = false, join = false, hop = false;
        for (const auto& name : fault.kinds) {
            const auto hits = language::find_fault(name)->hits;
            node = node || hits == Hits::node || hits == Hits::link;
            client = client || hits == Hits::client || (hits == Hits::link && is_to_clients(fault, name));
            join = join || hits == Hits::joiner;
            hop = hop || name == "client.hop";
        }
        if (!fault.node.empty() && !node)
            complain(place(fault, "node"), fmt::format("{} hits no node", fault.kinds.front()),
                     join ? "a new node is always the next number" : "leave 'node' out");
        if (!fault.client.empty() && !client)
            complain(place(fault, "client"), fmt::format("{} hits no client", fault.kinds.front()),
                     fault.kinds.front().starts_with("link.") ? "say link: client-node, or leave 'client' out"
                                                              : "leave 'client' out");
        if (!fault.client.empty() && !fault.node.empty() && fault.kinds.front().starts_with("link."))
            complain(place(fault, "node"), "both 'node' and 'client': a client's link is its own",
                     "leave 'node' out");
        check_room(fault);
        if (node) check_exists(fault, "node", Type::node, fault.node);
        if (client) check_exists(fault, "client", Type::client, fault.client);
        if (!hop || !incomplete_.knows("nodes")) return;
        if (scenario_.topology.nodes == 1)
            return complain(fault.location, "client.hop has nowhere to go: there is one node");
        check_exists(fault, "to", Type::node, parameter_or(fault.parameters, "to", std::string{}));
    }

    /// The fault of a link is about clients: `link: client-node`, which is what is meant where a client is
    /// named.
    static bool is_to_clients(const Fault& fault, std::string_view kind) {
        return language::find_fault(kind)->find("link") &&
               parameter_or(fault.parameters, "link", std::string{"client-node"}) == "client-node";
    }

    static bool is_named_to_clients(const Fault& fault) {
        return !fault.client.empty() ||
               parameter_or(fault.parameters, "link", std::string{"node-store"}) == "client-node";
    }

    /// How many nodes or clients there are at that time (at the end, without one): those of the start, and
    /// those that came with a node.join before.
    [[nodiscard]] std::int64_t count_at(Type type, int at_start, std::optional<Duration> at) const {
        std::int64_t there = at_start;
        for (const auto& fault : scenario_.timeline) {
            if (fault.kinds != std::vector<std::string>{"node.join"} || fault.swarm || !fault.at) continue;
            if (at && *fault.at >= *at) continue;
            there += type == Type::node ? 1 : parameter_or(fault.parameters, "clients", std::int64_t{1});
        }
        return there;
    }

    void check_exists(const Fault& fault, const std::string& key, Type type, const std::string& name) {
        if (name.empty() || !incomplete_.knows(type == Type::node ? "nodes" : "clients")) return;
        const auto& topology = scenario_.topology;
        const auto there = count_at(type, type == Type::node ? topology.nodes : topology.clients, fault.at);
        if (number_of(type, name) > there)
            complain(place(fault, key), fmt::format("{} does not exist{}", name, fault.at ? " then" : ""),
                     there == 1 ? fmt::format("there is {}1 only", name[0])
                                : fmt::format("there are {}1 to {}{}", name[0], name[0], there));
    }

    /// A policy is of one of the scenario's rooms.
    void check_room(const Fault& fault) {
        const auto room = parameter_or(fault.parameters, "room", std::string{});
        if (room.empty() || !incomplete_.knows("rooms")) return;
        const auto rooms = scenario_.topology.rooms;
        for (int i = 1; i <= rooms; ++i)
            if (room == fmt::format("r{}", i)) return;
        complain(place(fault, "room"), fmt::format("{} does not exist", room),
                 rooms == 1 ? std::string{"there is r1 only"} : fmt::format("there are r1 to r{}", rooms));
    }

    /// Where the value of a fault's key stands.
    static Location place(const Fault& fault, const std::string& key) {
        const auto found = fault.places.find(key);
        return found == fault.places.end() ? fault.location : found->second;
    }

    void check_expectation(const Expectation& expectation) {
        const auto& where = expectation.location;
        const auto whole = load_end_ + scenario_.heal;
        if (expectation.within && *expectation.within > scenario_.heal)
            complain(where,
                     fmt::format("cannot fail: the run ends {} after healing begins", show(scenario_.heal)),
                     "a shorter time, or a longer 'heal'");
        if (expectation.within == Duration{0})
            complain(where, "cannot hold: nothing takes no time", "as in converged within 5s");
        if (expectation.stable && *expectation.stable > scenario_.heal + scenario_.load.length)
            complain(where, "cannot hold: the run is over sooner", "a shorter time behind 'stable'");
        if (expectation.relation.empty()) return;
        const bool upper = expectation.relation.starts_with('<');
        const bool count = expectation.property.starts_with("count") ||
                           expectation.property.starts_with("undelivered") ||
                           expectation.property.find("(backlog") != std::string::npos ||
                           expectation.property.find("(memory") != std::string::npos ||
                           expectation.property.find("(queued") != std::string::npos;
        if (!incomplete_.load && !count && upper && expectation.value > static_cast<double>(whole.count()))
            complain(where, fmt::format("cannot fail: the whole run takes {}", show(whole)));
        if (expectation.relation == ">=" && expectation.value == 0)
            complain(where, "cannot fail: nothing is below 0");
        if (expectation.relation == "<" && expectation.value == 0)
            complain(where, "cannot hold: nothing is below 0");
        check_places(expectation);
        constexpr std::string_view recovery = "recovery of ";
        if (expectation.property.starts_with(recovery))
            check_phase(expectation, "recovery", expectation.property.substr(recovery.size()));
        const auto space = expectation.phase.find(' ');
        if (space != std::string::npos)
            check_phase(expectation, expectation.phase.substr(0, space), expectation.phase.substr(space + 1));
    }

    /// `p99(delivery, n9)` and `from c9` are of a node and a client that there are, `r7` of a room.
    void check_places(const Expectation& expectation) {
        const auto& property = expectation.property;
        const auto open = property.find('(');
        if (open == std::string::npos) return;
        const auto metric = property.substr(open + 1, property.find_first_of(",)") - open - 1);
        if (incomplete_.knows("nodes") && metric == "delivery" && all_nodes() == 1)
            complain(expectation.location, "delivery is between nodes, and there is one",
                     "shown counts every showing");
        for (auto comma = property.find(','); comma != std::string::npos;
             comma = property.find(',', comma + 1)) {
            auto place = property.substr(comma + 2, property.find_first_of(",)", comma + 1) - comma - 2);
            place.erase(0, place.find(' ') == std::string::npos ? 0 : place.find(' ') + 1);
            if (place == "poller") {
                if (!any_polls())
                    complain(expectation.name_location, "no client polls", "topology.polling is how many do");
                continue;
            }
            check_place(expectation, place);
        }
    }

    [[nodiscard]] std::int64_t all_nodes() const {
        return count_at(Type::node, scenario_.topology.nodes, std::nullopt);
    }

    [[nodiscard]] bool any_polls() const {
        if (scenario_.topology.polling > 0) return true;
        return std::ranges::any_of(scenario_.choices, [](const Choice& choice) {
            return choice.key == "polling" &&
                   std::ranges::any_of(choice.of, [](const Value& value) { return value.low > 0; });
        });
    }

    void check_place(const Expectation& expectation, const std::string& place) {
        if (!incomplete_.knows(place[0] == 'r' ? "rooms" : place[0] == 'c' ? "clients" : "nodes")) return;
        const auto there = place[0] == 'r' ? scenario_.topology.rooms
                           : place[0] == 'c'
                               ? count_at(Type::client, scenario_.topology.clients, std::nullopt)
                               : all_nodes();
        if (number_of(Type::node, 'n' + place.substr(1)) <= there) return;
        complain(expectation.location, fmt::format("{} does not exist", place),
                 there == 1 ? fmt::format("there is {}1 only", place[0])
                            : fmt::format("there are {}1 to {}{}", place[0], place[0], there));
    }

    /// The phase has to come about, whatever the seed, and something must be said in it.
    void check_phase(const Expectation& expectation, const std::string& phase, const std::string& name) {
        const auto& where = expectation.name_location;
        const auto unreadable = [&](const Fault& fault) { return fault.name == name && fault.kinds.empty(); };
        if (std::ranges::any_of(scenario_.timeline, unreadable)) return;  // that it is wrong was said already
        const auto found =
            std::ranges::find(outlooks_, name, [](const Outlook& outlook) { return outlook.fault->name; });
        if (found == outlooks_.end()) {
            std::vector<std::string_view> all;
            for (const auto& outlook : outlooks_) all.push_back(outlook.fault->name);
            complain(where, fmt::format("no fault is named '{}'", name),
                     all.empty() ? "the timeline is empty" : suggest(name, all));
            return;
        }
        if (!found->sure)
            return complain(
                where, fmt::format("{} may not take part (swarm), so this phase may never happen", name));
        if (phase == "during" && !found->any_lasting)
            return complain(where, fmt::format("{} is a moment: nothing is during it", name),
                            fmt::format("after {}", name));
        if (incomplete_.load) return;
        if (phase == "before" && found->begin && *found->begin <= scenario_.load.settle)
            complain(where, fmt::format("nothing is sent before {}: it begins at {}, the load at {}", name,
                                        show(*found->begin), show(scenario_.load.settle)));
        if (phase != "after" && phase != "recovery") return;
        if (found->begin && !found->over)
            complain(where, fmt::format("{} lasts until healing begins, so nothing is sent after it", name),
                     "give it a 'for'");
        else if (found->over && *found->over >= load_end_)
            complain(where, fmt::format("nothing is sent after {}: it ends at {}, the load at {}", name,
                                        show(*found->over), show(load_end_)));
    }

    const Scenario& scenario_;
    IncompleteSections incomplete_;
    std::vector<Problem>& problems_;
    Duration load_end_{};
    std::vector<Outlook> outlooks_;
};

}  // namespace

void validate(const Scenario& scenario, std::vector<Problem>& problems, IncompleteSections incomplete) {
    Validator{scenario, incomplete, problems}.check();
    if (incomplete.topology) return;
    if (scenario.topology.store == "nats") {
        for (auto& problem : not_on_nats(scenario, false)) problems.push_back(std::move(problem));
        return;
    }
    for (const auto& fault : scenario.timeline)
        for (const auto& kind : fault.kinds)
            if (kind.starts_with("server."))
                problems.push_back({fault.location, fmt::format("{} needs a cluster of NATS servers", kind),
                                    "say topology: { store: nats, servers: 3 }, or use store.down"});
}

}  // namespace davenport::sim
