#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::couchmock {

/// One thing that a map function emitted.
struct ViewRow {
    std::string sort_key;  ///< collation.hpp
    std::string id;
    std::uint32_t nth = 0;  ///< among the rows of this document, for rows of one key
    std::uint32_t shard = 0;
    std::string key, value;  ///< JSON texts
    bool ordered = false;    ///< it has its place; kept by ViewRows
};

/// The rows of one view, in order: by key, then by document.
///
/// Rows come and go by document. What changed is taken in by commit(), in one pass where it is much. The rows
/// stand in chunks of bounded size, and a change touches its own chunk: summaries of the others are kept,
/// and those of blocks of chunks. To find a place, a row of a place or a count takes time logarithmic in the
/// rows.
class ViewRows {
public:
    using Slice = std::span<const ViewRow* const>;

    /// Puts `rows` in the place of what the document had; all of them are its own.
    void replace(const std::string& id, std::vector<ViewRow> rows);
    /// Takes in what was replaced.
    void commit();

    [[nodiscard]] std::size_t size() const { return begins_.back(); }
    [[nodiscard]] const ViewRow& at(std::size_t place) const;
    /// The first place that is not below the key and the id.
    [[nodiscard]] std::size_t lower_bound(std::string_view sort_key, std::string_view id) const;
    /// The first place that is above the key and the id.
    [[nodiscard]] std::size_t upper_bound(std::string_view sort_key, std::string_view id) const;
    /// The first place behind all whose sort key begins with `prefix`.
    [[nodiscard]] std::size_t behind_prefix(std::string_view prefix) const;
    /// How many rows of a shard's documents stand before `place`.
    [[nodiscard]] std::size_t count_before(std::size_t place, std::uint32_t shard) const;

    /// How rows are summed up, and what was summed up put together. Any text but an empty one.
    struct Summary {
        std::function<std::string(Slice rows)> of_rows;
        std::function<std::string(const std::vector<std::string>& parts)> of_parts;
    };
    /// The summaries of the rows in [first, last), in order: those of rows at either end, and kept ones
    /// between. All calls of one object have to give the same `summary`.
    [[nodiscard]] std::vector<std::string> summaries(std::size_t first, std::size_t last,
                                                     const Summary& summary) const;

private:
    struct Chunk {
        std::vector<const ViewRow*> rows;  ///< never empty
        mutable std::string summary;       ///< empty: not known
    };
    using Rows = std::vector<std::unique_ptr<ViewRow>>;

    [[nodiscard]] std::size_t chunk_of(std::size_t place) const;
    [[nodiscard]] std::size_t home_of(const ViewRow& row) const;
    void insert(const ViewRow* row);
    void erase(const ViewRow* row);
    void join_small(std::size_t chunk);
    void changed(std::size_t chunk);
    void changed_from(std::size_t chunk);
    const std::string& summary_of(std::size_t chunk, const Summary& summary) const;
    const std::string& summary_of_block(std::size_t block, const Summary& summary) const;
    void build_anew();
    template <typename Below>
    [[nodiscard]] std::size_t first_not(const Below& below) const;
    void count_shards() const;

    std::unordered_map<std::string, Rows> by_document_;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<std::size_t> begins_{0};  ///< the place of each chunk's first row, and the number of all
    std::vector<ViewRow*> added_;
    Rows removed_;  ///< still in a chunk

    mutable std::vector<std::string> block_summaries_;  ///< of so many chunks each; empty: not known
    /// For each chunk and one more, how many rows of each shard stand before it. Empty: not counted yet.
    mutable std::vector<std::uint32_t> shard_counts_;
    mutable std::size_t shards_ = 0;
};

}  // namespace davenport::couchmock
