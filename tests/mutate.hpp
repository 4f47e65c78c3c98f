#pragma once

#include "node/base/random.hpp"

#include <array>
#include <string>
#include <string_view>

namespace davenport::base {

/// The text with up to four changes: bytes put in, left out, doubled, swapped or cut off, and long runs of
/// what nests.
inline std::string mutate(std::string text, base::Random& random) {
    static constexpr std::array<std::string_view, 24> spice{"\"",
                                                            "{",
                                                            "}",
                                                            "[",
                                                            "]",
                                                            "\\",
                                                            "\\u0000",
                                                            "\\ud800",
                                                            "\xff",
                                                            "\xc3",
                                                            std::string_view{"\0", 1},
                                                            "%",
                                                            "%zz",
                                                            "%00",
                                                            "&",
                                                            "=",
                                                            "/",
                                                            "_",
                                                            "-1",
                                                            "1e999",
                                                            "99999999999999999999",
                                                            "null",
                                                            "\r\n",
                                                            ":"};
    for (auto changes = random.below(5); changes > 0; --changes) {
        const auto at = text.empty() ? 0 : random.below(text.size());
        switch (random.below(6)) {
            case 0:
                text.insert(at, spice[random.below(spice.size())]);
                break;
            case 1:
                text.erase(at, 1 + random.below(4));
                break;
            case 2:
                text.insert(at, text.substr(at, 1 + random.below(40)));
                break;
            case 3:
                if (!text.empty()) text[at] = static_cast<char>(random.below(256));
                break;
            case 4:
                text.resize(at);
                break;
            default:
                text.insert(at, std::string(1 + random.below(300), "[{\"(a0"[random.below(6)]));
                break;
        }
    }
    return text;
}

}  // namespace davenport::base
