#pragma once

#include "sim/scenario/problem.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim {

struct Token {
    std::string_view text;  ///< empty at the end
    int column = 0;         ///< in the line, from 0
};

/// Takes an expression apart: words, parentheses, relations.
class Tokens {
public:
    Tokens(std::string_view text, Location at, std::vector<Problem>& problems)
        : text_{text}, at_{at}, problems_{problems} {
        advance();
    }

    [[nodiscard]] const Token& now() const { return now_; }
    [[nodiscard]] bool at_end() const { return now_.text.empty(); }

    Token take() {
        const auto taken = now_;
        advance();
        return taken;
    }
    bool take_if(std::string_view text) {
        if (now_.text != text) return false;
        advance();
        return true;
    }
    /// Where now() stands in the file.
    [[nodiscard]] Location place() const { return {at_.line, at_.column + now_.column}; }
    void complain(const Token& token, std::string message, std::string hint = {}) {
        problems_.push_back({{at_.line, at_.column + token.column}, std::move(message), std::move(hint)});
    }

private:
    static bool in_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '.' || c == '-' || c == '%' || c == '#' || (static_cast<unsigned char>(c) & 0x80) != 0;
    }

    void advance() {
        while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
        const auto begin = position_;
        if (begin < text_.size()) {
            if (in_word(text_[begin])) {
                while (position_ < text_.size() && in_word(text_[position_])) ++position_;
            } else {
                ++position_;
                const bool relation = text_[begin] == '<' || text_[begin] == '>' || text_[begin] == '=';
                if (relation && position_ < text_.size() && text_[position_] == '=') ++position_;
            }
        }
        now_ = {text_.substr(begin, position_ - begin), static_cast<int>(begin)};
    }

    std::string_view text_;
    Location at_;
    std::vector<Problem>& problems_;
    std::size_t position_ = 0;
    Token now_;
};

inline bool contains(const std::vector<std::string_view>& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
}

}  // namespace davenport::sim
