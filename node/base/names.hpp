#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace davenport::base {

/// The longest name of a person, in letters (Unicode code points).
inline constexpr std::size_t name_letters_max = 64;

/// A person's name as everybody writes it, or why it is invalid.
struct PreparedName {
    std::string text;
    std::string_view problem{};  ///< in words that say what to do; empty when the name is good
    std::size_t max = 0;         ///< the bound that it exceeds, if that is the problem
};

/// Prepares a name by the Nickname profile of RFC 8266 (RFC 8265's siblings): spaces of all kinds are one
/// plain space, and none stands at either end; compatible forms are one (NFKC); control and invisible
/// characters are refused, and so is a name of which nothing can be seen. A prepared name is prepared
/// already. Pure.
///
/// Joiners stay where they shape a letter or an emoji: between two visible characters.
PreparedName prepare_name(std::string_view text);

/// A name as names are compared: prepared, and without regard to case. Names that people take for one are
/// equal here. An invalid name is only lower-cased. Pure.
std::string folded_name(std::string_view text);

/// What a name looks like, as written and in small letters: its skeletons by Unicode Technical Standard 39.
struct NameLooks {
    std::string as_written, small;
    friend bool operator==(const NameLooks&, const NameLooks&) = default;
};

/// Two names of which either look is equal are taken for one another: "ann" and "\u0430nn" with a Cyrillic
/// letter, "modern" and "modem", "Ill" and "lll", "ANN" and "ann". Pure.
NameLooks looks_of(std::string_view name);

}  // namespace davenport::base
