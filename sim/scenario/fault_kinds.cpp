#include "couchmock/faults/fault_table.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/parameters.hpp"

#include <deque>
#include <string>
#include <utility>

/// The faults, named as the field names them.
namespace davenport::sim::language {

namespace {

using Parameters = std::vector<Key>;
using Kinds = std::vector<FaultKind>;

constexpr std::int64_t million = 1'000'000;

Key make_key(std::string_view name, Type type, std::string_view default_value, std::int64_t low,
             std::int64_t high, std::string_view about) {
    return {
        .name = name, .type = type, .about = about, .default_value = default_value, .low = low, .high = high};
}

Key required(Key key) {
    key.required = true;
    return key;
}

Key delay(std::string_view default_value, std::string_view about) {
    return make_key("delay", Type::time, default_value, 1'000, day_us, about);
}

Key restart() {
    return make_key("restart", Type::time, "", 0, day_us,
                    "the node starts again after this time (the same as `for`)");
}

Key choice(std::string_view name, std::vector<std::string_view> choices, std::string_view about) {
    auto key = make_key(name, Type::choice, choices.front(), 0, 0, about);
    key.choices = std::move(choices);
    return key;
}

Key which_link() { return choice("link", {"node-store", "client-node"}, "which links"); }

FaultKind lasting(Hits hits, std::string_view name, std::string_view about, Parameters parameters = {}) {
    return {name, Span::lasting, hits, true, about, std::move(parameters)};
}

FaultKind moment(Hits hits, std::string_view name, std::string_view about, Parameters parameters = {}) {
    return {name, Span::moment, hits, true, about, std::move(parameters)};
}

FaultKind virtual_only(FaultKind kind) {
    kind.in_process = false;
    return kind;
}

Key virtual_only(Key key) {
    key.in_process = false;
    return key;
}

Parameters wrong_by() {
    return {required(make_key(
        "offset", Type::offset, "", -day_us, day_us,
        "how wrong; negative is slow. A node says its time to whoever connects, in whole milliseconds"))};
}

Parameters drifting() {
    return {required(make_key("per_second", Type::offset, "", -500'000, 500'000,
                              "how much it gains each second; negative: it loses"))};
}

/// A type of the language for a parameter of the mock's table.
Type type_of(const couchmock::FaultParameter& parameter) {
    switch (parameter.member.index()) {
        case 0:
            return Type::count;
        case 1:
            return parameter.low < 0 ? Type::offset : Type::time;
        case 2:
            return Type::percent;
        case 3:
            return Type::flag;
        default:
            return parameter.choices.empty() ? Type::text : Type::choice;
    }
}

/// As one would write it; kept for ever, since keys only look at their texts.
std::string_view default_text(const Key& key, const couchmock::FaultParameter& parameter) {
    static std::deque<std::string> texts;
    if (!parameter.default_value) return {};
    return texts.emplace_back(written(key, *parameter.default_value));
}

Key key_of(const couchmock::FaultParameter& parameter) {
    auto key =
        make_key(parameter.key, type_of(parameter), "", parameter.low, parameter.high, parameter.about);
    key.default_value = default_text(key, parameter);
    key.required = parameter.required;
    key.choices = parameter.choices;
    key.group = parameter.group;
    return key;
}

/// Those of the store and of its feed, as couchmock's own table has them.
Kinds mock_faults() {
    Kinds out;
    for (const auto& kind : couchmock::fault_table()) {
        Parameters parameters;
        for (const auto& parameter : kind.parameters)
            if (!parameter.key.empty()) parameters.push_back(key_of(parameter));
        out.push_back(kind.moment ? moment(Hits::store, kind.name, kind.about, std::move(parameters))
                                  : lasting(Hits::store, kind.name, kind.about, std::move(parameters)));
    }
    return out;
}

Kinds server_faults() {
    const auto which = [] {
        return choice("server", {"leader", "follower", "1", "2", "3"},
                      "the one that leads the chat's stream, one that does not, or one by its number");
    };
    return {
        lasting(Hits::store, "server.down",
                "One of three NATS servers is killed (SIGKILL), and starts again at the end with what it has "
                "on its "
                "disk; when it led, the others elect another.",
                {which()}),
        lasting(Hits::store, "server.hang",
                "One of three NATS servers is frozen (SIGSTOP): the others take it for dead, its connections "
                "stay "
                "open, and it goes on at the end.",
                {which()}),
        lasting(
            Hits::store, "server.partition",
            "One of three NATS servers is cut off from the two others, which elect another leader when it "
            "led; whoever is connected to it stays so. What was sent meanwhile arrives at the end.",
            {which()}),
    };
}

Kinds replication_faults() {
    return {
        lasting(Hits::store, "replication.stop",
                "The stores of topology.stores do not replicate to one another until the fault ends; then "
                "each gets what the others were told meanwhile.")};
}

Kinds foreign_faults() {
    auto content =
        choice("content", {"huge", "undated", "odd"},
               "a long text; no date or one that nobody can read; or members of other kinds than a "
               "message's, nested deeply, a number of a thousand digits");
    return {moment(
        Hits::store, "store.foreign",
        "Other programs put documents into the database, as the article's do: people's texts in the room "
        "lobby, or what is no message at all. The nodes must get over them.",
        {std::move(content), make_key("rows", Type::count, "1", 1, 10'000, "how many documents"),
         make_key("size", Type::bytes, "1MB", 16, 7'000'000, "of a huge one's text")})};
}

Kinds node_faults() {
    constexpr auto hit = Hits::node;
    return {
        lasting(hit, "node.kill", "SIGKILL: the process is gone in the middle of whatever it did.",
                {restart(), choice("tail", {"lost", "kept", "torn"},
                                   "the commit under way: lost, on the disk though nobody was told, or half "
                                   "of it there, which the journal must not take for any of it (the process "
                                   "world leaves what SIGKILL leaves, and with torn adds half a frame)")}),
        lasting(hit, "node.stop", "SIGTERM: the node ends in good order.", {restart()}),
        lasting(hit, "node.pause", "The process is frozen (SIGSTOP); its connections stay open."),
        moment(hit, "node.restart", "The node ends in good order and starts again."),
        moment(hit, "node.wipe",
               "The node is killed, its journal is lost, and it starts again with an empty one."),
        lasting(
            hit, "node.restore",
            "A copy of the journal is taken; at the end the node is killed and starts again with the copy, "
            "as from a backup or a snapshot."),
        lasting(hit, "node.disk_full", "The journal cannot be written.",
                {virtual_only(make_key(
                    "left", Type::bytes, "0B", 0, 1'000'000'000,
                    "what still fits when it begins: small commits go on for a while (virtual world)"))}),
        virtual_only(lasting(hit, "node.disk_slow", "Commits to the journal are slow.",
                             {delay("100ms", "beside what each takes anyway")})),
        virtual_only(lasting(hit, "node.disk_stall",
                             "Commits to the journal do not end until the fault does; then all is well.")),
        virtual_only(lasting(
            hit, "node.disk_fail", "One commit to the journal fails, and nothing of it is on the disk.",
            {make_key("nth", Type::count, "1", 1, million, "which, counted from when the fault begins")})),
        lasting(hit, "node.clock_skew",
                "The node's wall clock jumps, and back at the end (process world: by libfaketime).",
                wrong_by()),
        lasting(hit, "node.clock_drift",
                "The node's wall clock goes wrong bit by bit, and is set right at the end (process world: by "
                "libfaketime).",
                drifting()),
        moment(Hits::joiner, "node.join", "A new node starts, the next number; nothing else is told of it.",
               {make_key("clients", Type::count, "1", 0, 10'000, "new clients that go to it and talk")}),
    };
}

Kinds client_faults() {
    constexpr auto hit = Hits::client;
    return {
        lasting(hit, "client.slow", "The client does not read; its connection stays open."),
        lasting(hit, "client.vanish",
                "The connection is cut without a word; the client comes back at the end."),
        moment(hit, "client.reconnect", "The client cuts its connection and comes back at once."),
        moment(hit, "client.hop", "The client goes on at another node.",
               {make_key("to", Type::node, "", 1, million, "where to; the next node when left out")}),
        moment(hit, "client.retry", "The client sends its last message again, with the same key."),
        moment(hit, "client.flood", "The client says much at once.",
               {make_key("messages", Type::count, "100", 1, 100'000, "how many messages")}),
        moment(hit, "client.garbage", "The client sends frames that are no protocol."),
        lasting(hit, "client.clock_skew", "The client's wall clock jumps, and back at the end.", wrong_by()),
        lasting(hit, "client.clock_drift",
                "The client's wall clock goes wrong bit by bit, and is set right at the end.", drifting()),
    };
}

Kinds policy_faults() {
    return {
        lasting(Hits::client, "policy.ban",
                "Somebody bans the client by a document in the store, and deletes it at the end.",
                {make_key("everywhere", Type::flag, "false", 0, 1,
                          "from all rooms, not only from the first that the client follows")}),
        lasting(Hits::store, "policy.room",
                "Somebody writes a room's settings into the store, and deletes them at the end.",
                {make_key("room", Type::name, "", 0, 0, "which; drawn when left out"),
                 choice("allows", {"reading", "nothing", "patience"},
                        "nobody may write; or nobody may read, either; or each may write once in 2 s")}),
    };
}

Key idle() { return make_key("idle", Type::time, "5s", 1'000, day_us, "for how long nothing may move"); }

Kinds link_faults() {
    constexpr auto hit = Hits::link;
    const auto direction = choice("direction", {"both", "up", "down"},
                                  "both ways, only up (to the store, to the node), or only down");
    return {
        lasting(hit, "link.latency", "The network is slow.",
                {which_link(), delay("200ms", "one way, beside the link's own")}),
        lasting(hit, "link.loss",
                "Packets are lost, which TCP makes up for: what is lost comes again after 200 ms, after "
                "400 ms more when that is lost too, and so on, and all behind it waits.",
                {which_link(), make_key("probability", Type::percent, "10%", 1, 900'000,
                                        "how likely a message or an answer is lost, each time it is sent")}),
        lasting(hit, "link.clog", "Nothing moves, and all of it arrives at the end, in order.",
                {which_link(), direction}),
        lasting(hit, "link.partition", "Nothing gets through.", {which_link(), direction}),
        moment(hit, "link.reset", "Connections are reset.", {which_link()}),
        moment(hit, "link.half_open",
               "The connections that are open fall silent for good, and neither side is told.",
               {which_link()}),
        lasting(hit, "link.idle_cut",
                "A connection on which nothing moves for a while is cut, as by a balancer or a NAT.",
                {which_link(), idle(),
                 make_key("silent", Type::flag, "false", 0, 1,
                          "neither side is told, as by a NAT; otherwise it is reset")}),
        lasting(hit, "link.buffered",
                "A proxy before the store gathers what comes bit by bit, such as a changes feed, and passes "
                "it on in blocks, or when the answer ends.",
                {make_key("size", Type::bytes, "4KB", 1, 1'000'000'000, "of a block")}),
        lasting(hit, "link.bandwidth", "The network is thin.",
                {which_link(), make_key("bandwidth", Type::bandwidth, "10KB/s", 1, 1'000'000'000'000,
                                        "of each connection")}),
    };
}

}  // namespace

const Key* FaultKind::find(std::string_view parameter) const {
    for (const auto& known : parameters)
        if (known.name == parameter) return &known;
    return nullptr;
}

const std::vector<FaultKind>& fault_kinds() {
    static const Kinds table = [] {
        Kinds all;
        for (const auto& family : {mock_faults(), server_faults(), replication_faults(), foreign_faults(),
                                   node_faults(), client_faults(), link_faults(), policy_faults()})
            all.insert(all.end(), family.begin(), family.end());
        return all;
    }();
    return table;
}

bool hits_one_store(const FaultKind& kind) {
    return kind.hits == Hits::store &&
           (couchmock::find_fault(kind.name) != nullptr || kind.name == "store.foreign");
}

const FaultKind* find_fault(std::string_view name) {
    for (const auto& kind : fault_kinds())
        if (kind.name == name) return &kind;
    return nullptr;
}

}  // namespace davenport::sim::language
