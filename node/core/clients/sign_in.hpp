#pragma once

#include "node/core/clients/address_tries.hpp"
#include "node/core/clients/failed_tries.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/clients/members.hpp"
#include "node/core/clients/shared_tries.hpp"
#include "node/core/clients/token_bucket.hpp"
#include "node/core/config.hpp"
#include "node/core/node_counts.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::node {

/// Signing in and out over HTTP, where people have to be somebody (`--auth couchdb`).
///
/// The store is asked once, at the sign-in, with the person's own name and password, and then whether the
/// account may read the chat. From then on a cookie says who it is: see Members.
class SignIn {
public:
    SignIn(const ChatConfig& config, Store& store, Members& members, NodeCounts& counts);

    void begin(Turn& turn, const Requested& request, const http_api::BeginSession& call);
    [[nodiscard]] base::HttpResponse state(const Members::Pass& pass) const;
    /// Ends the sign-in behind `pass` (nullptr: there is none), or all that its name has.
    base::HttpResponse end(Turn& turn, const Members::Pass& pass, bool all, bool secure,
                           std::string_view path);

    // ---- from the store
    void on_note(const StoreNote& note) { shared_.on_note(note); }
    void another_store() { shared_.another_store(); }

private:
    /// A sign-in that is under way.
    struct Try {
        ExchangeId exchange;
        std::string address, name;
        base::Time began;
        bool secure;
        std::string path;  ///< of the cookie
    };

    std::optional<base::HttpResponse> held_back(const Requested& request, const std::string& name,
                                                bool is_known, base::Time now);
    [[nodiscard]] static base::HttpResponse too_many(base::Duration wait);
    void ask(Turn& turn, const Try& one, const std::string& password);
    void answered(Turn& turn, const Try& one, Store::Password password);
    void read_account(Turn& turn, const Try& one);
    void signed_in(Turn& turn, const Try& one, const std::string& mark);
    static std::string cookie(std::string_view value, base::Duration lifetime, bool secure,
                              std::string_view path);

    Store* store_;
    Members* members_;
    NodeCounts* counts_;
    std::size_t under_way_ = 0;  ///< passwords that the store is asked about
    std::unordered_map<std::string, TokenBucket>
        tries_;  ///< by address and name: behind a proxy all have one address
    AddressTries addresses_;
    FailedTries failures_;
    SharedTries shared_;
    std::vector<std::string> own_names_;  ///< the node's own accounts in its stores
};

}  // namespace davenport::node
