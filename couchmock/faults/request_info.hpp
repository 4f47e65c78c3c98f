#pragma once

#include "node/base/http.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// What a request is about, as far as rules look at it.
struct RequestInfo {
    std::string method;
    std::string path;  ///< decoded, without the query: "/chat/lobby:01"
    std::string database;
    std::string document;  ///< empty for requests that are about no one document
    std::string client;
    bool writes = false;   ///< would change what the store holds
    bool is_bulk = false;  ///< _bulk_docs
    bool reads_attachment = false;
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded
    base::Headers headers;                                   ///< of a feed, and where somebody asks for them

    /// How a `_changes` request wants its rows.
    enum class Feed { none, normal, longpoll, continuous, eventsource };
    Feed feed = Feed::none;
    std::string since;  ///< of a feed, decoded; "0" when not given

    /// Goes on until something changes, or for ever.
    [[nodiscard]] bool is_live_feed() const { return feed == Feed::longpoll || is_endless_feed(); }
    [[nodiscard]] bool is_endless_feed() const {
        return feed == Feed::continuous || feed == Feed::eventsource;
    }
};

/// `with_headers`: somebody may ask for the headers, too.
RequestInfo describe(const base::HttpRequest& request, std::string_view client, bool with_headers = false);

/// `target` with its `since` (or `last-event-id`) replaced.
std::string with_since(std::string_view target, std::string_view since);

/// `text` matches `pattern`, in which '*' stands for anything.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace davenport::couchmock
