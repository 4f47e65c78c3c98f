#include "sim/scenario/language.hpp"

/// What can be expected of a run, and what a fault can wait for.
namespace davenport::sim::language {

const std::vector<Property>& properties() {
    static const std::vector<Property> table{
        {"no_loss", Within::no,
         "every accepted message reaches the store and every client of its room, kill -9 included"},
        {"no_duplicates", Within::no,
         "no client is shown a message twice on one connection, and the store has it once"},
        {"no_phantoms", Within::no,
         "nobody is shown a message that nobody sent, or another text than was sent"},
        {"fifo_per_sender", Within::no, "a sender's messages arrive in the order sent, or are marked late"},
        {"canonical_order", Within::no, "at the end all nodes tell the same history in the same order"},
        {"changes", Within::no,
         "no accepted edit or removal is lost, none is shown twice or after what counts more, and in the end "
         "all have one text; always checked where there are any"},
        {"policies", Within::optional,
         "whoever is banned, or may not read or write in a room, is refused there and put out, at every "
         "node, "
         "so long after the document was written (or 15s) and as long as it stands, and nobody else; always "
         "checked where there are any"},
        {"converged", Within::optional,
         "after healing all clients have all messages, and all senders their answers, within the time given "
         "(or by the end)"},
        {"outbox_drained", Within::no, "after healing no node has a message left that waits for the store"},
        {"no_storm", Within::no, "requests to the store stay bounded, while it is down too"},
        {"whole_history", Within::no,
         "at the end every node gives the whole history of every room, page by page: no hole, no repeat"},
        {"no_silence", Within::required,
         "whoever waits longer than this for a message or an answer is told that something is wrong, or its "
         "sender is: no connection, no store, a gap"},
        {"people", Within::required,
         "everybody is shown who is there and nobody who is gone, once for so long nobody came or went and "
         "no fault was on"},
        {"search", Within::required,
         "whoever searches at a node for the words of a message finds it, once the node has shown it for so "
         "long, and no more once it has shown for so long that it was removed; process world only"},
        {"pages", Within::required,
         "whoever reads a room's history at a node while the run is on, page by page, finds what the node "
         "has shown for so long, in its newest text"},
        {"ran", Within::no,
         "the run exercised what was planned: every fault touched something, every phase had traffic; always "
         "checked"},
    };
    return table;
}

const std::vector<Word>& metrics() {
    static const std::vector<Word> table{
        {"local_ack", "from the intended send time until the sender is told `accepted` or `stored`"},
        {"local_echo", "from the intended send time until a client of the same node is shown the message"},
        {"delivery", "from the intended send time until a client of another node is shown the message"},
        {"stored", "from the intended send time until the sender is told `stored`"},
        {"shown",
         "from the intended send time until a client is shown the message, on whichever node, the "
         "sender included: one sample for each client"},
    };
    return table;
}

const std::vector<Word>& quantiles() {
    static const std::vector<Word> table{
        {"p50", "half are at most this"},
        {"p90", "90% are at most this"},
        {"p95", "95% are at most this"},
        {"p99", "99% are at most this"},
        {"p99.9", "99.9% are at most this"},
        {"max", "the largest"},
        {"min", "the smallest"},
        {"mean", "the arithmetic mean"},
    };
    return table;
}

const std::vector<Word>& places() {
    static const std::vector<Word> table{
        {"n2", "what arrived at this node (of local_ack, local_echo and stored: what was said there)"},
        {"r1", "what was said in this room"},
        {"to", "`to n2` or `to c5`: what this node or client was shown, or told"},
        {"from", "`from n1` or `from c3`: what was said there, or by this client"},
        {"except", "`except c1` or `except n2`: without what was said by them or came to them"},
        {"poller", "what came to clients that poll (topology.polling)"},
    };
    return table;
}

const std::vector<Word>& counts() {
    static const std::vector<Word> table{
        {"undelivered", "how many of a latency's samples never arrived: undelivered(delivery) == 0"},
        {"count", "how many samples a latency has, or count(sends), count(requests) to the store"},
        {"sends", "messages that were sent, in count(sends)"},
        {"requests", "requests to the store, in count(requests)"},
        {"backlog", "messages that wait for the store at a node, in max(backlog)"},
        {"memory",
         "bytes that a node's process has resident, in max(memory) < 200 MB or max(memory, n1); process "
         "world "
         "only"},
        {"queued",
         "bytes that wait at a node for one client while it takes what was sent before, in max(queued) < 1 "
         "MB of "
         "any client, max(queued, n1) of those at one node, or queued(c3) < 100 KB of one client (virtual "
         "world)"},
    };
    return table;
}

const std::vector<Word>& phases() {
    static const std::vector<Word> table{
        {"before", "what was sent before the fault first began"},
        {"during", "what was sent while it lasted"},
        {"after", "what was sent after it was last over"},
    };
    return table;
}

const std::vector<Word>& subjects() {
    static const std::vector<Word> table{
        {"sent", "messages sent by all clients"},
        {"accepted", "messages that senders were told to be accepted"},
        {"stored", "messages that senders were told to be stored"},
        {"shown", "deliveries to clients"},
        {"backlog", "messages that wait for the store, at a node (backlog(n1)) or at the worst one"},
        {"feed.rows",
         "different messages that a node gave its clients (feed(n1).rows), or all nodes together"},
    };
    return table;
}

}  // namespace davenport::sim::language
