#include "couchmock/core/changes_log.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

constexpr std::size_t row_cache_size = 128;

}  // namespace

std::size_t ChangesLog::after(std::size_t shard, std::uint64_t seq) const {
    const auto& changes = shards_[shard].changes;
    if (changes.empty() || changes.back().seq <= seq) return changes.size();
    const auto it = std::ranges::upper_bound(changes, seq, {}, &Change::seq);
    return static_cast<std::size_t>(it - changes.begin());
}

Position ChangesLog::now() const {
    Position position;
    position.reserve(shards_.size());
    for (const auto& shard : shards_) position.push_back(shard.update_seq);
    return position;
}

std::uint64_t ChangesLog::count_after(const Position& position) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
        const auto& changes = shards_[i].changes;
        for (auto k = after(i, position[i]); k < changes.size(); ++k) count += changes[k].document != nullptr;
    }
    return count;
}

bool ChangesLog::reaches(const Position& position) const {
    if (position.size() != shards_.size()) return false;
    for (std::size_t i = 0; i < shards_.size(); ++i)
        if (position[i] > shards_[i].update_seq) return false;
    return true;
}

ChangesLog::Row& ChangesLog::row(std::size_t shard_index, std::uint64_t seq) {
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

std::uint64_t ChangesLog::append(std::size_t shard_index, const Document& document) {
    auto& shard = shards_[shard_index];
    shard.changes.push_back({++shard.update_seq, &document});
    return shard.update_seq;
}

void ChangesLog::insert(std::size_t shard_index, std::uint64_t seq, const Document& document) {
    auto& shard = shards_[shard_index];
    const auto place = shard.changes.begin() + static_cast<std::ptrdiff_t>(after(shard_index, seq));
    shard.changes.insert(place, {seq, &document});
    shard.update_seq = std::max(shard.update_seq, seq);
}

void ChangesLog::drop(std::size_t shard_index, std::uint64_t seq) {
    auto& shard = shards_[shard_index];
    shard.changes[after(shard_index, seq - 1)].document = nullptr;
    if (++shard.dead > 64 && shard.dead > shard.changes.size() / 2) {
        std::erase_if(shard.changes, [](const Change& c) { return c.document == nullptr; });
        shard.dead = 0;
    }
}

const Document* ChangesLog::take_newest() {
    Shard* newest = nullptr;
    for (auto& shard : shards_) {
        while (!shard.changes.empty() && !shard.changes.back().document) {
            shard.changes.pop_back();
            --shard.dead;
        }
        if (!shard.changes.empty() && (!newest || shard.changes.back().seq > newest->changes.back().seq))
            newest = &shard;
    }
    if (!newest) return nullptr;
    const auto* document = newest->changes.back().document;
    newest->changes.pop_back();
    return document;
}

}  // namespace davenport::couchmock
