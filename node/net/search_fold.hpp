#pragma once

#include <string>
#include <string_view>
#include <vector>

/// How texts and queries are brought into one form, so that what people read as the same is found. Pure.
namespace davenport::node::search {

/// A text as the index has it: words without case, compatible forms and accents (those of alphabets only; a
/// vowel sign of Devanagari makes another word). Scripts that put no spaces between words (Chinese, Japanese,
/// Thai, Lao, Khmer, Burmese, Tibetan) become pairs of letters, each a word, and the last letter of a run one
/// of its own: 上海东 is "上海 海东 东". So any stretch of them is found, wherever a word begins.
std::string fold(std::string_view text);

/// The same for something looked for.
struct FoldedQuery {
    std::vector<std::string> words;  ///< they follow one another in a text that has it
    bool begins = false;             ///< the last is a single letter, and begins the pair that it stands in
};
FoldedQuery fold_query(std::string_view text);

}  // namespace davenport::node::search
