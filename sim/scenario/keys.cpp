#include "couchmock/faults/fault_table.hpp"
#include "sim/scenario/language.hpp"

/// The keys of each section of a scenario file.
namespace davenport::sim::language {

namespace {

int as_int(std::int64_t number) { return static_cast<int>(number); }
Range as_range(const Value& v) { return {Duration{v.low}, Duration{v.high}}; }

std::vector<Section> make_sections() {
    return {
        {"",
         "A scenario: what runs, what is said, what goes wrong, and what must hold.",
         {
             {.name = "name",
              .type = Type::text,
              .about = "what the scenario is called in reports",
              .required = true,
              .set = [](Into& into, const Value& v) { into.scenario->name = v.text; }},
             {.name = "about",
              .type = Type::text,
              .about = "one sentence for the reader of a report",
              .set = [](Into& into, const Value& v) { into.scenario->about = v.text; }},
             {.name = "seed",
              .type = Type::count,
              .about = "decides all that is drawn; --seed overrides it",
              .default_value = "1",
              .set = [](Into& into,
                        const Value& v) { into.scenario->seed = static_cast<std::uint64_t>(v.low); }},
             {.name = "topology", .type = Type::section, .about = "how many nodes, clients and rooms"},
             {.name = "links", .type = Type::section, .about = "how slow the network is"},
             {.name = "load", .type = Type::section, .about = "what the clients say, and when"},
             {.name = "timeline", .type = Type::list, .about = "what goes wrong, and when"},
             {.name = "expect", .type = Type::list, .about = "what must hold"},
             {.name = "heal",
              .type = Type::time,
              .about = "how long everything may take to converge after the last fault and message",
              .default_value = "10s",
              .low = 100'000,
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.scenario->heal = Duration{v.low}; }},
         }},
        {"topology",
         "Nodes are n1, n2, ...; clients c1, c2, ... are spread over them in turn; every client follows one "
         "room, or `rooms_each`. Where a list is allowed, each seed draws one of it: `feed: [continuous, "
         "longpoll]`.",
         {
             {.name = "nodes",
              .type = Type::count,
              .about = "chat nodes at the start",
              .default_value = "2",
              .low = 1,
              .high = 1'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.nodes = as_int(v.low); }},
             {.name = "clients",
              .type = Type::count,
              .about = "simulated clients at the start",
              .default_value = "4",
              .low = 1,
              .high = 100'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.clients = as_int(v.low); }},
             {.name = "polling",
              .type = Type::count,
              .about = "how many of the clients, the last ones, have no WebSocket: they poll for what is "
                       "said, as Comet clients did, and post by HTTP",
              .default_value = "0",
              .high = 100'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.polling = as_int(v.low); },
              .drawn = true},
             {.name = "readers",
              .type = Type::count,
              .about = "how many of the clients, the last ones, only read",
              .default_value = "0",
              .high = 100'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.readers = as_int(v.low); }},
             {.name = "placement",
              .type = Type::map,
              .about = "where clients are that are not at the node whose turn it is, as in { n1: [c1..c3, "
                       "c7] }"},
             {.name = "arrive",
              .type = Type::time,
              .about = "over how long the clients come, one after the other; all at once when left out",
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.scenario->topology.arrive = Duration{v.low}; }},
             {.name = "rooms",
              .type = Type::count,
              .about = "rooms r1, r2, ..., shared out among the clients in turn",
              .default_value = "1",
              .low = 1,
              .high = 10'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.rooms = as_int(v.low); }},
             {.name = "rooms_each",
              .type = Type::count,
              .about = "how many rooms a client follows: its own, and those after it",
              .default_value = "1",
              .low = 1,
              .high = 1'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.rooms_each = as_int(v.low); }},
             {.name = "prefix",
              .type = Type::path,
              .about =
                  "path under which clients find the nodes, by a proxy that takes it off (process world)",
              .set = [](Into& into, const Value& v) { into.scenario->topology.prefix = v.text; }},
             {.name = "feed",
              .type = Type::choice,
              .about = "how the nodes follow the store's changes",
              .default_value = "continuous",
              .choices = {"continuous", "longpoll", "poll"},
              .set = [](Into& into, const Value& v) { into.scenario->topology.feed = v.text; },
              .drawn = true},
             {.name = "poll_interval",
              .type = Type::time,
              .about = "the pause between two polls (feed: poll)",
              .default_value = "1s",
              .low = 1'000,
              .high = day_us,
              .set = [](Into& into,
                        const Value& v) { into.scenario->topology.poll_interval = Duration{v.low}; },
              .drawn = true},
             {.name = "store",
              .type = Type::choice,
              .about = "what the nodes share: a CouchDB (couchmock, or what --store names), or a NATS server",
              .default_value = "couchdb",
              .choices = {"couchdb", "nats"},
              .set = [](Into& into, const Value& v) { into.scenario->topology.store = v.text; }},
             {.name = "servers",
              .type = Type::count,
              .about =
                  "how many NATS servers: one, or three as a cluster, each with a copy of all (store: nats)",
              .default_value = "1",
              .low = 1,
              .high = 3,
              .set = [](Into& into, const Value& v) { into.scenario->topology.servers = as_int(v.low); }},
             {.name = "shards",
              .type = Type::count,
              .about = "q of the database: with more than 1 its feed has no single order",
              .default_value = "1",
              .low = 1,
              .high = 16,
              .set = [](Into& into, const Value& v) { into.scenario->topology.shards = as_int(v.low); },
              .drawn = true},
             {.name = "members",
              .type = Type::count,
              .about = "the store is a cluster of so many members behind a balancer (couchmock's own): with "
                       "more than 1 its feed has no single order",
              .default_value = "1",
              .low = 1,
              .high = couchmock::members_max,
              .set = [](Into& into, const Value& v) { into.scenario->topology.members = as_int(v.low); },
              .drawn = true},
             {.name = "stores",
              .type = Type::count,
              .about = "stores s1, s2, ... that replicate to one another (couchmock's own); every node knows "
                       "them in "
                       "this order and uses the first until it does not answer, then the next",
              .default_value = "1",
              .low = 1,
              .high = 4,
              .set = [](Into& into, const Value& v) { into.scenario->topology.stores = as_int(v.low); },
              .drawn = true},
             {.name = "batch",
              .type = Type::count,
              .about = "how many waiting messages a node sends to the store in one request, at most",
              .default_value = "400",
              .low = 1,
              .high = 10'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.batch = as_int(v.low); },
              .drawn = true},
             {.name = "page",
              .type = Type::count,
              .about = "how many rows a node reads at once from the store or its journal, at most; with few, "
                       "a short run has long stretches to catch up with",
              .default_value = "2000",
              .low = 1,
              .high = 10'000,
              .set = [](Into& into, const Value& v) { into.scenario->topology.page = as_int(v.low); },
              .drawn = true},
             {.name = "send_queue",
              .type = Type::bytes,
              .about = "what waits for one client at most, at its node: who falls further behind is cut off, "
                       "and resumes",
              .default_value = "1MB",
              .low = 1'024,
              .high = 1'000'000'000,
              .set = [](Into& into,
                        const Value& v) { into.scenario->topology.send_queue_bytes = as_int(v.low); },
              .drawn = true},
         }},
        {"links",
         "How slow the network is; on real processes this comes on top of what the machine's own takes, and "
         "is left out when nothing is said.",
         {
             {.name = "client-node", .type = Type::section, .about = "between clients and their nodes"},
             {.name = "node-store", .type = Type::section, .about = "between nodes and the store"},
         }},
        {"link",
         "One kind of link.",
         {
             {.name = "latency",
              .type = Type::time_range,
              .about = "one way; drawn anew for every packet, order is kept",
              .default_value = "100us..300us",
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.link->latency = as_range(v); }},
             {.name = "bandwidth",
              .type = Type::bandwidth,
              .about = "unlimited when left out",
              .low = 1,
              .set = [](Into& into,
                        const Value& v) { into.link->bytes_per_second = static_cast<std::uint64_t>(v.low); }},
         }},
        {"load",
         "Open loop: a message is due at its time whether or not the last one was answered, and latency "
         "counts from then.",
         {
             {.name = "rate",
              .type = Type::rate,
              .about = "messages of all clients together",
              .default_value = "10/s",
              .low = 1,
              .high = 1'000'000'000,
              .set =
                  [](Into& into, const Value& v) {
                      into.scenario->load.per_1000_seconds = static_cast<std::uint64_t>(v.low);
                  }},
             {.name = "arrivals",
              .type = Type::choice,
              .about = "constant: evenly; poisson: at random; ramp: from nothing up to twice the rate; "
                       "burst: a second's messages at once",
              .default_value = "constant",
              .choices = {"constant", "poisson", "ramp", "burst"},
              .set =
                  [](Into& into, const Value& v) {
                      into.scenario->load.arrivals = v.text == "poisson" ? Arrivals::poisson
                                                     : v.text == "ramp"  ? Arrivals::ramp
                                                     : v.text == "burst" ? Arrivals::burst
                                                                         : Arrivals::constant;
                  }},
             {.name = "size",
              .type = Type::bytes_range,
              .about = "of a message's text; a range is drawn from",
              .default_value = "64B",
              .low = 16,
              .high = 1'000'000,
              .set =
                  [](Into& into, const Value& v) {
                      into.scenario->load.size_bytes = as_int(v.low);
                      into.scenario->load.size_bytes_max = as_int(v.high);
                  }},
             {.name = "for",
              .type = Type::time,
              .about = "how long the clients talk",
              .default_value = "10s",
              .low = 1,
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.scenario->load.length = Duration{v.low}; }},
             {.name = "settle",
              .type = Type::time,
              .about = "quiet time after the start, before the first message",
              .default_value = "1s",
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.scenario->load.settle = Duration{v.low}; }},
             {.name = "edits",
              .type = Type::percent,
              .about = "of so many messages the sender edits one of his last, soon after",
              .default_value = "0%",
              .high = 1'000'000,
              .set = [](Into& into,
                        const Value& v) { into.scenario->load.edits_per_million = as_int(v.low); },
              .drawn = true},
             {.name = "removals",
              .type = Type::percent,
              .about = "of so many messages the sender removes one of his last, soon after",
              .default_value = "0%",
              .high = 1'000'000,
              .set = [](Into& into,
                        const Value& v) { into.scenario->load.removals_per_million = as_int(v.low); },
              .drawn = true},
             {.name = "stages",
              .type = Type::list,
              .about = "instead of rate and for: one stretch after the other, as in [ { for: 10s, rate: "
                       "5/s..50/s }, { for: 1s, rate: 500/s } ]"},
             {.name = "messages",
              .type = Type::list,
              .about = "instead of rate, arrivals and size: each message, as in "
                       "[ { at: 1s, client: c1 } ]; what `chatsim shrink` writes"},
         }},
        {"stage",
         "One stretch of `load.stages`.",
         {
             {.name = "for",
              .type = Type::time,
              .about = "how long it is",
              .required = true,
              .low = 1'000,
              .high = day_us},
             {.name = "rate",
              .type = Type::rate_range,
              .about = "messages of all clients together; a range is gone through evenly, up or down",
              .required = true,
              .high = 1'000'000'000},
         }},
        {"message",
         "One message of `load.messages`.",
         {
             {.name = "at",
              .type = Type::time,
              .about = "when it is due, since the start of the run",
              .required = true,
              .high = 30 * day_us},
             {.name = "client", .type = Type::client, .about = "who says it", .required = true},
             {.name = "room",
              .type = Type::name,
              .about = "where; the room that the client follows when left out"},
             {.name = "size",
              .type = Type::bytes,
              .about = "of its text",
              .default_value = "64B",
              .low = 16,
              .high = 1'000'000},
             {.name = "what",
              .type = Type::choice,
              .about = "post: says it; edit, remove: changes one of his last",
              .default_value = "post",
              .choices = {"post", "edit", "remove"}},
         }},
        {"timeline",
         "One fault. Times count from the start of the run (the first message is due after `load.settle`). "
         "Beside these keys "
         "a fault takes the parameters of its kind.",
         {
             {.name = "fault", .type = Type::kind, .about = "what goes wrong"},
             {.name = "any",
              .type = Type::kinds,
              .about = "instead of `fault`: the seed draws one of these each time"},
             {.name = "at",
              .type = Type::time,
              .about = "once, at this time",
              .high = 30 * day_us,
              .set = [](Into& into, const Value& v) { into.fault->at = Duration{v.low}; }},
             {.name = "every",
              .type = Type::time_range,
              .about = "again and again, after a pause of this length, as long as the load goes on",
              .low = 1'000,
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.fault->every = as_range(v); }},
             {.name = "when", .type = Type::condition, .about = "once, as soon as this is true"},
             {.name = "for",
              .type = Type::time_range,
              .about = "how long; without it a fault with `every` lasts 1s, any other until healing begins. "
                       "A moment takes none.",
              .low = 1,
              .high = day_us,
              .set = [](Into& into, const Value& v) { into.fault->length = as_range(v); }},
             {.name = "name",
              .type = Type::name,
              .about = "what phases and reports call it; the kind when left out"},
             {.name = "node",
              .type = Type::node,
              .about =
                  "the node that a node.* fault hits, drawn when left out; or whose links a link.* fault "
                  "hits, all nodes' when left out"},
             {.name = "client",
              .type = Type::client,
              .about = "the client that a client.* fault hits, drawn when left out; or whose link alone a "
                       "link.* fault hits (`link: client-node`)"},
             {.name = "store",
              .type = Type::store,
              .about = "of several stores (topology.stores) the one that a store.* or feed.* fault hits, "
                       "drawn when left "
                       "out; or the way to which a link.* fault hits, the ways to all when left out"},
             {.name = "swarm",
              .type = Type::flag,
              .about = "let the seed decide whether this line takes part at all",
              .default_value = "false",
              .set = [](Into& into, const Value& v) { into.fault->swarm = v.low != 0; }},
             {.name = "may_miss",
              .type = Type::flag,
              .about = "the run counts though this line touches nothing; otherwise it is unknown then (with "
                       "`every`: when no occurrence touches anything; with `swarm` it may always miss)",
              .default_value = "false",
              .set = [](Into& into, const Value& v) { into.fault->may_miss = v.low != 0; }},
         }},
    };
}

}  // namespace

const Key* Section::find(std::string_view key) const {
    for (const auto& known : keys)
        if (known.name == key) return &known;
    return nullptr;
}

const std::vector<Section>& sections() {
    static const std::vector<Section> table = make_sections();
    return table;
}

const Section& section(std::string_view name) {
    for (const auto& known : sections())
        if (known.name == name) return known;
    return sections().front();
}

}  // namespace davenport::sim::language
