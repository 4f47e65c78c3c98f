#pragma once

#include "node/core/clients/access.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/turn.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::node {

/// Looks up what was said, for sessions (by frames) and for HTTP requests.
///
/// A session has one search under way; of those that it asks for meanwhile, as somebody types, the newest
/// waits and the others are dropped. What is found in rooms that who asks may not read is left out. HTTP
/// requests beyond `searches_max` are refused.
class SearchHandler {
public:
    SearchHandler(Sessions& sessions, const Access& access) : sessions_{&sessions}, access_{&access} {}

    void ask(Turn& turn, const Session& session, base::SearchQuery query);
    /// False when too many are under way.
    bool ask(Turn& turn, ExchangeId exchange, std::string_view person, base::SearchQuery query);
    void found(Turn& turn, SearchId search, base::SearchAnswer answer);
    void closed(SessionId session) { waiting_.erase(session); }

    static constexpr std::size_t searches_max = 100;

private:
    struct Asked {
        SessionId session = 0;  ///< 0: the exchange
        ExchangeId exchange = 0;
        std::string person;
        base::SearchQuery query;
    };
    void begin(Turn& turn, Asked asked);

    Sessions* sessions_;
    const Access* access_;
    SearchId last_ = 0;
    std::map<SearchId, Asked> under_way_;
    /// Sessions with a search under way, and what they want to know after it.
    std::map<SessionId, std::optional<base::SearchQuery>> waiting_;
};

}  // namespace davenport::node
