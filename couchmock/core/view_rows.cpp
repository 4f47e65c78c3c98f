#include "couchmock/core/view_rows.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

namespace davenport::couchmock {
namespace {

/// Up to so many rows are sorted as they are.
constexpr std::size_t few = 32;
/// Rows of a chunk. A query over many rows calls a reduce function for its chunks once, and for its two ends
/// each time; CouchDB's own nodes hold some tens.
constexpr std::size_t chunk_rows_max = 256;
constexpr std::size_t chunk_rows_built = 192;  ///< leaves room
constexpr std::size_t block_chunks = 32;       ///< are summed up together
constexpr std::size_t chunk_rows_few = 64;     ///< it is joined with a neighbour, if there is room

bool before(const ViewRow* a, const ViewRow* b) {
    if (const int order = a->sort_key.compare(b->sort_key); order != 0) return order < 0;
    if (const int order = a->id.compare(b->id); order != 0) return order < 0;
    return a->nth < b->nth;
}

/// Sorts many rows. The first bytes in which their keys differ are compared beside each other: to follow two
/// pointers for each comparison costs several times as much.
void sort_rows(std::vector<ViewRow*>& rows) {
    if (rows.size() <= few) {
        std::ranges::sort(rows, before);
        return;
    }
    std::string_view common = rows.front()->sort_key;
    for (const auto* row : rows) {
        const auto end = std::ranges::mismatch(common, row->sort_key).in1;
        common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
    }
    struct Headed {
        std::uint64_t head;
        ViewRow* row;
    };
    std::vector<Headed> headed;
    headed.reserve(rows.size());
    for (auto* row : rows) {
        std::uint64_t head = 0;
        for (std::size_t i = common.size(); i < common.size() + 8; ++i)
            head = head << 8 | (i < row->sort_key.size() ? static_cast<unsigned char>(row->sort_key[i]) : 0u);
        headed.push_back({head, row});
    }
    std::ranges::sort(headed, [](const Headed& a, const Headed& b) {
        return a.head != b.head ? a.head < b.head : before(a.row, b.row);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = headed[i].row;
}

}  // namespace

void ViewRows::replace(const std::string& id, std::vector<ViewRow> rows) {
    const auto known = by_document_.find(id);
    if (known == by_document_.end() && rows.empty()) return;
    auto& own = known == by_document_.end() ? by_document_[id] : known->second;
    for (auto& row : own) {
        if (row->ordered)
            removed_.push_back(std::move(row));
        else  // the document changed twice before a commit
            std::erase(added_, row.get());
    }
    own.clear();
    for (auto& row : rows) {
        own.push_back(std::make_unique<ViewRow>(std::move(row)));
        added_.push_back(own.back().get());
    }
    if (own.empty()) by_document_.erase(id);
}

std::size_t ViewRows::chunk_of(std::size_t place) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(begins_, place) - begins_.begin()) - 1;
}

/// The chunk that the row is in, or belongs into.
std::size_t ViewRows::home_of(const ViewRow& row) const {
    const auto behind = std::partition_point(chunks_.begin(), chunks_.end(), [&](const auto& chunk) {
        return !before(&row, chunk->rows.front());
    });
    return behind == chunks_.begin() ? 0 : static_cast<std::size_t>(behind - chunks_.begin()) - 1;
}

/// Its rows are others now.
void ViewRows::changed(std::size_t chunk) {
    chunks_[chunk]->summary.clear();
    if (chunk / block_chunks < block_summaries_.size()) block_summaries_[chunk / block_chunks].clear();
}

/// Chunks came or went there: all behind have other numbers now.
void ViewRows::changed_from(std::size_t chunk) {
    block_summaries_.resize(std::min(block_summaries_.size(), chunk / block_chunks));
}

void ViewRows::insert(const ViewRow* row) {
    if (chunks_.empty()) chunks_.push_back(std::make_unique<Chunk>());
    const auto home = home_of(*row);
    auto& chunk = *chunks_[home];
    changed(home);
    chunk.rows.insert(std::ranges::lower_bound(chunk.rows, row, before), row);
    if (chunk.rows.size() <= chunk_rows_max) return;
    auto half = std::make_unique<Chunk>();
    const auto middle = chunk.rows.begin() + chunk_rows_max / 2;
    half->rows.assign(middle, chunk.rows.end());
    chunk.rows.erase(middle, chunk.rows.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(home) + 1, std::move(half));
    changed_from(home);
}

void ViewRows::erase(const ViewRow* row) {
    const auto home = home_of(*row);
    auto& chunk = *chunks_[home];
    changed(home);
    chunk.rows.erase(std::ranges::lower_bound(chunk.rows, row, before));
    if (chunk.rows.empty()) {
        chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(home));
        changed_from(home);
    } else if (chunk.rows.size() < chunk_rows_few) {
        join_small(home);
    }
}

void ViewRows::join_small(std::size_t chunk) {
    if (chunks_.size() < 2) return;
    const auto first = chunk + 1 < chunks_.size() ? chunk : chunk - 1;
    auto& one = *chunks_[first];
    const auto& other = *chunks_[first + 1];
    if (one.rows.size() + other.rows.size() > chunk_rows_built) return;
    changed(first);
    one.rows.insert(one.rows.end(), other.rows.begin(), other.rows.end());
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(first) + 1);
    changed_from(first);
}

