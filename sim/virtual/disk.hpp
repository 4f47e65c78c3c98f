#pragma once

#include "sim/virtual/model_journal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace davenport::sim::virtual_world {

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
        if (full_) return "no space left on device";
        journal_->write(std::move(batch));
        return nullptr;
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

    void set_full(bool full) { full_ = full; }
    /// The nth commit from now fails; 0: none does.
    void fail_commit(std::int64_t nth) { commits_until_failure_ = nth; }
    [[nodiscard]] bool has_failed() const { return commits_until_failure_ < 0; }

private:
    std::unique_ptr<ModelJournal> journal_;
    std::map<std::size_t, std::unique_ptr<ModelJournal>> copies_;
    bool full_ = false;
    std::int64_t commits_until_failure_ = 0;  ///< the one that makes it 0 fails; -1: it has failed
};

}  // namespace davenport::sim::virtual_world
