#include "sim/scenario/problem.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim {

namespace {

constexpr std::size_t line_shown_max = 160;

std::string_view line_of(std::string_view text, int number) {
    for (int line = 1; line < number; ++line) {
        const auto newline = text.find('\n');
        if (newline == std::string_view::npos) return {};
        text.remove_prefix(newline + 1);
    }
    auto found = text.substr(0, text.find('\n'));
    if (found.ends_with('\r')) found.remove_suffix(1);
    return found;
}

/// Blanks as wide as `before` on a terminal: a tab stays a tab, a character of several bytes is one column.
std::string padding(std::string_view before) {
    std::string out;
    for (const char c : before) {
        if (c == '\t') {
            out += '\t';
        } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            out += ' ';
        }
    }
    return out;
}

}  // namespace

std::string suggest(std::string_view word, const std::vector<std::string_view>& known) {
    if (const auto near = closest(word, known); !near.empty()) return fmt::format("did you mean '{}'?", near);
    if (known.size() <= 14) return fmt::format("known here: {}", fmt::join(known, ", "));
    return {};
}

std::string render(std::vector<Problem> problems, std::string_view file, std::string_view text) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return std::pair{a.location.line, a.location.column} < std::pair{b.location.line, b.location.column};
    });
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    std::string out;
    for (const auto& problem : problems) {
        const auto [line, column] = problem.location;
        if (line == 0) {
            fmt::format_to(std::back_inserter(out), "{}: error: {}\n", file, problem.message);
        } else {
            fmt::format_to(std::back_inserter(out), "{}:{}:{}: error: {}\n", file, line, column,
                           problem.message);
            const auto source = line_of(text, line);
            const auto before =
                source.substr(0, std::min<std::size_t>(source.size(), static_cast<std::size_t>(column) - 1));
            if (source.size() <= line_shown_max)
                fmt::format_to(std::back_inserter(out), "    {}\n    {}^\n", source, padding(before));
        }
        if (!problem.hint.empty()) fmt::format_to(std::back_inserter(out), "    hint: {}\n", problem.hint);
    }
    return out;
}

}  // namespace davenport::sim
