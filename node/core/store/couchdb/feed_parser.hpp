#pragma once

#include "node/base/chat_message.hpp"
#include "node/base/json_view.hpp"
#include "node/base/policy.hpp"
#include "node/base/presence.hpp"
#include "node/base/time.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// One row of `_changes`.
struct FeedRow {
    std::string id;
    std::optional<base::ChatMessage>
        message;  ///< nothing when it is no chat message, or came without its document
    bool deleted = false;
    std::optional<base::Presence> presence{};     ///< it is some node's word on who is there
    std::optional<StoreNote> note{};              ///< it is a note of the nodes' own
    bool changed = false;                         ///< without its document: it was written more than once
    bool in_conflict = false;                     ///< the document has other leaves beside the winner
    bool no_message = false;                      ///< the document is there, and is no chat message
    std::optional<base::PolicyReading> policy{};  ///< it is a ban or a room's settings
    std::string revision{};                       ///< of a policy's document
};

/// Takes a continuous feed's bytes, cut anywhere, and gives whole rows.
class FeedParser {
public:
    struct Result {
        std::vector<FeedRow> rows;
        std::string seq;  ///< of the last row that has one, or what the feed said as it ended; as it goes
                          ///< back into `since`
        std::vector<std::string> skipped{};  ///< ids of rows that cannot be read; the feed goes on after them
        bool garbage = false;  ///< a whole line that is no row: nothing after it is to be trusted
    };
    /// `seen`: the place in history of documents whose own time cannot be read.
    Result add(std::string_view bytes, base::WallTime seen);
    /// What stands before the next line's end was cut off.
    void reset() { rest_.clear(); }

private:
    bool add_line(std::string_view line, base::WallTime seen, Result& result);

    std::string rest_;
    base::JsonReader reader_;
};

/// A whole answer of a normal or longpoll feed.
struct FeedPage {
    std::vector<FeedRow> rows;
    std::string last_seq;
    std::vector<std::string> skipped{};  ///< ids of rows that cannot be read
    std::uint64_t pending = 0;           ///< rows behind these; 0 also where the store does not tell
    /// As many as the store gave.
    [[nodiscard]] std::size_t size() const { return rows.size() + skipped.size(); }
};
/// Nothing when `body` is not a page.
std::optional<FeedPage> read_feed_page(std::string_view body, base::WallTime seen);

}  // namespace davenport::node
