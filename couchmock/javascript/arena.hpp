#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace davenport::couchmock::javascript {

/// All memory of one JavaScript heap: bounded, and given back as a whole, whatever state the heap is in.
///
/// That is why malloc() does not do: code that runs too long is left in the middle of anything, and its heap
/// cannot be taken down block by block any more. Small blocks are cut from chunks and kept in lists by size.
///
/// Threads: not thread-safe. Errors: nullptr when the bound is reached.
class Arena {
public:
    explicit Arena(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    [[nodiscard]] void* allocate(std::size_t bytes) noexcept;
    /// As realloc() has it.
    [[nodiscard]] void* resize(void* block, std::size_t bytes) noexcept;
    void release(void* block) noexcept;
    [[nodiscard]] std::size_t bytes_used() const { return bytes_used_; }

private:
    struct Free {
        Free* next;
    };
    /// Stands before every block; 16 bytes, so that what follows is aligned for anything.
    struct alignas(16) Header {
        std::size_t bytes;  ///< of the block, as it was rounded up
        std::size_t large;  ///< where it stands in `large_`, plus one; 0: cut from a chunk
    };
    static constexpr std::size_t step = 16;
    static constexpr std::size_t small_max = 1024;
    static constexpr std::size_t chunk_bytes = 64 * 1024;

    void* cut(std::size_t bytes) noexcept;
    void* allocate_large(std::size_t bytes) noexcept;

    std::size_t bytes_max_;
    std::size_t bytes_used_ = 0;
    std::array<Free*, small_max / step + 1> free_{};
    std::vector<void*> chunks_;
    char* chunk_ = nullptr;  ///< what is left of the newest
    std::size_t chunk_left_ = 0;
    std::vector<Header*> large_;
};

}  // namespace davenport::couchmock::javascript
