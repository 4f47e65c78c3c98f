#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/base/time.hpp"

namespace base {

/// One message of the chat, as it stands in the store and in every journal.
struct ChatMessage {
    std::string id;        ///< the document's `_id`
    std::string room;
    std::string position;  ///< 26 letters that order a room's history: the id's own, or made for a foreign document
    std::string user;
    std::string text;
    std::string datetime;  ///< as written by whoever wrote it
    std::string host;      ///< the node that the message was first sent to

    friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// The room of documents whose `_id` is not of our form.
inline constexpr std::string_view default_room = "lobby";

/// A message as it is first made: `datetime` is the key's time. All that a retry through another node would make otherwise is kept out.
ChatMessage make_message(std::string_view room, std::string_view user, const MessageKey& key,
                         std::string_view text, std::string_view host);

/// The document's JSON text with `_id`, the article's four fields and nothing else, always the same bytes for
/// the same message (so its first revision is the same everywhere).
std::string to_document(const ChatMessage& message);

/// Reads a document of the store. Nothing when it is not a chat message: deleted, a design document, a presence document, or
/// without the article's `user` and `msg` as strings. A datetime that cannot be read puts a foreign document at `now`'s place: the caller
/// gives the time at which it was seen.
std::optional<ChatMessage> from_document(const JsonView& document, WallTime seen);

}  // namespace base
