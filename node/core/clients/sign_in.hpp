#pragma once

#include "node/core/clients/failed_tries.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/clients/token_bucket.hpp"
#include "node/core/config.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::node {

/// Who a client is, where people have to be somebody (`--auth couchdb`).
///
/// The store is asked once, at the sign-in, with the person's own name and password;
/// then a cookie says who it is, to every node with the same secret, store up or down. Nothing is remembered
/// here.
class SignIn {
public:
    SignIn(const ChatConfig& config, Store& store);

    [[nodiscard]] bool required() const { return !config_->auth_secret.empty(); }
    /// The name that a request's Cookie header vouches for; nothing when there is none, or it is no good.
    [[nodiscard]] std::optional<std::string> who(std::string_view cookies, base::WallTime now) const;

    void begin(Turn& turn, ExchangeId exchange, const std::string& address,
               const http_api::BeginSession& call);
    [[nodiscard]] base::HttpResponse state(std::string_view cookies, base::WallTime now) const;
    [[nodiscard]] base::HttpResponse end() const;

private:
    [[nodiscard]] base::HttpResponse signed_in(const std::string& name, base::WallTime now) const;
    [[nodiscard]] std::string cookie(std::string_view value, base::Duration lifetime) const;

    const ChatConfig* config_;
    Store* store_;
    std::size_t under_way_ = 0;  ///< passwords that the store is asked about
    std::unordered_map<std::string, TokenBucket>
        tries_;  ///< by address and name: behind a proxy all have one address
    FailedTries failures_;
    std::vector<std::string> own_names_;  ///< the node's own accounts in its stores
};

}  // namespace davenport::node
