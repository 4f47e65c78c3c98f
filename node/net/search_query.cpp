#include "node/net/search_query.hpp"

#include "node/net/search_fold.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node::search {
namespace {

/// What is looked for beyond so many words is left out: each costs a look at all messages that have it, and a
/// thousand bytes of them took seconds.
constexpr std::size_t words_max = 16;

struct Part {
    std::string words;
    bool in_a_row;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// ASCII's signs alone are no word to the tokenizer, and would match nothing.
bool has_word(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
    });
}

std::vector<Part> parts_of(std::string_view text) {
    std::vector<Part> out;
    std::string word;
    bool quoted = false;
    const auto end_word = [&] {
        if (has_word(word)) out.push_back({word, quoted});
        word.clear();
    };
    for (const char c : text) {
        if (c == '"') {
            end_word();
            quoted = !quoted;
        } else if (is_space(c) && !quoted) {
            end_word();
        } else {
            word += c == '\0' ? ' ' : c;
        }
    }
    quoted = false;  // a quotation that is not closed is being typed
    end_word();
    return out;
}

}  // namespace

std::string to_fts5(const base::SearchQuery& query) {
    std::vector<std::string> terms;
    std::size_t words = 0;
    for (const auto& part : parts_of(query.text)) {
        auto folded = fold_query(part.words);
        if (folded.words.size() > words_max - words) {
            folded.words.resize(words_max - words);
            folded.begins = false;
        }
        if (folded.words.empty()) break;
        words += folded.words.size();
        // A single letter begins half of all words: it stands for itself.
        const bool begins = folded.begins || (!part.in_a_row && part.words.size() > 1);
        auto term = fmt::format("{{user text}} : \"{}\"{}", fmt::join(folded.words, " "), begins ? " *" : "");
        if (std::ranges::find(terms, term) == terms.end()) terms.push_back(std::move(term));
    }
    auto out = fmt::format("{}", fmt::join(terms, " AND "));
    if (!out.empty() && !query.room.empty())
        out = fmt::format("room : \"{}\" AND {}", room_word(query.room), out);
    return out;
}

std::string room_word(std::string_view room) {
    std::string out = "r";
    for (const char c : room)
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    return out;
}

std::int64_t place_of(std::string_view position) {
    const auto parts = base::parse_message_id("x:" + std::string{position});
    return parts ? parts->unix_ms << 16 | parts->counter : 0;
}

}  // namespace davenport::node::search
