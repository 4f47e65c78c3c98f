#include "sim/client/message_text.hpp"

#include "node/base/random.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace davenport::sim::client {
namespace {

constexpr std::string_view hard = "\"\\/\n\t\x01\x7f</b>&amp; \u00e9\u4e2d\U0001f600\u2028\u202e";
constexpr std::size_t hard_one_in =
    4;  // texts of letters alone are quicker, and most of what a swarm is about is not the text

/// Sixteen letters, a to p, two from each byte of a draw.
std::array<char, 16> letters_of(std::uint64_t seed) {
    auto draw = base::Random{seed}.next();
    std::array<char, 16> out;
    for (char& letter : out) {
        letter = static_cast<char>('a' + (draw & 15));
        draw >>= 4;
    }
    return out;
}

/// Letters of their own for each size: a text that was cut is not taken for a shorter one.
std::uint64_t seed_of(std::string_view msg, std::size_t size) { return base::fnv1a(msg) + size; }

bool has_hard_letters(std::uint64_t seed, std::size_t room) {
    return seed % hard_one_in == 0 && hard.size() <= room;
}

}  // namespace

std::string make_text(std::string_view msg, int size_bytes) {
    const auto size = std::max(msg.size() + 1, static_cast<std::size_t>(std::max(size_bytes, 0)));
    std::string text;
    text.reserve(size);
    text += msg;
    text += ' ';
    const auto seed = seed_of(msg, size);
    if (has_hard_letters(seed, size - text.size())) text += hard;
    const auto begin = text.size();
    const auto letters = letters_of(seed);
    text.append(letters.data(), std::min(letters.size(), size - begin));
    while (text.size() < size) text.append(text, begin, std::min(text.size() - begin, size - text.size()));
    return text;
}

std::string_view msg_of_text(std::string_view text) {
    const auto msg = text.substr(0, text.find(' '));
    if (msg.size() == text.size()) return {};
    auto rest = text.substr(msg.size() + 1);
    const auto seed = seed_of(msg, text.size());
    if (has_hard_letters(seed, rest.size())) {
        if (!rest.starts_with(hard)) return {};
        rest.remove_prefix(hard.size());
    }
    const auto letters = letters_of(seed);
    const std::string_view first{letters.data(), std::min(letters.size(), rest.size())};
    // Letters that are the first ones, and each the same as that sixteen before it.
    return rest.starts_with(first) && rest.substr(first.size()) == rest.substr(0, rest.size() - first.size())
               ? msg
               : std::string_view{};
}

TextName text_name(std::string_view name) {
    const auto plus = name.find('+');
    if (plus == std::string_view::npos) return {name, 0};
    int edit = 0;
    std::from_chars(name.data() + plus + 1, name.data() + name.size(), edit);
    return {name.substr(0, plus), edit};
}

std::string edit_name(std::string_view msg, int edit) {
    return edit == 0 ? std::string{msg} : std::string{msg} + '+' + std::to_string(edit);
}

std::string_view msg_said_by(std::string_view user, std::string_view text) {
    const auto msg = msg_of_text(text);
    return msg.substr(0, msg.rfind('-')) == user ? msg : std::string_view{};
}

}  // namespace davenport::sim::client
