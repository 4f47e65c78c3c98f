#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/message_id.hpp"
#include "node/core/clients/post_rules.hpp"
#include "node/core/config.hpp"

#include <string>
#include <variant>

namespace davenport::node {

/// An edit or a removal as a client sent it, by whichever way.
struct ChangeDraft {
    std::string room;  ///< empty: wherever the message is
    std::string id, key;
    std::string text;    ///< of an edit
    std::string secret;  ///< by which the author proves that the message is his; empty: he does not
    std::string user;    ///< whoever is signed in, where people have to be
    bool removes = false;
    bool by_moderator = false;
};

/// A change whose form is right.
struct GoodChange {
    base::MessageKey key;
    std::string key_text;  ///< as documents have it
};

/// Reads a change. What could make its form unacceptable is looked at here. Pure.
std::variant<GoodChange, Refusal> read_change(const ChatConfig& config, const ChangeDraft& draft);

/// Whether the message may be changed so by whoever asks: its author, or for a removal a moderator. Where
/// names are free, the author is who knows the secret; nobody is it by the name alone. Pure.
bool may_change(const ChatConfig& config, const base::ChatMessage& message, const ChangeDraft& draft);

/// The message as the change makes it. Pure.
base::ChatMessage apply_change(const base::ChatMessage& message, const ChangeDraft& draft,
                               const GoodChange& change);
/// The message is as this very change made it: it is a repeat. Pure.
bool is_repeat(const base::ChatMessage& message, const ChangeDraft& draft, const GoodChange& change);

}  // namespace davenport::node
