#pragma once

#include "node/base/chat_message.hpp"
#include "node/core/config.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace davenport::node {

/// What base::is_room_name() asks for, as people are told it.
inline constexpr std::string_view room_name_rule =
    "a room's name is 1 to 64 of a-z, 0-9, '-', '_' and '.', and begins with a letter or a digit";

/// A post as a client sent it, by whichever way.
struct Draft {
    std::string_view room, user, key, text,
        host;                   ///< `host` empty: this node is the first that it is sent to
    std::string_view secret{};  ///< by which its author proves later that it is his; empty: he cannot
};

/// Why a post is not taken; nothing of it is kept.
struct Refusal {
    std::string_view code;
    std::string reason;
    std::int64_t retry_ms = 0;  ///< the same post may be repeated after that time; 0: never
    std::size_t max = 0;        ///< the bound that it exceeds
    std::string until{};        ///< of a ban: when it ends, ISO 8601; empty: it does not end
};

/// A post whose form is right: it is known which message it is.
struct GoodPost {
    base::ChatMessage message;
    base::WallTime said;  ///< the key's time
};

/// A text that people can read, and a node can keep.
bool is_message_text(std::string_view text);
/// A secret that nobody guesses: 16 to 128 bytes of UTF-8.
bool is_secret(std::string_view secret);

/// Reads a post. What could make its form unacceptable is looked at here, before anything is promised. Pure.
/// `full_ids_from`: of the chat.
std::variant<GoodPost, Refusal> read_post(const ChatConfig& config, const Draft& draft,
                                          base::FullIdsFrom full_ids_from);

/// The rules for a message that nobody knows yet. A repeat of a known one is answered as a repeat, whatever a
/// rule would say of it today. Pure.
struct Judgement {
    enum class Verdict {
        good,
        /// Taken only as a repeat, and only the store can tell whether it is one; else `refusal` stands.
        only_if_known,
        refused,
    } verdict;
    Refusal refusal{};
};
Judgement judge_post(const ChatConfig& config, const GoodPost& post, base::WallTime now);
/// The part of it that is about the key alone. `what`: a message, or a change. `replaced`: the key of the
/// change that this one takes the place of, if there is one. It may come from a clock that was ahead; who
/// knows it and wants something else has to be above it all the same.
Judgement judge_key(base::WallTime said, base::WallTime now, std::string_view what,
                    std::string_view replaced = {});

}  // namespace davenport::node
