#include "node/base/closest.hpp"

#include <algorithm>
#include <cstddef>

namespace davenport::base {
namespace {

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

/// People write "no-loss", "No Loss" and "noLoss" for the same thing.
std::string folded(std::string_view word) {
    std::string out;
    for (const char c : word) {
        if (c >= 'A' && c <= 'Z')
            out += static_cast<char>(c - 'A' + 'a');
        else if (c != '-' && c != '_' && c != ' ')
            out += c;
    }
    return out;
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string_view>& known) {
    const auto wanted = folded(word);
    std::string_view best;
    std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    for (const auto candidate : known) {
        auto far = distance(wanted, folded(candidate));
        // "kill" for "node.kill"
        if (candidate.size() > word.size() + 1 && candidate.ends_with(word) &&
            candidate[candidate.size() - word.size() - 1] == '.')
            far = std::min<std::size_t>(far, 1);
        if (far >= best_distance) continue;
        best_distance = far;
        best = candidate;
    }
    return std::string{best};
}

}  // namespace davenport::base
