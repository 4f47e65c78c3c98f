#include "sim/scenario/yaml_form.hpp"

#include "sim/scenario/language.hpp"
#include "sim/scenario/yaml_flow.hpp"
#include "sim/scenario/yaml_text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::sim {
namespace {

constexpr std::string_view no_break_blank = "\xc2\xa0";

/// Walks the lines outside of brackets and quotes, with the columns in which lists and maps have begun.
class Form {
public:
    explicit Form(std::string_view text) : text_{text} {}

    std::optional<Problem> check() {
        while (!text_.at_end() && check_line()) {
        }
        return text_.problem();
    }

private:
    /// A list or a map, and the column in which its entries begin.
    struct Level {
        std::size_t column;
        bool is_list;
    };
    enum class Scalar { none, plain, other };

    bool complain(std::size_t column, std::string message, std::string hint) {
        return text_.complain(text_.location_of(column), std::move(message), std::move(hint));
    }

    /// One line, and those that its value goes on in.
    bool check_line() {
        const auto line = text_.line();
        const auto first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos || line[first] == '#') return text_.next_line(), true;
        if (const auto tab = line.find('\t'); tab < first)
            return complain(tab, "a tab in the indentation", "indent with blanks: YAML allows no tabs there");
        if (line.substr(first).starts_with(no_break_blank))
            return complain(first, "a no-break blank in the indentation",
                            "replace it with a blank; it looks the same");
        if (is_marker(line)) return check_marker();
        if (first == 0 && line.starts_with('%') && levels_.empty()) return text_.next_line(), true;
        if (ended_) return complain(0, "a second document", "one scenario a file");
        text_.move_to(first);
        return check_entries(first);
    }

    static bool is_marker(std::string_view line) {
        return (line.starts_with("---") || line.starts_with("...")) &&
               YamlText::ends_word(line.size() > 3 ? line[3] : '\0');
    }

    bool check_marker() {
        if (text_.line().starts_with("...")) {
            ended_ = true;
        } else if (!levels_.empty() || ended_) {
            return complain(0, "a second document", "one scenario a file: leave the '---' out");
        }
        text_.next_line();
        return true;
    }

    /// "- ", as often as it stands there, then a key and its value, or a value.
    bool check_entries(std::size_t first) {
        while (text_.peek() == '-' && YamlText::ends_word(text_.peek(1))) {
            if (!begin_entry(first, true)) return false;
            text_.move();
            text_.skip_blanks();
            if (text_.rest_is_empty()) return open_value();
        }
        const auto column = text_.column();
        if (text_.peek() == '?' && YamlText::ends_word(text_.peek(1)))
            return complain(column, "a key must be a word", "leave the '?' out");
        skip_properties();
        Location begin = text_.location();
        Scalar scalar{};
        bool is_key = false;
        if (text_.peek() == '{' || text_.peek() == '[') {
            if (!begin_value(first)) return false;
            return skip_flow(text_, parent_of_brackets()) && end_of_value();
        }
        if (!skip_scalar(scalar, is_key)) return false;
        if (!is_key) return check_value_line(first, column, scalar, begin);
        if (!begin_entry(first, false, column)) return false;
        text_.move();  // the ':'
        text_.skip_blanks();
        return text_.rest_is_empty() ? open_value() : check_value();
    }

    /// Anchors and tags, which the reader refuses by their names.
    void skip_properties() {
        while (text_.peek() == '&' || text_.peek() == '!') {
            while (!YamlText::ends_word(text_.peek())) text_.move();
            text_.skip_blanks();
        }
    }

    /// Moves behind a quoted or plain text; `is_key` when a ':' stands there now.
    bool skip_scalar(Scalar& scalar, bool& is_key) {
        if (text_.peek() == '"' || text_.peek() == '\'') {
            scalar = Scalar::other;
            if (!text_.skip_quoted()) return false;
            text_.skip_blanks();
        } else if (text_.peek() == '|' || text_.peek() == '>') {
            scalar = Scalar::other;
        } else {
            scalar = Scalar::plain;
            skip_plain();
        }
        is_key = text_.peek() == ':' && YamlText::ends_word(text_.peek(1));
        return true;
    }

