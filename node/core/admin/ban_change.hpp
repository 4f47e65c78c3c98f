#pragma once

#include "node/base/policy.hpp"
#include "node/base/time.hpp"
#include "node/core/admin/document_change.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The documents of bans, as an operator sees and changes them. Pure functions, for DocumentChange.
namespace davenport::node {

/// All bans of a chat, as nodes judge them: of several documents about one ban the one with the highest key
/// counts.
struct BansFound {
    std::vector<base::Ban> bans;        ///< that count, lifted and past ones included; by name, then by room
    std::vector<std::string> nonsense;  ///< of each document that counts for nothing: its id, and why
};
BansFound read_bans(const std::vector<StoreDocument>& documents);

/// Makes `ban` count, whichever ban of this name in this room there was. Nothing when that one is the same,
/// and in force. Of `ban.lifted` the rest but `by` is as it was. Errors: AdminError.
std::optional<StoreDocument> write_ban(const std::vector<StoreDocument>& documents, const base::Ban& ban,
                                       base::WallTime now);

/// Why there is nothing to lift, and what could be meant.
AdminError not_banned(const BansFound& found, std::string_view room, std::string_view name,
                      base::WallTime now);

/// "lab", or "all rooms".
std::string room_in_words(std::string_view room);

/// The text of a key at `now`, or one above `above` (of any form; empty: none).
std::string key_above(std::string_view above, base::WallTime now);

}  // namespace davenport::node
