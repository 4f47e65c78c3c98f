#include "node/net/search_fold.hpp"

#include <algorithm>
#include <utility>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

namespace davenport::node::search {
namespace {

UScriptCode script_of(UChar32 c) {
    UErrorCode error = U_ZERO_ERROR;
    return uscript_getScript(c, &error);
}

bool has_no_spaces(UScriptCode script) {
    switch (script) {
        case USCRIPT_HAN:
        case USCRIPT_HIRAGANA:
        case USCRIPT_KATAKANA:
        case USCRIPT_THAI:
        case USCRIPT_LAO:
        case USCRIPT_KHMER:
        case USCRIPT_MYANMAR:
        case USCRIPT_TIBETAN:
            return true;
        default:
            return false;
    }
}

bool is_mark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

/// Accents, vowel points and cantillation: what people leave out when they type. `base`: the letter before.
bool may_be_left_out(UChar32 mark, UScriptCode base) {
    switch (script_of(mark)) {
        case USCRIPT_INHERITED:
            return base == USCRIPT_LATIN || base == USCRIPT_GREEK || base == USCRIPT_CYRILLIC ||
                   base == USCRIPT_ARABIC || base == USCRIPT_COMMON;
        case USCRIPT_HEBREW:
        case USCRIPT_ARABIC:
        case USCRIPT_SYRIAC:
        case USCRIPT_LATIN:
        case USCRIPT_GREEK:
        case USCRIPT_CYRILLIC:
            return true;
        default:
            return false;
    }
}

icu::UnicodeString without_accents(const icu::UnicodeString& text) {
    icu::UnicodeString out;
    auto base = USCRIPT_COMMON;
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        const auto c = text.char32At(i);
        if (is_mark(c) && may_be_left_out(c, base)) continue;
        if (!is_mark(c)) base = script_of(c);
        out.append(c);
    }
    return out;
}

icu::UnicodeString normalize(std::string_view text) {
    UErrorCode error = U_ZERO_ERROR;
    const auto given = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    const auto folded = icu::Normalizer2::getNFKCCasefoldInstance(error)->normalize(given, error);
    const auto taken_apart = icu::Normalizer2::getNFDInstance(error)->normalize(folded, error);
    return icu::Normalizer2::getNFCInstance(error)->normalize(without_accents(taken_apart), error);
}

std::string utf8(const icu::UnicodeString& text) {
    std::string out;
    text.toUTF8String(out);
    return out;
}

/// A piece of a text: a run of letters of scripts without spaces, each with its marks, or anything else.
struct Piece {
    std::vector<std::string> letters;  ///< of a run
    std::string other;
};

std::vector<Piece> pieces_of(const icu::UnicodeString& text) {
    std::vector<Piece> out;
    for (std::int32_t i = 0; i < text.length();) {
        const auto begin = i;
        const bool in_run = has_no_spaces(script_of(text.char32At(i))) && u_isalpha(text.char32At(i));
        i = text.moveIndex32(i, 1);
        while (i < text.length() && is_mark(text.char32At(i))) i = text.moveIndex32(i, 1);
        auto letter = utf8(text.tempSubStringBetween(begin, i));
        if (out.empty() || out.back().letters.empty() == in_run) out.emplace_back();
        if (in_run)
            out.back().letters.push_back(std::move(letter));
        else
            out.back().other += letter;
    }
    return out;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

std::string fold(std::string_view text) {
    if (is_ascii(text)) return std::string{text};  // the tokenizer knows no case
    std::string out;
    for (const auto& piece : pieces_of(normalize(text))) {
        out += piece.other;
        for (std::size_t i = 0; i < piece.letters.size(); ++i) {
            out += ' ';
            out += piece.letters[i];
            if (i + 1 < piece.letters.size()) out += piece.letters[i + 1];
        }
        if (!piece.letters.empty()) out += ' ';
    }
    return out;
}

FoldedQuery fold_query(std::string_view text) {
    FoldedQuery out;
    const auto add_words =
        [&](std::string_view other) {  // ASCII's spaces are enough: the rest is the tokenizer's
            while (!other.empty()) {
                const auto end = std::min(other.find_first_of(" \t\n\r"), other.size());
                if (end > 0) out.words.emplace_back(other.substr(0, end));
                other.remove_prefix(std::min(end + 1, other.size()));
            }
        };
    if (is_ascii(text)) {
        add_words(text);
        return out;
    }
    auto normalized = normalize(text);
    normalized.findAndReplace(icu::UnicodeString{UChar32{'"'}},
                              icu::UnicodeString{UChar32{' '}});  // a wide one was
    const auto pieces = pieces_of(normalized);
    for (const auto& piece : pieces) {
        add_words(piece.other);
        const bool is_last = &piece == &pieces.back();
        const auto count = piece.letters.size();
        for (std::size_t i = 0; i + 1 < count; ++i)
            out.words.push_back(piece.letters[i] + piece.letters[i + 1]);
        if (count == 0 || (is_last && count > 1)) continue;
        out.words.push_back(piece.letters.back());
        out.begins = is_last;
    }
    return out;
}

}  // namespace davenport::node::search
