#include "sim/client/message_text.hpp"

#include <algorithm>

#include "node/base/random.hpp"

namespace sim::client {
namespace {

/// Calls `use` with the padding's letters until it says no; twelve of them from each draw. Those of a longer text are others, so
/// that a text that was cut is not taken for a shorter one.
template <class Use>
void pad(std::string_view msg, std::size_t size, const Use& use) {
    static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (base::Random random{base::fnv1a(msg) + size};;) {
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

}  // namespace sim::client
