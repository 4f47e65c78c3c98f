#pragma once

#include "node/base/journal.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace davenport::sim::virtual_world {

/// The journal of the virtual world: in memory, on a disk that loses what was not synced.
///
/// A batch goes three steps: write() hands it over, sync() puts all that was written on the disk, and only
/// then is it visible. A crash() between the two loses it whole. A disk that lies is show() in place of
/// sync(): visible, told as persisted, and gone in the next crash.
///
/// A plain value: a copy is a journal of its own. Threads: not thread-safe.
class ModelJournal final : public base::JournalView {
public:
    explicit ModelJournal(std::string uuid) : uuid_{std::move(uuid)} {}

    /// Written, not yet on the disk, not yet visible.
    void write(base::JournalBatch batch) { written_.push_back(std::move(batch)); }
    /// All that was written is on the disk from here on, and visible.
    void sync();
    /// All that was written is visible, and none of it is on the disk until the next sync().
    void show();
    /// The process or the machine dies: back to the last sync().
    void crash();
    /// The process starts: on the disk at once.
    void begin_run(std::string id) { runs_.push_back({std::move(id), state().last_arrival}); }
    /// One batch, all the way.
    void commit(base::JournalBatch batch) { write(std::move(batch)), sync(); }

    [[nodiscard]] bool has_unsynced() const { return !written_.empty() || !shown_.empty(); }
    [[nodiscard]] std::size_t size() const { return entries_.size() - replaced_count_; }

    State state() override;
    std::uint64_t first_arrival() override;
    std::vector<base::JournalRun> runs() override { return runs_; }
    bool contains(std::string_view id) override;
    std::optional<base::JournalEntry> find(std::string_view id) override;
    std::vector<base::JournalEntry> page(std::string_view room, std::string_view before,
                                         std::size_t limit) override;
    std::vector<base::JournalEntry> after(std::string_view room, std::uint64_t arrival,
                                          std::size_t limit) override;
    std::vector<base::JournalRoom> rooms(std::string_view after, std::size_t limit) override;
    std::vector<base::JournalEntry> not_stored_in(const base::Generation& generation, std::uint64_t arrival,
                                                  std::size_t limit) override;
    std::size_t count_not_stored_in(const base::Generation& generation) override;
    std::vector<std::string> changed() override;
    std::vector<base::JournalPolicy> policies() override;

private:
    /// How to take a batch back.
    struct Undo {
        std::size_t entries_before;
        std::vector<std::pair<std::size_t, base::Generation>> stored_before;  ///< in the order of the changes
        std::optional<base::Checkpoint> checkpoint_before;
        std::string uuid_before;
        std::vector<std::pair<std::size_t, base::JournalEntry>>
            replaced{};  ///< by changes, in the order of the changes
        std::optional<std::map<std::string, base::JournalPolicy>> policies_before{};
    };
    using ByPosition =
        std::vector<std::size_t>;  ///< indices of entries, by {position, id}: nearly all are added at the end

    /// `undo`: filled with what take_back() needs; null when the batch is never taken back.
    void apply(base::JournalBatch&& batch, Undo* undo);
    void add(base::JournalEntry&& entry);
    void replace(base::JournalEntry&& change, Undo* undo);
    void take_back(Undo& record);
    void put_in_place(std::size_t index);
    void take_from_place(std::size_t index);
    void set_stored_in(std::size_t index, const base::Generation& generation);
    /// A place in order_.
    [[nodiscard]] std::vector<std::size_t>::const_iterator first_after(std::uint64_t arrival) const;
    [[nodiscard]] ByPosition::iterator place_of(ByPosition& room, std::string_view position,
                                                std::string_view id) const;

    std::string uuid_;
    std::vector<base::JournalRun> runs_;
    std::vector<base::JournalEntry>
        entries_;                     ///< as they were written; without an id: replaced by a later one
    std::vector<std::size_t> order_;  ///< indices of entries, by arrival: nearly all are added at the end
    std::size_t replaced_count_ = 0;
    std::optional<base::Checkpoint> checkpoint_;
    boost::unordered_flat_map<std::string_view, std::size_t>
        by_id_;  ///< the entries' own ids; looked up, never walked
    std::map<std::string, ByPosition, std::less<>> rooms_;
    std::map<base::Generation, std::size_t> stored_count_;
    std::map<std::string, base::JournalPolicy> policies_;  ///< by id
    std::vector<base::JournalBatch> written_;
    std::vector<Undo> shown_;
};

}  // namespace davenport::sim::virtual_world
