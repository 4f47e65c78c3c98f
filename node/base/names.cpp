#include "node/base/names.hpp"

#include "node/base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

namespace davenport::base {
namespace {

constexpr std::size_t bytes_max = 4096;  // what is longer is no name, and is not looked at
constexpr std::string_view too_long = "a name has at most 64 letters: choose a shorter one";

/// Most names: printable ASCII, and no space that would be folded.
bool is_plain(std::string_view text) {
    return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
           text.find("  ") == std::string_view::npos &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_joiner(UChar32 c) { return c == 0x200C || c == 0x200D || c == 0xFE0E || c == 0xFE0F; }

/// Takes room or none, and shows nothing: U+2800 is a letter of Braille without dots.
bool is_blank(UChar32 c) { return u_isUWhiteSpace(c) || c == 0x2800; }

bool is_forbidden(UChar32 c) {
    switch (u_charType(c)) {
        case U_CONTROL_CHAR:
        case U_UNASSIGNED:
        case U_SURROGATE:
        case U_PRIVATE_USE_CHAR:
        case U_LINE_SEPARATOR:
        case U_PARAGRAPH_SEPARATOR:
            return true;
        default:
            return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
                   u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL) || u_charType(c) == U_FORMAT_CHAR;
    }
}

bool is_visible(UChar32 c) {
    const auto type = u_charType(c);
    return !is_blank(c) && !is_joiner(c) && type != U_NON_SPACING_MARK && type != U_ENCLOSING_MARK;
}

/// One plain space for every run of spaces, and none at the ends.
icu::UnicodeString fold_spaces(const icu::UnicodeString& text) {
    icu::UnicodeString out;
    bool space = false;
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        const auto c = text.char32At(i);
        if (u_charType(c) == U_SPACE_SEPARATOR) {
            space = true;
            continue;
        }
        if (std::exchange(space, false) && !out.isEmpty()) out.append(UChar32{' '});
        out.append(c);
    }
    return out;
}

/// By ICU's table of confusable characters; what it cannot take looks like nothing else.
std::string skeleton_of(std::string_view text) {
    static const auto checker = [] {
        UErrorCode error = U_ZERO_ERROR;
        return icu::LocalUSpoofCheckerPointer{uspoof_open(&error)};
    }();
    std::string out(text.size() * 2 + 16, '\0');
    for (int tries = 0; checker.isValid() && tries < 2; ++tries) {
        UErrorCode error = U_ZERO_ERROR;
        const auto size =
            uspoof_getSkeletonUTF8(checker.getAlias(), 0, text.data(), static_cast<std::int32_t>(text.size()),
                                   out.data(), static_cast<std::int32_t>(out.size()), &error);
        if (error == U_BUFFER_OVERFLOW_ERROR) {
            out.resize(static_cast<std::size_t>(size));
            continue;
        }
        if (U_FAILURE(error)) break;
        out.resize(static_cast<std::size_t>(size));
        return out;
    }
    return std::string{text};
}

}  // namespace

PreparedName prepare_name(std::string_view text) {
    if (text.size() <= name_letters_max && is_plain(text)) return {std::string{text}};
    if (text.size() > bytes_max) return {{}, too_long, name_letters_max};
    if (!is_utf8(text)) return {{}, "a name is text in UTF-8: write it again"};
    UErrorCode error = U_ZERO_ERROR;
    const auto* nfkc = icu::Normalizer2::getNFKCInstance(error);
    const auto given = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
    // A compatible form may have spaces of its own, and what is folded may combine anew.
    const auto name = fold_spaces(nfkc->normalize(fold_spaces(given), error));
    if (U_FAILURE(error)) return {{}, "a name is text in UTF-8: write it again"};
    bool visible = false;
    UChar32 before = ' ';
    for (std::int32_t i = 0; i < name.length(); i = name.moveIndex32(i, 1)) {
        const auto c = name.char32At(i);
        const auto next = name.moveIndex32(i, 1);
        if (is_joiner(c)) {
            const bool is_selector = c >= 0xFE00;
            const bool shapes = !is_blank(before) && !is_joiner(before) &&
                                (is_selector || (next < name.length() && !is_blank(name.char32At(next))));
            if (!shapes && !(c == 0x200D && before == 0xFE0F && next < name.length()))
                return {{}, "a name has no invisible characters: leave them out"};
        } else if (is_forbidden(c)) {
            return {{}, "a name has no invisible or control characters: leave them out"};
        }
        visible |= is_visible(c);
        before = c;
    }
    if (!visible) return {{}, "a name has something that can be seen: choose one"};
    if (static_cast<std::size_t>(name.countChar32()) > name_letters_max)
        return {{}, too_long, name_letters_max};
    PreparedName out;
    name.toUTF8String(out.text);
    return out;
}

std::string folded_name(std::string_view text) {
    auto name = prepare_name(text);
    auto out = name.problem.empty() ? std::move(name.text) : std::string{text};
    const bool is_ascii = std::ranges::all_of(out, [](char c) { return c >= 0; });
    if (is_ascii) {
        std::ranges::transform(out, out.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        return out;
    }
    UErrorCode error = U_ZERO_ERROR;
    const auto* nfkc = icu::Normalizer2::getNFKCInstance(error);
    auto folded = icu::UnicodeString::fromUTF8({out.data(), static_cast<std::int32_t>(out.size())});
    folded = nfkc->normalize(folded.foldCase(), error);
    if (U_FAILURE(error)) return out;
    out.clear();
    folded.toUTF8String(out);
    return out;
}

NameLooks looks_of(std::string_view name) {
    if (name.size() > bytes_max) return {std::string{name}, std::string{name}};
    return {skeleton_of(name), skeleton_of(folded_name(name))};
}

}  // namespace davenport::base