    /// Up to a comment, or a ':' with a blank behind it.
    void skip_plain() {
        for (; text_.peek() != '\0'; text_.move()) {
            if (text_.peek() == ':' && YamlText::ends_word(text_.peek(1))) return;
            if (text_.is_comment_at(text_.column())) return;
        }
    }

    bool open_value() {
        open_ = true;
        text_.next_line();
        return true;
    }

    /// What stands behind "key: ".
    bool check_value() {
        skip_properties();
        if (text_.rest_is_empty()) return text_.next_line(), true;
        if (text_.peek() == '{' || text_.peek() == '[')
            return skip_flow(text_, parent_of_brackets()) && end_of_value();
        if (text_.peek() == '}' || text_.peek() == ']')
            return complain(text_.column(), fmt::format("'{}' closes nothing", text_.peek()), "leave it out");
        if (text_.peek() == '|' || text_.peek() == '>') return skip_block_text();
        if (text_.peek() == '-' && YamlText::ends_word(text_.peek(1)))
            return complain(text_.column(), "a list cannot begin on the line of its key",
                            "put each '- ' on a line of its own below, or write [a, b]");
        const auto begin = text_.location();
        Scalar scalar{};
        bool is_key = false;
        if (!skip_scalar(scalar, is_key)) return false;
        if (is_key)
            return complain(text_.column(), "a second ':' in one line",
                            "put a text with ': ' in it between quotes, or the second key on its own line");
        return end_of_scalar(scalar, begin);
    }

    bool end_of_scalar(Scalar scalar, Location begin) {
        if (scalar == Scalar::plain) {
            text_.next_line();
            return skip_plain_lines(begin);
        }
        if (text_.peek() == '|' || text_.peek() == '>') return skip_block_text();
        return end_of_value();
    }

    /// Behind a closing quote or bracket.
    bool end_of_value() {
        if (!text_.rest_is_empty()) {
            text_.skip_blanks();
            const char c = text_.peek();
            if (c == '}' || c == ']')
                return complain(text_.column(), fmt::format("'{}' closes nothing", c), "leave it out");
            if (c != ':')
                return complain(
                    text_.column(), "text behind the end of the value",
                    "a quote within a quoted text is written \\\" or '', a comment begins with ' #'");
            if (!YamlText::ends_word(text_.peek(1)))
                return complain(text_.column(), "a blank is missing after ':'", "as in key: value");
            return complain(text_.column(), "this cannot be a key",
                            "a key is a word, and stands first in its line");
        }
        text_.next_line();
        return true;
    }

    /// Lines that a plain text goes on in: deeper than where it belongs, and no entries of their own.
    bool skip_plain_lines(Location begin) {
        for (; !text_.at_end(); text_.next_line()) {
            const auto line = text_.line();
            const auto first = line.find_first_not_of(" \t");
            if (first == std::string_view::npos) continue;
            if (line[first] == '#') return true;
            if (levels_.empty() || text_.indentation() <= levels_.back().column) return true;
            text_.move_to(first);
            const bool is_item = text_.peek() == '-' && YamlText::ends_word(text_.peek(1));
            skip_plain();
            const bool is_key = text_.peek() == ':';
            if (is_item || is_key) return too_deep(first, begin.line);
            text_.move_to(0);
        }
        return true;
    }

    bool too_deep(std::size_t column, int line) {
        return complain(
            column, fmt::format("this is indented deeper than line {}, which has its value already", line),
            fmt::format("entries that belong together begin in one column; line {}'s is {}", line,
                        levels_.back().column + 1));
    }

    /// The text below a '|' or '>'.
    bool skip_block_text() {
        const auto header = text_.location();
        for (text_.next_line(); !text_.at_end(); text_.next_line()) {
            const auto first = text_.line().find_first_not_of(' ');
            if (first == std::string_view::npos) continue;
            if (levels_.empty() || first <= levels_.back().column) break;
            if (is_scenario_key(text_.line().substr(first)))
                return complain(
                    first, fmt::format("this line belongs to the text that begins in line {}", header.line),
                    "a key of the scenario begins in the first column");
        }
        return true;
    }

