#pragma once

#include "node/base/sign.hpp"
#include "node/base/time.hpp"
#include "node/core/store/store.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// What the store last said of the accounts whose sign-ins are in use here, and whom to ask about again.
/// Pure: who owns it asks.
class AccountWatch {
public:
    /// Often enough that the store's word counts within a minute.
    static constexpr base::Duration ask_every = std::chrono::seconds{20};

    /// This sign-in is in use now.
    void touch(const base::Credential& credential, base::Time now);
    /// The store's word on an account that is about to be used.
    void learn(const Store::Account& account, base::Time now);
    /// What the store last said of this account; nullptr: nothing yet.
    [[nodiscard]] const Store::Account* known(std::string_view name) const;
    /// The store has said since this sign-in came that its account is gone, may not come in any more, or has
    /// another password.
    [[nodiscard]] bool refuses(const base::Credential& credential) const;

    /// When the next account has to be asked about; nothing when none is in use.
    [[nodiscard]] std::optional<base::Time> next_due() const;
    /// At most `most` of those that are due, those first that nothing is known of. Forgets who is in use no
    /// more.
    [[nodiscard]] std::vector<std::string> due(base::Time now, std::size_t most);
    /// The store's word on these; `asked_at`: when it was asked.
    void told(const std::vector<Store::Account>& accounts, base::Time asked_at);
    /// It could not say: it is asked again at `again`.
    void put_off(const std::vector<std::string>& names, base::Time again);

private:
    struct Entry {
        std::optional<Store::Account> account;
        base::Time asked_at{}, due{}, touched{};
        std::deque<std::pair<std::string, base::Time>> marks;  ///< since when each is in use here
    };
    static constexpr std::size_t names_max = 20'000;
    static constexpr std::size_t marks_max = 8;

    std::map<std::string, Entry, std::less<>> names_;
};

}  // namespace davenport::node
