#include "sim/scenario/language.hpp"

/// The faults, named as the field names them.
namespace davenport::sim::language {

namespace {

using Parameters = std::vector<Key>;
using Kinds = std::vector<FaultKind>;

constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t million = 1'000'000;

Key make_key(std::string_view name, Type type, std::string_view canonical, std::string_view default_value,
             std::int64_t low, std::int64_t high, std::string_view about) {
    Key key{
        .name = name, .type = type, .about = about, .default_value = default_value, .low = low, .high = high};
    key.canonical = canonical;
    return key;
}

Key one_of(Key key, std::string_view group) {
    key.group = group;
    return key;
}

Key required(Key key) {
    key.required = true;
    return key;
}

Key probability(std::string_view default_value) {
    return make_key("probability", Type::percent, "probability", default_value, 1, million,
                    "how likely a request is hit");
}

/// One occasion and no other: what a sweep of single faults tries at every place in turn.
Key nth(std::string_view about) {
    return one_of(make_key("nth", Type::count, "at", "", 1, million, about), "which");
}

Parameters any_request() {
    return {one_of(probability("100%"), "which"),
            nth("the nth request and no other, instead of a probability")};
}

Key rows(std::string_view default_value, std::string_view about) {
    return make_key("rows", Type::count, "rows", default_value, 0, million, about);
}

Key delay(std::string_view default_value, std::string_view about) {
    return make_key("delay", Type::time, "delay_ms", default_value, 1'000, day_us, about);
}

Key restart() {
    return make_key("restart", Type::time, "restart_ms", "", 0, day_us,
                    "the node starts again after this time (the same as `for`)");
}

Key choice(std::string_view name, std::string_view canonical, std::vector<std::string_view> choices,
           std::string_view about) {
    auto key = make_key(name, Type::choice, canonical, choices.front(), 0, 0, about);
    key.choices = std::move(choices);
    return key;
}

Key which_link() { return choice("link", "between", {"node-store", "client-node"}, "which links"); }

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

Kinds store_faults() {
    constexpr auto hit = Hits::store;
    return {
        lasting(hit, "store.down", "The store is gone: open connections are cut, new ones refused."),
        lasting(hit, "store.refuse", "Connections are reset before a request is read; nothing is stored.",
                any_request()),
        lasting(hit, "store.hang", "Requests are read and never answered.", any_request()),
        lasting(
            hit, "store.slow_accept",
            "New connections are made, and served only after a while; those that are open are not touched.",
            {delay("200ms", "how long"), probability("100%")}),
        lasting(hit, "store.slow", "Answers are late.", {delay("200ms", "how late"), probability("100%")}),
        lasting(hit, "store.error",
                "Requests are answered with an error, in CouchDB's own words; nothing is stored.",
                {make_key("status", Type::count, "status", "500", 400, 599, "the HTTP status"),
                 one_of(probability("100%"), "which"),
                 nth("the nth request and no other, instead of a probability")}),
        lasting(hit, "store.cut_reply",
                "Requests are served, and the connection dies in the middle of the answer.", any_request()),
        lasting(hit, "store.lose_reply", "Writes are stored, but their answers never leave.",
                {one_of(probability("30%"), "which"),
                 one_of(make_key("each_nth", Type::count, "every", "", 1, million,
                                 "every nth write, instead of a probability"),
                        "which"),
                 nth("the nth write and no other, instead of a probability")}),
        lasting(hit, "store.partial_bulk",
                "Of each _bulk_docs only the first documents are stored, then the connection dies.",
                {rows("1", "documents stored")}),
        lasting(hit, "store.bulk_errors",
                "Of each _bulk_docs some documents are not stored, and their rows say so.",
                {make_key("probability", Type::percent, "probability", "30%", 1, million,
                          "how likely a document is hit"),
                 choice("error", "error", {"internal_server_error", "unauthorized", "timeout"},
                        "what the rows say")}),
        lasting(hit, "store.reject",
                "Some documents are refused for good, as by a design document's validate_doc_update: 403.",
                {make_key("probability", Type::percent, "probability", "10%", 1, million,
                          "how likely a document is hit; one that is, is hit whenever it comes")}),
        lasting(hit, "store.accepted",
                "Writes are stored and answered with 202, as by a cluster that reached too few replicas.",
                any_request()),
        lasting(hit, "store.drip", "Answers come in small pieces.",
                {delay("200ms", "between two pieces"), probability("100%")}),
        lasting(hit, "store.full", "The disk is full: writes are answered with 507."),
        lasting(hit, "store.unauthorized", "The password is refused: everything is answered with 401."),
        lasting(hit, "store.forgotten", "The database is not found: 404."),
        lasting(hit, "store.read_only", "Writes are forbidden: 403."),
        lasting(hit, "store.clock_skew",
                "The store's wall clock is wrong: the dates of its answers, and how long its cookies live.",
                {required(make_key("offset", Type::offset, "offset_ms", "", -day_us, day_us,
                                   "how wrong; negative is slow"))}),
        moment(hit, "store.wipe", "All documents are gone for good; the nodes must fill the store again."),
        moment(hit, "store.crash",
               "The store dies and is back at once, without the writes that it had not acknowledged."),
        moment(hit, "store.amnesia",
               "The last acknowledged writes are gone, as no CouchDB does; the nodes must heal it.",
               {rows("10", "writes lost")}),
        moment(hit, "store.failover",
               "A copy that lacks the last acknowledged writes takes over, and passes for the same store; "
               "the nodes must look, and bring them back.",
               {rows("10", "writes lost")}),
        moment(hit, "store.restart", "The store restarts: every connection is cut, nothing is lost."),
    };
}

Kinds feed_faults() {
    constexpr auto hit = Hits::store;
    return {
        moment(hit, "feed.cut", "The changes feed is cut in the middle of a row."),
        lasting(hit, "feed.stall",
                "The changes feed falls silent, heartbeats too, with the connection open."),
        moment(hit, "feed.rewind", "The feed jumps back and gives old rows again.",
               {rows("0", "how far back; 0 is to the beginning")}),
        lasting(hit, "feed.repeat", "Rows come twice.", {probability("30%")}),
        lasting(hit, "feed.reorder", "Rows change places, as in a cluster."),
        lasting(hit, "feed.late", "Rows come late.", {delay("500ms", "how late")}),
        moment(hit, "feed.garbage", "The feed has a line that is no JSON."),
        moment(hit, "feed.early_last_seq", "The feed ends before its time, with a last_seq."),
        moment(hit, "feed.foreign_since",
               "The store does not know the sequence that it is asked to go on from, and starts at the "
               "beginning."),
    };
}

Kinds node_faults() {
    constexpr auto hit = Hits::node;
    return {
        lasting(hit, "node.kill", "SIGKILL: the process is gone in the middle of whatever it did.",
                {restart()}),
        lasting(hit, "node.stop", "SIGTERM: the node ends in good order.", {restart()}),
        lasting(hit, "node.pause", "The process is frozen (SIGSTOP); its connections stay open."),
        moment(hit, "node.restart", "The node ends in good order and starts again."),
        moment(hit, "node.wipe",
               "The node is killed, its journal is lost, and it starts again with an empty one."),
        lasting(
            hit, "node.restore",
            "A copy of the journal is taken; at the end the node is killed and starts again with the copy, "
            "as from a backup or a snapshot."),
        virtual_only(lasting(hit, "node.disk_full", "The journal cannot be written.")),
        virtual_only(lasting(hit, "node.disk_fail",
                             "One commit to the journal fails, and nothing of it is on the disk.",
                             {make_key("nth", Type::count, "at", "1", 1, million,
                                       "which, counted from when the fault begins")})),
        virtual_only(lasting(hit, "node.clock_skew", "The node's wall clock is wrong.",
                             {required(make_key("offset", Type::offset, "offset_ms", "", -day_us, day_us,
                                                "how wrong; negative is slow"))})),
        moment(Hits::joiner, "node.join", "A new node starts, the next number; nothing else is told of it.",
               {make_key("clients", Type::count, "clients", "1", 0, 10'000,
                         "new clients that go to it and talk")}),
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
               {make_key("to", Type::node, "to", "", 1, million, "where to; the next node when left out")}),
        moment(hit, "client.retry", "The client sends its last message again, with the same key."),
        moment(hit, "client.flood", "The client says much at once.",
               {make_key("messages", Type::count, "messages", "100", 1, 100'000, "how many messages")}),
        moment(hit, "client.garbage", "The client sends frames that are no protocol."),
    };
}

Kinds link_faults() {
    constexpr auto hit = Hits::link;
    const auto direction = choice("direction", "direction", {"both", "up", "down"},
                                  "both ways, only up (to the store, to the node), or only down");
    return {
        lasting(hit, "link.latency", "The network is slow.",
                {which_link(), delay("200ms", "one way, beside the link's own")}),
        lasting(hit, "link.clog", "Nothing moves, and all of it arrives at the end, in order.",
                {which_link(), direction}),
        lasting(hit, "link.partition", "Nothing gets through.", {which_link(), direction}),
        moment(hit, "link.reset", "Connections are reset.", {which_link()}),
        virtual_only(moment(
            hit, "link.half_open",
            "The open connections of nodes to the store fall silent for good, and neither side is told.")),
        lasting(hit, "link.bandwidth", "The network is thin.",
                {which_link(), make_key("bandwidth", Type::bandwidth, "bytes_per_s", "10KB/s", 1,
                                        1'000'000'000'000, "of each connection")}),
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
        for (const auto& family :
             {store_faults(), feed_faults(), node_faults(), client_faults(), link_faults()})
            all.insert(all.end(), family.begin(), family.end());
        return all;
    }();
    return table;
}

const FaultKind* find_fault(std::string_view name) {
    for (const auto& kind : fault_kinds())
        if (kind.name == name) return &kind;
    return nullptr;
}

}  // namespace davenport::sim::language
