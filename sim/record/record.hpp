#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What happened in a run, as the world saw it from outside the nodes: one record a line in history.jsonl.
/// Checkers and reports read this and nothing else, so the same judges serve both worlds, and a stored run
/// can be judged again.
namespace davenport::sim {

/// What the last record says of a run that was ended because an expectation with `abort_on_fail` was broken.
inline constexpr std::string_view aborted_run = "aborted";

enum class RecordKind {
    run,   ///< the first record: `text` is a JSON object with scenario, seed, world, versions
    node,  ///< `node` is now in state `text`: up, killed, stopping, exited, paused, resumed, wiped, joined
    fault_on,      ///< the fault `name` of kind `text` began
    fault_off,     ///< it ended; `count`: how often it touched something
    connected,     ///< `client` has a welcome from `node`; `count` numbers the client's connections from 1
    disconnected,  ///< that connection ended; `text` says why
    joined,        ///< `client` follows `room` from here on; `flag`: with a gap
    gap_closed,
    send,  ///< `client` sends `msg` to `room` over its connection; `due_us`: when it ought to have; `count`:
           ///< the try, from 1
    unsent,    ///< it was due, and the client could not send it at once (no connection, say); sent later with
               ///< its due time
    accepted,  ///< the sender was told; `id` as the node said
    stored,    ///< the sender was told
    refused,   ///< `text`: the code
    failed,    ///< accepted, then given up by the node; `text`: the reason
    shown,  ///< `client` got `msg` on its connection number `count` for the first time ever; `via`; `flag`:
            ///< marked late
    repeated,  ///< `client` got again what it had; `flag`: the first time was on this very connection, which
               ///< no node may do
    phantom,   ///< `client` got a message that no simulated client sent, or with another text; `text`: the
               ///< text
    document,  ///< at the end: the store holds `id`, which says `msg`; `count`: of an edit, or -1: removed
    history,   ///< at the end: `node` gives `msg` (`id`) as the next newer one of `room`; `count` as above
    store,     ///< what `node` told its clients of the store: `text` is up or down; `count`: the backlog
    people,    ///< `client` was told who is in `room`: `text` has the names, with blanks between them
    requests,  ///< the store had `count` requests with status `text` from `node` since the last such record
    backlog,   ///< `node` has `count` messages that wait for the store
    log,       ///< `node` wrote `text` to its log
    stall,     ///< the harness itself was late by `count` microseconds: what it measured now is tainted
    healed,    ///< all faults are over; from here everything must converge
    end,       ///< the last record; `text` is empty, or why the run was broken off
    // Changes of messages: `msg` is the message's name, `count` the edit's number ("c3-17+2" is its text's
    // name), or -1 for a removal; `name` the key.
    change_sent,        ///< `client` sends it over its connection; `due_us`: when it ought to have
    change_accepted,    ///< the sender was told
    change_stored,      ///< the sender was told
    change_refused,     ///< `text`: the code
    change_superseded,  ///< the sender was told that another one counts more
    change_failed,      ///< accepted, then given up by the node
    changed,            ///< `client` is shown the message so; `name`: the version, as the node said; `flag`:
                        ///< over this very connection it was shown so, or with what counts more, before
    by_hand,       ///< somebody is about to change `id` in the store; `name`: of this deed; `count`: of the
                   ///< text that it has then, or -1; `text`: edit, delete, purge or conflict
    by_hand_done,  ///< `name` is done; `count`: of the text that was there; `flag`: it touched nothing
    // Policies: documents that say who may take part, and what holds in a room.
    put_out,     ///< `client` is told that it is not in `room`; `text`: the code; `flag`: it had asked to be
    policy_set,  ///< the fault `name` has written one, since `due_us`; `text`: ban, or what the settings of
                 ///< `room` allow; of a ban `client`, and no `room`: in all
    policy_lifted,  ///< it is over, perhaps since `due_us`
    searched,  ///< `node` was asked, at `due_us`, for the words of `msg` in `room`; `flag`: it found `id`;
               ///< `count`: with the text of this edit; `text`: why its answer says nothing, else empty
    memory,    ///< `node` has `count` bytes of memory resident
    paged,     ///< the history of `room` at `node` was read, from `due_us` on; `flag`: `id`, which is `msg`,
               ///< stood there; `count`: with the text of this edit, or -1: as removed
    queued,    ///< at `node` at most `count` bytes have waited for `client` on its connection so far, or,
               ///< without one, for any one client
};

/// How a message came to a client.
enum class DeliveryPath { live, resume, page };

struct Record {
    RecordKind kind{};
    std::int64_t at_us = 0;  ///< since the start of the run
    std::string client{};    ///< "c3"
    std::string node{};      ///< "n1"
    std::string room{};      ///< "r1"
    std::string msg{};   ///< "c3-17": the 17th message of c3; the harness's own name for it, from the text,
                         ///< not the node's id
    std::string id{};    ///< as the node or the store said
    std::string name{};  ///< of a fault
    std::string text{};
    std::int64_t due_us = -1;
    std::int64_t count = 0;
    DeliveryPath via = DeliveryPath::live;
    bool flag = false;
};

/// One line of history.jsonl, without the newline: {"at":12,"what":"shown","client":"c3",...}; members at
/// their default are left out.
void append_line(std::string& out, const Record& record);

/// Parses one line of history.jsonl. Returns nothing when `line` is no record or its `what` is unknown;
/// unknown members are ignored.
std::optional<Record> parse_line(std::string_view line);

std::string_view name_of(RecordKind kind);

/// Where records go while a run is on: a file, the checkers, the progress line.
class HistorySink {
public:
    virtual ~HistorySink() = default;
    virtual void add(const Record& record) = 0;
};

/// Gives every record to each of its sinks, in the order in which they joined. The sinks outlive it.
class HistoryFanout final : public HistorySink {
public:
    void join(HistorySink& sink) { sinks_.push_back(&sink); }
    void add(const Record& record) override {
        for (auto* sink : sinks_) sink->add(record);
    }

private:
    std::vector<HistorySink*> sinks_;
};

}  // namespace davenport::sim
