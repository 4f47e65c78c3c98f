#include "node/core/clients/account_watch.hpp"

#include <algorithm>

namespace davenport::node {
namespace {

constexpr base::Duration first_look_after = std::chrono::milliseconds{500};  // others come along
constexpr base::Duration forgotten_after = std::chrono::minutes{2};

}  // namespace

void AccountWatch::touch(const base::Credential& credential, base::Time now) {
    if (credential.mark == Store::mark_of_admin || credential.mark.empty()) return;  // nobody can say
    if (names_.size() >= names_max && !names_.contains(credential.name)) names_.erase(names_.begin());
    auto [found, is_new] = names_.try_emplace(credential.name);
    auto& entry = found->second;
    if (is_new) entry.due = now + first_look_after;
    entry.touched = now;
    auto& marks = entry.marks;
    if (std::ranges::find(marks, credential.mark,
                          [](const auto& m) -> const std::string& { return m.first; }) != marks.end())
        return;
    marks.emplace_back(credential.mark, now);
    if (marks.size() > marks_max) marks.pop_front();
    entry.due = std::min(entry.due, now + first_look_after);
}

void AccountWatch::learn(const Store::Account& account, base::Time now) {
    if (names_.size() >= names_max && !names_.contains(account.name)) names_.erase(names_.begin());
    auto [found, is_new] = names_.try_emplace(account.name);
    auto& entry = found->second;
    if (is_new) entry.due = now + ask_every;
    entry.account = account;
    entry.asked_at = entry.touched = now;
}

const Store::Account* AccountWatch::known(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() || !found->second.account ? nullptr : &*found->second.account;
}

bool AccountWatch::refuses(const base::Credential& credential) const {
    const auto found = names_.find(credential.name);
    if (found == names_.end() || !found->second.account) return false;
    const auto& [account, asked_at, due, touched, marks] = found->second;
    const auto mark = std::ranges::find(marks, credential.mark,
                                        [](const auto& m) -> const std::string& { return m.first; });
    // The store's word of before may be older than this sign-in.
    if (mark == marks.end() || asked_at < mark->second) return false;
    return !account->exists || !account->admitted || account->mark != credential.mark;
}

std::optional<base::Time> AccountWatch::next_due() const {
    const auto first = std::ranges::min_element(names_, {}, [](const auto& one) { return one.second.due; });
    return first == names_.end() ? std::nullopt : std::optional{first->second.due};
}

std::vector<std::string> AccountWatch::due(base::Time now, std::size_t most) {
    std::erase_if(names_, [&](const auto& one) { return one.second.touched + forgotten_after < now; });
    std::vector<std::string> out;
    for (const bool known : {false, true})
        for (const auto& [name, entry] : names_)
            if (entry.account.has_value() == known && entry.due <= now && out.size() < most)
                out.push_back(name);
    return out;
}

void AccountWatch::told(const std::vector<Store::Account>& accounts, base::Time asked_at) {
    for (const auto& account : accounts) {
        const auto found = names_.find(account.name);
        if (found == names_.end()) continue;
        found->second.account = account;
        found->second.asked_at = asked_at;
        found->second.due = asked_at + ask_every;
    }
}

void AccountWatch::put_off(const std::vector<std::string>& names, base::Time again) {
    for (const auto& name : names)
        if (const auto found = names_.find(name); found != names_.end()) found->second.due = again;
}

}  // namespace davenport::node