void ViewRows::build_anew() {
    std::vector<const ViewRow*> gone;
    for (const auto& row : removed_) gone.push_back(row.get());
    std::ranges::sort(gone, std::less<>{});
    std::vector<const ViewRow*> kept, all;
    kept.reserve(size());
    for (const auto& chunk : chunks_)
        std::ranges::copy_if(chunk->rows, std::back_inserter(kept), [&](const ViewRow* row) {
            return !std::ranges::binary_search(gone, row, std::less<>{});
        });
    all.reserve(kept.size() + added_.size());
    std::ranges::merge(kept, added_, std::back_inserter(all), before);
    chunks_.clear();
    block_summaries_.clear();
    for (std::size_t i = 0; i < all.size(); i += chunk_rows_built) {
        const auto end = std::min(all.size(), i + chunk_rows_built);
        auto chunk = std::make_unique<Chunk>();
        chunk->rows.assign(all.begin() + static_cast<std::ptrdiff_t>(i),
                           all.begin() + static_cast<std::ptrdiff_t>(end));
        chunks_.push_back(std::move(chunk));
    }
}

void ViewRows::commit() {
    if (added_.empty() && removed_.empty()) return;
    sort_rows(added_);
    if (removed_.size() + added_.size() > size() / 4) {
        build_anew();
    } else {
        for (const auto& row : removed_) erase(row.get());
        for (const auto* row : added_) insert(row);
    }
    for (auto* row : added_) row->ordered = true;
    added_.clear();
    removed_.clear();
    begins_.assign(1, 0);
    for (const auto& chunk : chunks_) begins_.push_back(begins_.back() + chunk->rows.size());
    shard_counts_.clear();
}

const ViewRow& ViewRows::at(std::size_t place) const {
    const auto chunk = chunk_of(place);
    return *chunks_[chunk]->rows[place - begins_[chunk]];
}

/// The first place whose row is not below; rows that are below stand first.
template <typename Below>
std::size_t ViewRows::first_not(const Below& below) const {
    const auto behind = std::partition_point(chunks_.begin(), chunks_.end(),
                                             [&](const auto& chunk) { return below(*chunk->rows.front()); });
    if (behind == chunks_.begin()) return 0;
    const auto& rows = behind[-1]->rows;
    const auto it =
        std::partition_point(rows.begin(), rows.end(), [&](const auto* row) { return below(*row); });
    return begins_[static_cast<std::size_t>(behind - chunks_.begin()) - 1] +
           static_cast<std::size_t>(it - rows.begin());
}

std::size_t ViewRows::lower_bound(std::string_view sort_key, std::string_view id) const {
    return first_not([&](const ViewRow& row) {
        const int order = row.sort_key.compare(sort_key);
        return order < 0 || (order == 0 && row.id < id);
    });
}

std::size_t ViewRows::upper_bound(std::string_view sort_key, std::string_view id) const {
    return first_not([&](const ViewRow& row) {
        const int order = row.sort_key.compare(sort_key);
        return order < 0 || (order == 0 && row.id <= id);
    });
}

std::size_t ViewRows::behind_prefix(std::string_view prefix) const {
    return first_not([&](const ViewRow& row) { return row.sort_key.compare(0, prefix.size(), prefix) <= 0; });
}

void ViewRows::count_shards() const {
    shards_ = 1;
    for (const auto& chunk : chunks_)
        for (const auto* row : chunk->rows) shards_ = std::max<std::size_t>(shards_, row->shard + 1);
    shard_counts_.assign((chunks_.size() + 1) * shards_, 0);
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
        const auto here = shard_counts_.begin() + static_cast<std::ptrdiff_t>(i * shards_);
        const auto next = here + static_cast<std::ptrdiff_t>(shards_);
        std::copy(here, next, next);
        for (const auto* row : chunks_[i]->rows) ++next[row->shard];
    }
}

std::size_t ViewRows::count_before(std::size_t place, std::uint32_t shard) const {
    if (shard_counts_.empty()) count_shards();
    if (shard >= shards_) return 0;
    const auto chunk = std::min(chunk_of(place), chunks_.size());
    std::size_t count = shard_counts_[chunk * shards_ + shard];
    for (auto i = begins_[chunk]; i < place; ++i)
        count += chunks_[chunk]->rows[i - begins_[chunk]]->shard == shard;
    return count;
}

const std::string& ViewRows::summary_of(std::size_t chunk, const Summary& summary) const {
    auto& known = chunks_[chunk]->summary;
    if (known.empty()) known = summary.of_rows(chunks_[chunk]->rows);
    return known;
}

const std::string& ViewRows::summary_of_block(std::size_t block, const Summary& summary) const {
    if (block_summaries_.size() <= block) block_summaries_.resize(block + 1);
    auto& known = block_summaries_[block];
    if (known.empty()) {
        std::vector<std::string> parts;
        for (auto i = block * block_chunks; i < (block + 1) * block_chunks; ++i)
            parts.push_back(summary_of(i, summary));
        known = summary.of_parts(parts);
    }
    return known;
}

std::vector<std::string> ViewRows::summaries(std::size_t first, std::size_t last,
                                             const Summary& summary) const {
    std::vector<std::string> out;
    for (auto i = chunk_of(first); first < last;) {
        const auto block_end = i + block_chunks;
        if (i % block_chunks == 0 && block_end <= chunks_.size() && first == begins_[i] &&
            last >= begins_[block_end]) {
            out.push_back(summary_of_block(i / block_chunks, summary));
            first = begins_[block_end];
            i = block_end;
            continue;
        }
        const auto end = std::min(last, begins_[i + 1]);
        if (first == begins_[i] && end == begins_[i + 1])
            out.push_back(summary_of(i, summary));
        else
            out.push_back(summary.of_rows(Slice{chunks_[i]->rows}.subspan(first - begins_[i], end - first)));
        first = end;
        ++i;
    }
    return out;
}

}  // namespace davenport::couchmock
