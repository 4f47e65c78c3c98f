#pragma once

#include "node/core/chat_core.hpp"
#include "sim/orchestrator/wrong_clock.hpp"
#include "sim/virtual/disk.hpp"
#include "sim/virtual/path.hpp"
#include "sim/virtual/timers.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::virtual_world {

struct Parts;

/// A node's process, running, paused or gone, with its disk, its clock, and its links to clients and store.
class Node {
public:
    Node(Parts& parts, NodeIndex index, std::string name);

    Path to_clients;
    Disk disk;
    orchestrator::WrongClock clock;

    /// The way to one of the stores.
    [[nodiscard]] Path& to_store(std::uint32_t store = 0) { return to_stores_[store]; }
    [[nodiscard]] std::uint32_t store_in_use() const { return store_in_use_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] NodeIndex index() const { return index_; }
    /// Counts the starts; an event for an earlier life is dropped.
    [[nodiscard]] std::uint32_t life() const { return life_; }
    [[nodiscard]] bool running() const { return core_.has_value(); }
    [[nodiscard]] bool accepts_connections() const { return running() && !stopping_; }
    /// Its backlog and whether it sees the store; nothing while it does not answer.
    [[nodiscard]] std::optional<node::NodeCounts> counts() const;

    void start();
    /// It is gone, now: connections break, and of unsynced writes only what `tail` says is on the disk.
    void kill(Tail tail = Tail::lost);
    /// SIGTERM: it refuses connections and ends when it has drained.
    void drain();
    void pause(bool paused);
    void wipe_disk();
    /// Begins a stall of the disk, or ends it: then what waited for it goes on.
    void stall_disk(bool stalled);
    /// Commits that have met a stall.
    [[nodiscard]] std::int64_t stalled_commits() const { return stalled_commits_; }

    void on(ToNode& e);
    void on(NodeTimer& e);
    void on(DiskSynced& e);
    void handle(node::Event&& event);
    /// True when the event waits until the node is resumed.
    template <class E>
    bool hold_if_paused(E&& event) {
        if (!running() || !paused_) return false;
        held_.emplace_back(std::forward<E>(event));
        return true;
    }

    /// Idle connections to the store: a request takes one, or opens another.
    bool take_connection();
    void keep_connection(std::uint32_t life) { kept_connections_ += life == life_ ? 1 : 0; }
    void drop_connections() { kept_connections_ = 0; }
    /// Counts a request to the store, by status.
    void count_request(std::string_view status) { ++requests_[std::string{status}]; }
    /// Notes the requests that were counted since the last call.
    void note_requests();
    /// Notes what has waited for one client at the most, and for `client` on its connection, where it is more
    /// than was noted.
    void note_queues();
    void note_queue(ClientIndex client, LinkId connection);

private:
    [[nodiscard]] base::Now clocks() const;
    void perform(node::Effects effects);
    void use_store(std::size_t store);
    void persist(base::JournalBatch batch);

    Parts& parts_;
    NodeIndex index_;
    std::string name_;
    std::optional<node::ChatCore> core_;  ///< empty: not running
    std::uint32_t life_ = 0;
    bool paused_ = false;
    bool stopping_ = false;
    std::vector<Event> held_;           ///< what came while it was paused
    std::vector<DiskSynced> unsynced_;  ///< commits that wait for a disk that stalls
    std::int64_t stalled_commits_ = 0;
    std::size_t kept_connections_ = 0;  ///< to the store in use
    std::deque<Path> to_stores_;
    std::uint32_t store_in_use_ = 0;
    Timers<node::TimerId> timers_;
    std::map<std::string, std::int64_t> requests_;
    void note_queued(const std::string& client, std::size_t bytes);
    std::map<std::string, std::size_t> queued_;  ///< as noted in this life, by client; of any under ""
};

}  // namespace davenport::sim::virtual_world
