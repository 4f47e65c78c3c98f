#pragma once

#include "node/base/journal.hpp"
#include "node/net/journal_file.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace davenport::node {

/// The journal as the core reads it: committed messages in an SQLite file.
///
/// Threads: one thread reads; commits are made by a JournalWriter in its own, on a connection of its own.
class SqliteJournal final : public base::JournalView {
public:
    /// `file` outlives it.
    explicit SqliteJournal(const JournalFile& file);
    ~SqliteJournal() override;

    [[nodiscard]] State state() override;
    [[nodiscard]] std::uint64_t first_arrival() override;
    [[nodiscard]] std::vector<base::JournalRun> runs() override;
    [[nodiscard]] bool contains(std::string_view id) override;
    [[nodiscard]] std::optional<base::JournalEntry> find(std::string_view id) override;
    [[nodiscard]] std::vector<base::JournalEntry> page(std::string_view room, std::string_view before,
                                                       std::size_t limit) override;
    [[nodiscard]] std::vector<base::JournalEntry> after(std::string_view room, std::uint64_t arrival,
                                                        std::size_t limit) override;
    [[nodiscard]] std::vector<base::JournalRoom> rooms(std::string_view after, std::size_t limit) override;
    [[nodiscard]] std::vector<base::JournalEntry> not_stored_in(const base::Generation& generation,
                                                                std::uint64_t arrival,
                                                                std::size_t limit) override;
    [[nodiscard]] std::size_t count_not_stored_in(const base::Generation& generation) override;
    [[nodiscard]] std::vector<std::string> changed() override;
    [[nodiscard]] std::vector<base::JournalPolicy> policies() override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Commits batches, one transaction each, in a thread of its own: an fsync takes milliseconds, and the loop
/// has none to spare.
class JournalWriter {
public:
    /// Called in the writer's thread when a batch is on the disk (`error` empty) or nothing of it is.
    using OnDone = std::function<void(std::uint64_t batch, std::string error)>;

    JournalWriter(const JournalFile& file, OnDone on_done);
    /// Commits what is queued, then ends.
    ~JournalWriter();

    void commit(base::JournalBatch batch);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace davenport::node
