#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/message_id.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What may become of a message after it was said: it is edited, again and again, and it is removed. Pure
/// functions; all nodes come to the same end in whatever order they learn of changes.
namespace davenport::base {

/// The key of a removal that no client made: the document was deleted, purged or emptied in the store. The
/// highest key there is, so that a removal whose maker is known counts before it.
inline constexpr std::string_view removed_in_store = "FZZZZZZZZZZZZ";

/// Which of two states of one message counts: the greater one. A removal is above every edit; of two edits
/// the higher key, of two removals the lower one. Equal keys, as of two edits by hand in two stores: by
/// make_seal(), or by who removed it.
std::strong_ordering compare_states(const ChatMessage& a, const ChatMessage& b);

/// The message with another text, by the edit with this key.
ChatMessage edited(const ChatMessage& message, const MessageKey& key, std::string_view text);
/// The message without its text. `by`: who removes it.
ChatMessage removed(const ChatMessage& message, const MessageKey& key, std::string_view by);
/// The message as it is after it was deleted or purged in the store.
ChatMessage removed_by_store(const ChatMessage& message);

/// All that is known of a message that was gone from the store before this node had it; nothing when `id` is
/// no message's. It has no user.
std::optional<ChatMessage> gone_unknown(std::string_view id);

/// Both bear one id, neither was ever changed, and they say different things: two texts with one hash, or a
/// document that was made by hand. One of the two is not that message.
bool contradict(const ChatMessage& a, const ChatMessage& b);

/// The message as it is known, with what became of it by `other`, a state of the same message, when that
/// counts more. Its place and its name stay what they are, whatever the other says.
ChatMessage later_of(const ChatMessage& known, const ChatMessage& other);

/// A state as clients compare it, as byte strings: the greater one counts, and "" is a message as it was
/// said. Opaque to them.
std::string version_of(const ChatMessage& message);
/// The moment of an edit or a removal with this key; the epoch when the key has none.
std::int64_t unix_ms_of_change(std::string_view key);

/// Stands in a document beside the key of its edit, and fits that key and text alone: a text that somebody
/// changed by hand is told from one that a node wrote.
std::string make_seal(std::string_view id, std::string_view key, std::string_view text);
/// What a document shows of its author's secret: who knows the secret may change the message. Of this message
/// alone: equal secrets of two messages have different proofs.
std::string make_proof(std::string_view id, std::string_view secret);

/// The number in front of a revision ("3-..."); 0 when there is none.
std::uint64_t revision_number(std::string_view revision);
/// The key of a message itself, from its place in history.
MessageKey key_of_position(std::string_view position);
/// The key of an edit that no client made, and that is the document's revision `number`; `before`: the key
/// that the document shows.
std::string key_of_revision(const MessageKey& before, std::uint64_t number);

}  // namespace davenport::base
