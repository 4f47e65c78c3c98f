#include "node/core/store/couchdb/account_reader.hpp"

#include "node/base/digest.hpp"
#include "node/base/json_view.hpp"

#include <algorithm>
#include <utility>

namespace davenport::node {
namespace {

using Names = std::set<std::string, std::less<>>;

void add_strings(const std::optional<base::JsonView>& list, Names& into) {
    if (!list) return;
    list->each_item([&](const base::JsonView& item) {
        if (const auto text = item.string()) into.emplace(*text);
    });
}

/// A password's salt is drawn anew with each change. Hashed: the mark goes out in cookies.
std::string mark_of(const base::JsonView& user) {
    return base::base64url_encode(base::sha256(base::text_member(user, "salt") + '\n' +
                                               base::text_member(user, "derived_key") + '\n' +
                                               base::text_member(user, "password_sha")))
        .substr(0, 16);
}

}  // namespace

std::optional<Admission> Admission::read(std::string_view security) {
    base::JsonReader reader;
    const auto object = reader.read(security);
    if (!object || !object->is_object()) return std::nullopt;
    Admission out;
    Names members, admins;
    for (const auto* part : {"members", "admins"}) {
        const auto found = object->member(part);
        if (!found) continue;
        add_strings(found->member("names"), out.names_);
        add_strings(found->member("roles"), out.roles_);
        if (std::string_view{part} == "members") {
            members = out.names_;
            members.insert(out.roles_.begin(), out.roles_.end());
        }
    }
    members.erase("_admin");
    out.for_all_ = members.empty();
    return out;
}

bool Admission::admits(std::string_view name, const Names& roles) const {
    return for_all_ || names_.contains(name) ||
           std::ranges::any_of(roles, [&](const auto& role) { return roles_.contains(role); });
}

FetchId AccountReader::ask(Turn& turn, base::HttpRequest request, RequestTable::OnReply on_reply) {
    return requests_->send(turn, RequestOwner::sign_in, std::move(request),
                           {.timeout = config_->request_timeout, .tells_health = false}, std::move(on_reply));
}

FetchId AccountReader::read(Turn& turn, std::vector<std::string> names, Store::OnAccounts on_accounts) {
    return ask(
        turn, api_->get_security(),
        [this, names = std::move(names), on_accounts = std::move(on_accounts)](Turn& t, const Reply& reply) {
            const auto admission = reply.response && reply.response->status == 200
                                       ? Admission::read(reply.response->body)
                                       : std::nullopt;
            if (admission)
                read_users(t, *admission, names, on_accounts);
            else
                on_accounts(t, Store::AccountsAnswer::no_answer, {});
            return true;
        });
}

void AccountReader::read_users(Turn& turn, const Admission& admission, const std::vector<std::string>& names,
                               Store::OnAccounts on_accounts) {
    ask(turn, api_->get_users(names),
        [admission, names, on_accounts = std::move(on_accounts)](Turn& t, const Reply& reply) {
            using Answer = Store::AccountsAnswer;
            const int status = reply.response ? reply.response->status : 0;
            if (status != 200) {
                on_accounts(t, status == 401 || status == 403 ? Answer::not_allowed : Answer::no_answer, {});
                return true;
            }
            base::JsonReader reader;
            const auto body = reader.read(reply.response->body);
            const auto rows = body ? body->member("rows") : std::nullopt;
            std::vector<Store::Account> accounts;
            if (rows)
                rows->each_item([&](const base::JsonView& row) {
                    if (accounts.size() == names.size()) return;
                    Store::Account account{names[accounts.size()], false, false, {}};
                    const auto user = row.member("doc");
                    if (user && user->is_object() && !base::bool_member(*user, "_deleted")) {
                        Names roles;
                        add_strings(user->member("roles"), roles);
                        account.exists = true;
                        account.admitted = admission.admits(account.name, roles);
                        account.mark = mark_of(*user);
                        account.roles = std::move(roles);
                    }
                    accounts.push_back(std::move(account));
                });
            const bool whole = accounts.size() == names.size();
            on_accounts(t, whole ? Answer::told : Answer::no_answer, accounts);
            return true;
        });
}

}  // namespace davenport::node