    /// "expect:", "load: { ...": text for people does not look so.
    static bool is_scenario_key(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !language::section("").find(line.substr(0, colon)))
            return false;
        const auto rest = line.substr(colon + 1);
        const auto value = rest.substr(std::min(rest.find_first_not_of(" \t\r"), rest.size()));
        return value.empty() || value.starts_with('{') || value.starts_with('[') ||
               (value.front() >= '0' && value.front() <= '9');
    }

    /// A line that is a value and no key.
    bool check_value_line(std::size_t first, std::size_t column, Scalar scalar, Location begin) {
        const bool in_item = column != first;
        if (!in_item && !levels_.empty() && !(open_ && first > levels_.back().column)) {
            const auto word = text_.line().substr(first);
            const auto colon = word.find(':');
            if (word.front() == '}' || word.front() == ']')
                return complain(first, fmt::format("'{}' closes nothing", word.front()), "leave it out");
            const auto tight =
                scalar == Scalar::other ? text_.peek() == ':' : colon != std::string_view::npos;
            if (tight)
                return complain(scalar == Scalar::other ? text_.column() : first + colon,
                                "a blank is missing after ':'", "as in key: value");
            return complain(
                first,
                levels_.back().is_list ? "a '- ' is missing before this" : "a ':' is missing after this",
                levels_.back().is_list ? "each entry of a list begins with '- '" : "as in key: value");
        }
        open_ = false;
        return end_of_scalar(scalar, begin);
    }

    bool begin_value(std::size_t first) {
        if (text_.column() == first && !levels_.empty() && !open_)
            return complain(first, "brackets that belong to no key", "as in key: { ... } or - { ... }");
        open_ = false;
        return true;
    }

    /// Lines within brackets stand deeper than the entry that they are the value of; at the top of the file
    /// there is none.
    [[nodiscard]] int parent_of_brackets() const {
        return levels_.empty() ? -1 : static_cast<int>(levels_.back().column);
    }

    bool begin_entry(std::size_t first, bool is_list) { return begin_entry(first, is_list, text_.column()); }

    /// An entry of a list or map begins in `column`; the line begins in `first`.
    bool begin_entry(std::size_t first, bool is_list, std::size_t column) {
        const bool was_open = std::exchange(open_, false);
        if (levels_.empty() || column != first) {
            levels_.push_back({column, is_list});
            last_line_ = text_.location().line;
            return true;
        }
        const auto top = levels_.back();
        if (was_open && (column > top.column || (column == top.column && is_list && !top.is_list))) {
            levels_.push_back({column, is_list});
            last_line_ = text_.location().line;
            return true;
        }
        if (column > top.column) return too_deep(column, last_line_);
        std::vector<std::size_t> columns;
        for (const auto& level : levels_)
            if (columns.empty() || columns.back() != level.column + 1) columns.push_back(level.column + 1);
        while (!levels_.empty() && levels_.back().column > column) levels_.pop_back();
        const auto has_map_too = [&] {
            return levels_.size() > 1 && levels_[levels_.size() - 2].column == column &&
                   !levels_[levels_.size() - 2].is_list;
        };
        if (!levels_.empty() && levels_.back().column == column && levels_.back().is_list && !is_list &&
            has_map_too())
            levels_.pop_back();
        if (levels_.empty() || levels_.back().column != column)
            return complain(
                column, "nothing above begins in this column",
                fmt::format("entries that belong together begin in one column; those above have {}",
                            fmt::join(columns, ", ")));
        if (levels_.back().is_list != is_list)
            return complain(column, is_list ? "a list item among keys" : "a key in a list",
                            is_list ? "indent it below its key, or leave the '- ' out"
                                    : "a list's entries begin with '- '; a key stands left of them");
        last_line_ = text_.location().line;
        return true;
    }

    YamlText text_;
    std::vector<Level> levels_;
    bool open_ = false;   ///< the last key or '- ' has its value below
    bool ended_ = false;  ///< a '...' was met
    int last_line_ = 0;   ///< where the last entry began
};

}  // namespace

std::optional<Problem> find_layout_mistake(std::string_view text) { return Form{text}.check(); }

}  // namespace davenport::sim
