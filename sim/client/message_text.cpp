#include "sim/client/message_text.hpp"

#include <algorithm>

#include "node/base/random.hpp"

namespace sim::client {
namespace {

constexpr std::string_view hard = "\"\\/\n\t\x01\x7f</b>&amp; \u00e9\u4e2d\U0001f600\u2028\u202e";
constexpr std::size_t hard_one_in = 4;  // texts of letters alone are quicker, and most of what a swarm is about is not the text

/// Calls `use` with the padding's bytes until it says no; twelve letters from each draw. Those of a longer text are others, so
/// that a text that was cut is not taken for a shorter one.
template <class Use>
void pad(std::string_view msg, std::size_t size, const Use& use) {
    static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    const auto seed = base::fnv1a(msg) + size;
    if (seed % hard_one_in == 0 && msg.size() + 1 + hard.size() <= size)
        for (const char byte : hard)
            if (!use(byte)) return;
    for (base::Random random{seed};;) {
        auto draw = random.next();
        for (int i = 0; i < 12; ++i, draw >>= 5)
            if (!use(letters[draw & 31])) return;
    }
}

}  // namespace

std::string make_text(std::string_view msg, int size_bytes) {
    std::string text{msg};
    text += ' ';
    const auto size = std::max(text.size(), static_cast<std::size_t>(std::max(size_bytes, 0)));
    pad(msg, size, [&](char letter) {
        if (text.size() == size) return false;
        text += letter;
        return true;
    });
    return text;
}

std::string msg_of_text(std::string_view text) {
    const auto msg = text.substr(0, text.find(' '));
    if (msg.size() == text.size()) return {};
    auto at = msg.size() + 1;
    pad(msg, text.size(), [&](char letter) {
        if (at == text.size() || text[at] != letter) return false;
        ++at;
        return true;
    });
    return at == text.size() ? std::string{msg} : std::string{};
}

std::string msg_said_by(std::string_view user, std::string_view text) {
    auto msg = msg_of_text(text);
    if (std::string_view{msg}.substr(0, msg.rfind('-')) != user) msg.clear();
    return msg;
}

}  // namespace sim::client
