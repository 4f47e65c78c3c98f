#pragma once

#include "node/base/sign.hpp"
#include "node/core/clients/account_watch.hpp"
#include "node/core/clients/key_ring.hpp"
#include "node/core/clients/revocations.hpp"
#include "node/core/config.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::node {

/// Who is signed in, where people have to be somebody: gives out sign-ins, knows them again, and ends them.
///
/// A sign-in is a signed text in a cookie. What all nodes have to agree on are notes in the store: the keys,
/// made once at random by whichever node is first, and the sign-ins that were ended. Both are kept here too,
/// so that people are known while the store is away. While it is there, it is asked every 20 s how the
/// accounts stand that are in use.
class Members {
public:
    using Pass = std::shared_ptr<const base::Credential>;

    Members(const ChatConfig& config, Store& store);

    [[nodiscard]] bool required() const { return config_->members_only; }
    /// May remove what others said, and ban: by name, or by a role of the account. Always false without
    /// accounts, since a name then proves nothing.
    [[nodiscard]] bool is_moderator(std::string_view name) const;
    /// The roles of the account, as the store last said; nullptr: it has said nothing yet.
    [[nodiscard]] const std::set<std::string, std::less<>>* roles(std::string_view name) const;
    /// The store will say what roles it has, and has not yet.
    [[nodiscard]] bool awaits_roles(std::string_view name) const;
    /// The store's word on an account that signs in now.
    void learn(const Store::Account& account, base::Time now) { accounts_.learn(account, now); }
    /// False until the signing keys are known; until then no cookie can be verified.
    [[nodiscard]] bool has_keys() const { return !keys_.empty(); }

    /// Who a request's Cookie header proves its sender to be; nullptr when nobody. Of several cookies of ours
    /// the first good one counts.
    [[nodiscard]] Pass who(std::string_view cookies, base::Now now);
    /// This sign-in still counts.
    [[nodiscard]] bool counts(const base::Credential& pass, base::Now now) const;
    /// The same for one that is in use. Who is refused by the store's word once stays refused.
    bool still_counts(Turn& turn, const base::Credential& pass);
    /// The sender has once been signed in under that name, whatever became of it.
    [[nodiscard]] bool has_been(std::string_view cookies, std::string_view name) const;

    /// The cookie's value of a new sign-in.
    [[nodiscard]] std::string sign_in(const std::string& name, const std::string& mark, base::WallTime now);
    void end(Turn& turn, const base::Credential& pass);
    /// All sign-ins of that name, at whichever node.
    void end_all(Turn& turn, const std::string& name);

    // ---- from the store
    void on_note(Turn& turn, const StoreNote& note);
    void another_store() { synced_ = false; }

    void on_timer(TimerId timer) { alarm_ = timer == timers::members ? base::Time::max() : alarm_; }
    /// The end of a turn: asks the store what has to be asked, and writes what has to be written.
    void pump(Turn& turn);
    /// Sign-ins have ended since this was last asked, or may have: those in use have to be looked at.
    [[nodiscard]] bool take_ended() { return std::exchange(ended_, false); }
    /// What that look found: whether any sign-in is in use by a connection.
    void set_in_use(bool in_use) { in_use_ = in_use; }

private:
    void read_keys(Turn& turn);
    void heard_keys(Turn& turn, const StoreNote& note);
    void read_all(Turn& turn);
    void make_key(Turn& turn);
    void write_keys(Turn& turn, const KeyRing& keys);
    void write_next(Turn& turn);
    void ask_accounts(Turn& turn);
    void keep(Turn& turn) const;
    void rest(Turn& turn, base::Duration pause);
    void set_alarm(Turn& turn);
    [[nodiscard]] std::string random(std::size_t bytes);

    const ChatConfig* config_;
    Store* store_;
    bool own_keys_;  ///< the operator gave none
    KeyRing keys_;
    std::string keys_revision_;
    Revocations revocations_;
    AccountWatch accounts_;
    std::uint64_t drawn_ = 0;

    bool ended_ = false;
    bool in_use_ = false;     ///< by some connection, as far as is known: else nobody has to be looked at
    bool synced_ = false;     ///< the store's keys and notes have been read since it came
    bool under_way_ = false;  ///< a request for keys or notes
    bool asking_ = false;     ///< one about accounts
    bool warned_ = false;
    base::Time not_before_{}, read_again_{}, look_again_{};
    base::Time alarm_ = base::Time::max();
    std::deque<StoreNote> to_write_;
};

}  // namespace davenport::node
