#pragma once

#include <compare>
#include <cstdint>
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

/// The document id of a message: "<room>:<26 letters of Crockford base32>". The letters are 48 bits of
/// milliseconds, 16 bits of counter and 64 bits of SHA-256 over room, sender, key and text, so that a retry
/// by any way is the same document, an equal id is an equal message, and ids of a room sort by time. Pure:
/// nothing but the arguments.
std::string make_message_id(std::string_view room, std::string_view user, const MessageKey& key,
                            std::string_view text);

/// A document id taken apart.
struct MessageIdParts {
    std::string_view room;     ///< points into the id
    std::string_view letters;  ///< the 26 letters
    std::int64_t unix_ms;
    std::uint16_t counter;
};

/// Nothing when `id` is not of our form (then it was written by somebody else).
std::optional<MessageIdParts> parse_message_id(std::string_view id);

/// The place in history of a document that somebody else wrote: our 26 letters made from its time and a hash
/// of its
/// `_id`. Never used as a document id.
std::string make_foreign_letters(std::int64_t unix_ms, std::string_view document_id);

}  // namespace davenport::base
