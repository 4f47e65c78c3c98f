#pragma once

#include "node/base/chat_message.hpp"
#include "node/core/config.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace davenport::node {

/// A post as a client sent it, by whichever way.
struct Draft {
    std::string_view room, user, key, text,
        host;  ///< `host` empty: this node is the first that it is sent to
};

/// Why a post is not taken; nothing of it is kept.
struct Refusal {
    std::string_view code;
    std::string reason;
    std::int64_t retry_ms = 0;  ///< the same post may be repeated after that time; 0: never
};

/// A post that could be taken.
struct GoodPost {
    base::ChatMessage message;
    bool old_key;  ///< older than a day: taken only as a repeat of something known
};

/// All that could make a post unacceptable is looked at here, before anything is promised. Pure.
std::variant<GoodPost, Refusal> check_post(const ChatConfig& config, const Draft& draft, base::WallTime now);

}  // namespace davenport::node
