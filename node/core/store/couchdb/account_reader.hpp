#pragma once

#include "node/core/config.hpp"
#include "node/core/store/couchdb/request_table.hpp"
#include "node/core/store/couchdb/store_api.hpp"
#include "node/core/store/store.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// Whom a database lets in, as its `_security` says. Pure.
///
/// As CouchDB makes it, only the server's administrators may read a database: such a one admits everybody who
/// has an account, through a node alone. As soon as somebody is named, those are admitted and no others.
class Admission {
public:
    static std::optional<Admission> read(std::string_view security);
    [[nodiscard]] bool admits(std::string_view name, const std::set<std::string, std::less<>>& roles) const;

private:
    bool for_all_ = true;
    std::set<std::string, std::less<>> names_, roles_;
};

/// Reads how accounts stand: `_security` of the chat's database, then the documents of `_users`, which only
/// an administrator's account may read.
class AccountReader {
public:
    AccountReader(const ChatConfig& config, const StoreApi& api, RequestTable& requests)
        : config_{&config}, api_{&api}, requests_{&requests} {}

    FetchId read(Turn& turn, std::vector<std::string> names, Store::OnAccounts on_accounts);

private:
    void read_users(Turn& turn, const Admission& admission, const std::vector<std::string>& names,
                    Store::OnAccounts on_accounts);
    FetchId ask(Turn& turn, base::HttpRequest request, RequestTable::OnReply on_reply);

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* requests_;
};

}  // namespace davenport::node
