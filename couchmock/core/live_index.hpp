#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace davenport::couchmock {

struct Document;

/// The documents that live, in the order of their ids as bytes, each with its place in that order: what
/// `_all_docs` is read from.
///
/// Blocks of pointers: inserting moves part of one block only, and a place is found by adding up the blocks
/// before it.
class LiveIndex {
public:
    void insert(const Document* document);
    void erase(const Document* document);
    [[nodiscard]] std::size_t size() const { return size_; }

    /// How many ids are below `id`.
    [[nodiscard]] std::size_t rank(std::string_view id) const;
    /// How many ids are below or equal to `id`.
    [[nodiscard]] std::size_t rank_after(std::string_view id) const;

    /// A walk over the index, in either direction. Ends with any change of the index.
    class Cursor {
    public:
        /// The document there, or nullptr beyond either end.
        [[nodiscard]] const Document* get() const;
        void next();
        void previous();

    private:
        friend class LiveIndex;
        const LiveIndex* index_ = nullptr;
        std::size_t block_ = 0;
        std::size_t slot_ = 0;
        bool ended_ = false;
    };
    [[nodiscard]] Cursor at(std::size_t rank) const;

private:
    using Block = std::vector<const Document*>;
    [[nodiscard]] std::size_t block_of(std::string_view id) const;

    std::vector<Block> blocks_;
    std::size_t size_ = 0;
};

}  // namespace davenport::couchmock
