#pragma once

#include "sim/orchestrator/events.hpp"
#include "sim/virtual/model_journal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace davenport::sim::virtual_world {

using base::Duration;
using orchestrator::Tail;

/// A node's disk: the journal on it, and what goes wrong with it. It outlives the node's process.
class Disk {
public:
    explicit Disk(std::string journal_uuid) { wipe(std::move(journal_uuid)); }

    [[nodiscard]] ModelJournal& journal() { return *journal_; }

    /// Hands a batch to the disk. Returns nullptr, or why the commit fails.
    const char* write(base::JournalBatch&& batch) {
        const bool fails = commits_until_failure_ > 0 && --commits_until_failure_ == 0;
        if (fails) commits_until_failure_ = -1;
        if (fails) return "input/output error";
        if (full_ && !fits(batch)) return "no space left on device";
        slowed_ += slowness_ > Duration{0} ? 1 : 0;
        journal_->write(std::move(batch));
        return nullptr;
    }
    void crash(Tail tail) {
        if (tail == Tail::kept) journal_->sync();
        journal_->crash();
    }
    /// The journal is lost, and a new one begins.
    void wipe(std::string journal_uuid) {
        journal_ = std::make_unique<ModelJournal>(std::move(journal_uuid));
    }

    /// Keeps a copy of what is on the disk.
    void keep_copy(std::size_t copy) {
        auto& kept = copies_[copy] = std::make_unique<ModelJournal>(*journal_);
        kept->crash();
    }
    void put_back(std::size_t copy) { journal_ = std::make_unique<ModelJournal>(*copies_.at(copy)); }

    void set_full(bool full, std::int64_t left) { full_ = full, left_ = left; }
    void add_slowness(Duration more) { slowness_ += more; }
    /// How much longer a commit takes than it would.
    [[nodiscard]] Duration slowness() const { return slowness_; }
    /// How many commits were slow so far.
    [[nodiscard]] std::int64_t slowed() const { return slowed_; }
    /// Commits do not end, until as many stalls have ended as began.
    void add_stall(int more) { stalls_ += more; }
    [[nodiscard]] bool stalls() const { return stalls_ > 0; }
    /// The nth commit from now fails; 0: none does.
    void fail_commit(std::int64_t nth) { commits_until_failure_ = nth; }
    [[nodiscard]] bool has_failed() const { return commits_until_failure_ < 0; }

private:
    /// Takes the room that it needs when there is enough.
    bool fits(const base::JournalBatch& batch) {
        std::size_t bytes = 0;
        for (const auto& entry : batch.entries) bytes += bytes_of_row + entry.message.text().size();
        bytes += batch.stored.size() * bytes_of_row;
        if (static_cast<std::int64_t>(bytes) > left_ || left_ == 0) return false;
        left_ -= static_cast<std::int64_t>(bytes);
        return true;
    }
    static constexpr std::size_t bytes_of_row = 100;  // as SQLite takes, or nearly

    std::unique_ptr<ModelJournal> journal_;
    std::map<std::size_t, std::unique_ptr<ModelJournal>> copies_;
    bool full_ = false;
    std::int64_t left_ = 0;  ///< bytes that fit though it is full
    Duration slowness_{};
    std::int64_t slowed_ = 0;
    int stalls_ = 0;
    std::int64_t commits_until_failure_ = 0;  ///< the one that makes it 0 fails; -1: it has failed
};

}  // namespace davenport::sim::virtual_world
