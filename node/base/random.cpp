#include "node/base/random.hpp"

#include <bit>

#include <fmt/format.h>

namespace davenport::base {

Random::Random(std::uint64_t seed) {
    for (auto& word : state_) {
        seed += 0x9e3779b97f4a7c15ull;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        word = z ^ (z >> 31);
    }
}

std::uint64_t Random::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::string Random::uuid() {
    const auto high = next();
    const auto low = next();
    return fmt::format("{:016x}{:016x}", high, low);
}

std::string Random::name() {
    static constexpr char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford's base32
    std::string out(15, '0');
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < out.size(); ++i, bits >>= 5) {
        if (i % 12 == 0) bits = next();
        out[i] = letters[bits & 31];
    }
    return out;
}

std::uint64_t Random::below(std::uint64_t bound) {
    if (bound == 0) return 0;
    const std::uint64_t reject = -bound % bound;  // 2^64 mod bound: what would favour the small numbers
    for (;;) {
        const std::uint64_t draw = next();
        if (draw >= reject) return draw % bound;
    }
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    const std::uint64_t offset = span == 0 ? next() : below(span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

}  // namespace davenport::base
