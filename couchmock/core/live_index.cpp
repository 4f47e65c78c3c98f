#include "couchmock/core/live_index.hpp"

#include "couchmock/core/database.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

constexpr std::size_t block_max = 512;

constexpr auto id_of = [](const Document* document) { return document->id; };

}  // namespace

std::size_t LiveIndex::block_of(std::string_view id) const {
    const auto it =
        std::ranges::upper_bound(blocks_, id, {}, [](const Block& block) { return block.front()->id; });
    return it == blocks_.begin() ? 0 : static_cast<std::size_t>(it - blocks_.begin()) - 1;
}

void LiveIndex::insert(const Document* document) {
    ++size_;
    if (blocks_.empty()) {
        blocks_.emplace_back().push_back(document);
        return;
    }
    const auto index = block_of(document->id);
    auto& block = blocks_[index];
    block.insert(std::ranges::lower_bound(block, document->id, {}, id_of), document);
    if (block.size() <= block_max) return;
    // A block that grows at its end is filled by ids in rising order: leave it nearly full.
    const auto cut = block.back() == document ? block.end() - 1 : block.begin() + block_max / 2;
    Block rest(cut, block.end());
    block.erase(cut, block.end());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(rest));
}

void LiveIndex::erase(const Document* document) {
    const auto index = block_of(document->id);
    auto& block = blocks_[index];
    const auto it = std::ranges::lower_bound(block, document->id, {}, id_of);
    block.erase(it);
    --size_;
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(index));
}

std::size_t LiveIndex::rank(std::string_view id) const {
    if (blocks_.empty()) return 0;
    const auto index = block_of(id);
    std::size_t before = 0;
    for (std::size_t i = 0; i < index; ++i) before += blocks_[i].size();
    const auto& block = blocks_[index];
    return before + static_cast<std::size_t>(std::ranges::lower_bound(block, id, {}, id_of) - block.begin());
}

std::size_t LiveIndex::rank_after(std::string_view id) const {
    const auto place = rank(id);
    const auto* there = at(place).get();
    return there && there->id == id ? place + 1 : place;
}

LiveIndex::Cursor LiveIndex::at(std::size_t rank) const {
    Cursor cursor;
    cursor.index_ = this;
    cursor.ended_ = rank >= size_;
    for (; cursor.block_ < blocks_.size() && rank >= blocks_[cursor.block_].size(); ++cursor.block_)
        rank -= blocks_[cursor.block_].size();
    cursor.slot_ = rank;
    return cursor;
}

const Document* LiveIndex::Cursor::get() const { return ended_ ? nullptr : index_->blocks_[block_][slot_]; }

void LiveIndex::Cursor::next() {
    if (++slot_ < index_->blocks_[block_].size()) return;
    slot_ = 0;
    ended_ = ++block_ == index_->blocks_.size();
}

void LiveIndex::Cursor::previous() {
    if (slot_ > 0) {
        --slot_;
    } else if (block_ > 0) {
        slot_ = index_->blocks_[--block_].size() - 1;
    } else {
        ended_ = true;
    }
}

}  // namespace davenport::couchmock
