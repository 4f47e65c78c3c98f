#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::base {

/// What a client makes once for each message and repeats with every retry of it.
///
/// Its text form is 13 letters of Crockford base32 (48 bits of milliseconds, 16 bits of counter) and, after a
/// '-', up to 32 letters, digits or '_' of the client's own: without those, two namesakes who say the same in
/// the same millisecond would be one.
struct MessageKey {
    std::int64_t unix_ms = 0;   ///< at most 48 bits
    std::uint16_t counter = 0;  ///< tells the messages of one millisecond apart, in the order said
    std::string nonce;

    [[nodiscard]] std::string text() const;
    /// Nothing when `text` has not that form. Letters are read in either case.
    static std::optional<MessageKey> parse(std::string_view text);
};

/// How much of its hash an id shows. Who wants to finds two texts with one brief id, in some 2^32 tries; two
/// with one full id take 2^64.
enum class IdForm {
    brief,  ///< 26 letters, 64 bits of them of the hash: as all nodes of version 0.1 make them
    full,   ///< 39 letters, 129 bits of the hash: the letters of the brief one, and 13 more
};

/// The document id of a message: "<room>:<letters of Crockford base32>". The letters are 48 bits of
/// milliseconds, 16 bits of counter and the first bits of SHA-256 over room, sender, key and text, so that a
/// retry by any way is the same document, an equal id is an equal message, and ids of a room sort by time.
/// Pure: nothing but the arguments.
std::string make_message_id(std::string_view room, std::string_view user, const MessageKey& key,
                            std::string_view text, IdForm form = IdForm::full);

/// The brief id of the message that has this full one; empty when `id` is not a full one.
std::string_view brief_id_of(std::string_view id);

/// The time, in milliseconds since 1970, from which on a chat's ids are full ones, by their keys' time. A
/// function of the key: so all nodes that know it make one id of a message.
using FullIdsFrom = std::int64_t;
inline constexpr FullIdsFrom full_ids_always = 0;
inline constexpr FullIdsFrom full_ids_never = std::numeric_limits<std::int64_t>::max();
inline IdForm id_form(std::int64_t unix_ms_of_key, FullIdsFrom from) {
    return unix_ms_of_key >= from ? IdForm::full : IdForm::brief;
}

/// A document id taken apart.
struct MessageIdParts {
    std::string_view room;     ///< points into the id
    std::string_view letters;  ///< 26 or 39
    std::int64_t unix_ms;
    std::uint16_t counter;
};

/// Nothing when `id` has neither of our forms (then it was written by somebody else).
std::optional<MessageIdParts> parse_message_id(std::string_view id);

/// The place in history of a document that somebody else wrote: 26 letters made from its time and a hash of
/// its `_id`. Never used as a document id.
std::string make_foreign_letters(std::int64_t unix_ms, std::string_view document_id);

}  // namespace davenport::base
