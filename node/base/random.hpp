#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::base {

/// FNV-1a, for naming sub-streams and for the rolling hash over events; not against an adversary.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 14695981039346656037ull) {
    for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    return hash;
}

/// xoshiro256** (Blackman and Vigna), seeded by splitmix64. The same seed draws the same numbers on every
/// compiler and processor: integers only, none of the std distributions, which differ between libraries.
///
/// Threads: not thread-safe; whoever draws owns its generator.
class Random {
public:
    explicit Random(std::uint64_t seed);

    /// A generator of its own for `name`: what one part draws does not shift what another part gets.
    static Random stream(std::uint64_t seed, std::string_view name) {
        return Random{fnv1a(name) ^ seed * 0x9e3779b97f4a7c15ull};
    }

    std::uint64_t next();
    /// 128 bits as 32 hexadecimal digits. (Two next() as arguments of one call are drawn in another order by
    /// another compiler.)
    std::string uuid();
    /// 75 bits as 15 letters and digits: as long as a name may be that a std::string keeps without memory of
    /// its own.
    std::string name();
    /// Uniform in [0, bound), without bias; 0 when bound is 0.
    std::uint64_t below(std::uint64_t bound);
    /// Uniform in [low, high], both included.
    std::int64_t between(std::int64_t low, std::int64_t high);
    /// True `parts` times in a million.
    bool per_million(std::uint32_t parts) { return below(1'000'000) < parts; }

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace davenport::base
