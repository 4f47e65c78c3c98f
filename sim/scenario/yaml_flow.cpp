#include "sim/scenario/yaml_flow.hpp"

#include <fmt/format.h>

namespace davenport::sim {
namespace {

class Flow {
public:
    Flow(YamlText& text, int parent_column) : text_{text}, parent_column_{parent_column} {}

    bool skip() {
        for (;;) {
            if (text_.at_end()) return not_closed();
            if (text_.column() >= text_.line().size()) {
                text_.next_line();
                if (!begin_line()) return false;
                continue;
            }
            if (!step()) return false;
            if (open_.empty()) return true;
        }
    }

private:
    /// A '[' or '{' that is open.
    struct Bracket {
        char opener;
        Location location;
        bool has_value = false;  ///< since the last comma: a scalar or a bracket that is closed
        bool has_colon = false;
        std::optional<Location> tight_colon{};  ///< a ':' within a word
    };

    bool not_closed() {
        const auto& bracket = open_.back();
        return text_.complain(bracket.location,
                              fmt::format("'{}' is not closed before {}", bracket.opener,
                                          text_.at_end() ? "the end of the file" : "the next key"),
                              fmt::format("a '{}' is missing", closer_of(bracket.opener)));
    }

    static char closer_of(char opener) { return opener == '[' ? ']' : '}'; }

    /// False when the line belongs to something else, so that the bracket was forgotten.
    bool begin_line() {
        word_ = false;
        if (text_.at_end()) return not_closed();
        const auto first = text_.line().find_first_not_of(" \t");
        if (first == std::string_view::npos || text_.is_comment_at(first)) {
            text_.move_to(text_.line().size());
            return true;
        }
        text_.move_to(first);
        const bool closes = text_.peek() == ']' || text_.peek() == '}';
        const bool is_marker = first == 0 && (text_.line().starts_with("---") || text_.line() == "...");
        if (is_marker || (!closes && static_cast<int>(first) <= parent_column_)) return not_closed();
        return true;
    }

    bool step() {
        const char c = text_.peek();
        if (YamlText::is_blank(c)) {
            text_.move();
        } else if (text_.is_comment_at(text_.column())) {
            text_.move_to(text_.line().size());
        } else if (c == '[' || c == '{') {
            if (!begin_value()) return false;
            open_.push_back({c, text_.location()});
            text_.move();
        } else if (c == ']' || c == '}') {
            return close(c);
        } else if (c == ',') {
            if (!end_entry()) return false;
            text_.move();
        } else if (c == ':' && (!word_ || ends_key(text_.peek(1)))) {
            return pass_colon();
        } else if (c == '?' && !word_ && YamlText::ends_word(text_.peek(1))) {
            return text_.complain(text_.location(), "a key must be a word", "leave the '?' out");
        } else if ((c == '"' || c == '\'') && !word_) {
            return begin_value() && text_.skip_quoted();
        } else {
            if (!word_ && !begin_value()) return false;
            if (c == ':') open_.back().tight_colon = text_.location();
            word_ = true;
            text_.move();
        }
        return true;
    }

    static bool ends_key(char c) {
        return YamlText::ends_word(c) || c == ',' || c == ']' || c == '}' || c == '[' || c == '{';
    }

    bool begin_value() {
        if (open_.empty()) return true;
        auto& bracket = open_.back();
        if (bracket.has_value)
            return text_.complain(text_.location(), "a ',' is missing before this",
                                  "as in [a, b] or { a: 1, b: 2 }");
        bracket.has_value = true;
        return true;
    }

    bool pass_colon() {
        auto& bracket = open_.back();
        if (bracket.has_colon)
            return text_.complain(
                text_.location(), "a second ':' in one entry",
                "a ',' is missing before it, or a text with ': ' in it stands between no quotes");
        bracket.has_colon = true;
        bracket.has_value = false;
        word_ = false;
        text_.move();
        return true;
    }

    bool end_entry() {
        auto& bracket = open_.back();
        if (bracket.opener == '{' && !bracket.has_colon && bracket.tight_colon)
            return text_.complain(*bracket.tight_colon, "a blank is missing after ':'",
                                  "as in { key: value }");
        bracket.has_value = bracket.has_colon = word_ = false;
        bracket.tight_colon.reset();
        return true;
    }

    bool close(char closer) {
        const auto& bracket = open_.back();
        if (closer != closer_of(bracket.opener))
            return text_.complain(text_.location(),
                                  fmt::format("'{}' where '{}' is open, from line {}, column {}", closer,
                                              bracket.opener, bracket.location.line, bracket.location.column),
                                  fmt::format("close it with '{}' first", closer_of(bracket.opener)));
        if (!end_entry()) return false;
        open_.pop_back();
        text_.move();
        return true;
    }

    YamlText& text_;
    int parent_column_;
    std::vector<Bracket> open_;
    bool word_ = false;  ///< within a word that stands between no quotes
};

}  // namespace

bool skip_flow(YamlText& text, int parent_column) { return Flow{text, parent_column}.skip(); }

}  // namespace davenport::sim
