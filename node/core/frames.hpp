#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/search.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

/// The frames that a node sends (node/PROTOCOL.md), written as text at once: this is the hot path.
namespace davenport::node::frames {

/// A message's object as it stands in `message` frames, in pages and in the REST API; without the closing
/// brace when `open`.
void append_message(std::string& out, const base::ChatMessage& message, std::uint64_t n, bool late);

/// What of a message stands in a page: the same members without `t`, `n` and `late`.
void append_page_item(std::string& out, const base::ChatMessage& message);

/// `signed_in`: as whom, where people have to sign in; null where they have not to.
std::string welcome(std::string_view node, std::string_view journal, base::WallTime now, bool store_up,
                    std::size_t backlog, std::size_t text_bytes_max, const std::string* signed_in);
std::string joined(std::string_view room, std::string_view cursor, std::uint64_t n, bool gap);
std::string gap_closed(std::string_view room);
std::string cursor(std::string_view room, std::string_view cursor, std::uint64_t n);
std::string accepted(std::string_view key, std::string_view id);
std::string stored(std::string_view key, std::string_view id);
std::string failed(std::string_view key, std::string_view id, std::string_view reason);
std::string refused(std::string_view key, std::string_view code, std::string_view reason,
                    std::int64_t retry_ms);
std::string store(bool up, std::size_t backlog);
/// Who is in a room; the first `most` names, and how many there are.
std::string people(std::string_view room, const std::set<std::string>& names, std::size_t most);
/// The answer to a search; `framed`: with `t`, else as the HTTP API gives it.
std::string found(const base::SearchQuery& query, const base::SearchAnswer& answer, bool framed);
std::string bye(std::string_view reason);
std::string error(std::string_view reason);
std::string pong(base::WallTime now);

}  // namespace davenport::node::frames
