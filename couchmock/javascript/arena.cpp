#include "couchmock/javascript/arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace davenport::couchmock::javascript {

Arena::~Arena() {
    for (auto* block : large_) std::free(block);
    for (auto* chunk : chunks_) std::free(chunk);
}

void* Arena::allocate(std::size_t bytes) noexcept {
    if (bytes == 0) return nullptr;
    if (bytes > bytes_max_) return nullptr;  // before rounding, which could wrap
    const auto rounded = (bytes + step - 1) / step * step;
    if (bytes_used_ + rounded + sizeof(Header) > bytes_max_) return nullptr;
    void* block = nullptr;
    if (rounded > small_max) {
        block = allocate_large(rounded);
    } else if (auto*& list = free_[rounded / step]) {
        block = list;
        list = list->next;
    } else {
        block = cut(rounded);
    }
    if (block) bytes_used_ += rounded + sizeof(Header);
    return block;
}

void* Arena::cut(std::size_t bytes) noexcept {
    const auto wanted = bytes + sizeof(Header);
    if (chunk_left_ < wanted) {
        auto* chunk = std::malloc(chunk_bytes);
        if (!chunk) return nullptr;
        chunks_.push_back(chunk);
        chunk_ = static_cast<char*>(chunk);
        chunk_left_ = chunk_bytes;
    }
    auto* header = new (chunk_) Header{bytes, 0};
    chunk_ += wanted;
    chunk_left_ -= wanted;
    return header + 1;
}

void* Arena::allocate_large(std::size_t bytes) noexcept {
    auto* memory = std::malloc(bytes + sizeof(Header));
    if (!memory) return nullptr;
    large_.push_back(nullptr);
    large_.back() = new (memory) Header{bytes, large_.size()};
    return large_.back() + 1;
}

void Arena::release(void* block) noexcept {
    if (!block) return;
    auto* header = static_cast<Header*>(block) - 1;
    bytes_used_ -= header->bytes + sizeof(Header);
    if (header->large == 0) {
        auto*& list = free_[header->bytes / step];
        list = new (block) Free{list};
        return;
    }
    large_.back()->large = header->large;  // the last one takes its place
    std::swap(large_[header->large - 1], large_.back());
    large_.pop_back();
    std::free(header);
}

void* Arena::resize(void* block, std::size_t bytes) noexcept {
    if (!block) return allocate(bytes);
    if (bytes == 0) {
        release(block);
        return nullptr;
    }
    const auto before = (static_cast<Header*>(block) - 1)->bytes;
    if (bytes <= before && (before <= small_max || bytes > before / 2)) return block;
    auto* moved = allocate(bytes);
    if (!moved) return bytes <= before ? block : nullptr;
    std::memcpy(moved, block, std::min(before, bytes));
    release(block);
    return moved;
}

}  // namespace davenport::couchmock::javascript
