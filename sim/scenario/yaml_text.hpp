#pragma once

#include "sim/scenario/problem.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim {

/// A YAML text by lines, and a place in it that moves forward. Keeps the first problem that was found.
class YamlText {
public:
    explicit YamlText(std::string_view text) {
        while (!text.empty()) {
            const auto newline = text.find('\n');
            auto line = text.substr(0, newline);
            if (line.ends_with('\r')) line.remove_suffix(1);
            lines_.push_back(line);
            text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
        }
    }

    [[nodiscard]] bool at_end() const { return number_ >= lines_.size(); }
    /// The present line, without its end; not at the end of the text.
    [[nodiscard]] std::string_view line() const { return lines_[number_]; }
    [[nodiscard]] std::size_t column() const { return column_; }
    /// The character at the place, or another one of its line; 0 behind the end of the line.
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return column_ + ahead < line().size() ? line()[column_ + ahead] : '\0';
    }
    [[nodiscard]] Location location() const { return location_of(column_); }
    [[nodiscard]] Location location_of(std::size_t column) const {
        return {static_cast<int>(number_) + 1, static_cast<int>(column) + 1};
    }
    /// How many blanks the present line begins with.
    [[nodiscard]] std::size_t indentation() const {
        return std::min(line().find_first_not_of(' '), line().size());
    }
    /// From the place on there is nothing more in this line but blanks and a comment.
    [[nodiscard]] bool rest_is_empty() const {
        const auto next = line().find_first_not_of(" \t", column_);
        return next == std::string_view::npos || is_comment_at(next);
    }
    [[nodiscard]] bool is_comment_at(std::size_t column) const {
        return line()[column] == '#' && (column == 0 || is_blank(line()[column - 1]));
    }
    static bool is_blank(char c) { return c == ' ' || c == '\t'; }
    static bool ends_word(char c) { return c == '\0' || is_blank(c); }

    void move(std::size_t by = 1) { column_ += by; }
    void move_to(std::size_t column) { column_ = column; }
    void skip_blanks() {
        while (is_blank(peek())) ++column_;
    }
    void next_line() {
        ++number_;
        column_ = 0;
    }

    /// Moves behind the quoted text that begins at the place; false, and a problem, when it does not end on
    /// its line.
    bool skip_quoted() {
        const auto begin = column_;
        const char quote = peek();
        for (++column_; column_ < line().size(); ++column_) {
            if (quote == '"' && peek() == '\\') {
                ++column_;
            } else if (peek() == quote) {
                ++column_;
                if (quote == '"' || peek() != quote) return true;
            }
        }
        return complain(location_of(begin), "this quote is not closed on its line",
                        fmt::format("end the text with {} on the same line; a text of several lines is "
                                    "indented below a '>'",
                                    quote));
    }

    /// Keeps the problem; always false.
    bool complain(Location where, std::string message, std::string hint) {
        if (!problem_) problem_ = Problem{where, std::move(message), std::move(hint)};
        return false;
    }
    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

private:
    std::vector<std::string_view> lines_;
    std::size_t number_ = 0;
    std::size_t column_ = 0;
    std::optional<Problem> problem_;
};

}  // namespace davenport::sim
