#include "couchmock/core/database.hpp"

#include <algorithm>
#include <numeric>

/// A database as its feed has it: places, sequences, rows.
namespace davenport::couchmock {

namespace {

constexpr std::size_t row_cache_size = 128;

}  // namespace

std::size_t Database::after(std::size_t shard, std::uint64_t seq) const {
    const auto& changes = shards_[shard].changes;
    if (changes.empty() || changes.back().seq <= seq) return changes.size();
    const auto it = std::ranges::upper_bound(changes, seq, {}, &Change::seq);
    return static_cast<std::size_t>(it - changes.begin());
}

Position Database::now() const {
    Position position;
    position.reserve(shards_.size());
    for (const auto& shard : shards_) position.push_back(shard.update_seq);
    return position;
}

std::uint64_t Database::count_after(const Position& position) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        const auto& changes = shards_[i].changes;
        for (auto k = after(i, position[i]); k < changes.size(); ++k) count += changes[k].document != nullptr;
    }
    return count;
}

std::string Database::sequence(const Position& position) const { return write_sequence(position, tag_); }

std::string Database::sequence_of_purges() const {
    auto position = start();
    position.front() = purge_seq;
    return sequence(position);
}

std::optional<Position> Database::read(std::string_view text) const {
    auto read = read_sequence(text);
    if (!read) return std::nullopt;
    if (read->tag != tag_ || read->position.size() != shards_.size()) return start();
    for (std::size_t i = 0; i < shards_.size(); ++i)
        if (read->position[i] > shards_[i].update_seq) return start();
    return std::move(read->position);
}

std::size_t Database::forget(std::size_t rows) {
    std::size_t forgotten = 0;
    if (rows > 0) ++rewinds_;
    while (forgotten < rows) {
        Shard* newest = nullptr;
        for (auto& shard : shards_) {
            while (!shard.changes.empty() && !shard.changes.back().document) {
                shard.changes.pop_back();
                --shard.dead;
            }
            if (!shard.changes.empty() && (!newest || shard.changes.back().seq > newest->changes.back().seq))
                newest = &shard;
        }
        if (!newest) break;
        const auto* document = newest->changes.back().document;
        newest->changes.pop_back();
        if (!document->tree.deleted()) live_.erase(document);
        note_unsaved(document->id);
        documents_.erase(documents_.find(document->id));
        ++version_;
        ++forgotten;
    }
    return forgotten;
}

Database::Row& Database::row(std::size_t shard_index, std::uint64_t seq) {
    auto& shard = shards_[shard_index];
    if (shard.rows.empty()) shard.rows.resize(row_cache_size);
    auto& row = shard.rows[seq % row_cache_size];
    if (row.seq != seq) {
        row.seq = seq;
        row.sequence.clear();
        for (auto& text : row.texts) text.clear();
    }
    return row;
}

}  // namespace davenport::couchmock
