#pragma once

#include "node/core/chat_core.hpp"
#include "node/core/http_api.hpp"
#include "node/core/store_api.hpp"
#include "node/core/store_health.hpp"
#include "node/core/token_bucket.hpp"
#include "node/core/turn.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace davenport::node {

/// Who a client is, where people have to be somebody (`--auth couchdb`).
///
/// The store is asked once, at the sign-in, with the person's own name and password (CouchDB's `_session`);
/// then a cookie says who it is, to every node with the same secret, store up or down. Nothing is remembered
/// here.
class SignIn {
public:
    SignIn(const ChatConfig& config, const StoreApi& api, RequestTable& ids, StoreHealth& link);

    [[nodiscard]] bool required() const { return !config_->auth_secret.empty(); }
    /// The name that a request's Cookie header vouches for; nothing when there is none, or it is no good.
    [[nodiscard]] std::optional<std::string> who(std::string_view cookies, base::WallTime now) const;

    void begin(Turn& turn, ExchangeId exchange, const std::string& address,
               const http_api::BeginSession& call);
    [[nodiscard]] base::HttpResponse state(std::string_view cookies, base::WallTime now) const;
    [[nodiscard]] base::HttpResponse end() const;

    void on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response);
    void on_failed(Turn& turn, FetchId fetch);
    void on_timer(Turn& turn);

private:
    struct Asked {
        ExchangeId exchange;
        std::string name;
        base::Time deadline;
    };
    [[nodiscard]] std::string cookie(std::string_view value, base::Duration lifetime) const;

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* ids_;
    StoreHealth* link_;
    std::map<FetchId, Asked> asked_;
    std::unordered_map<std::string, TokenBucket>
        tries_;  ///< by address and name: behind a proxy all have one address
};

}  // namespace davenport::node
