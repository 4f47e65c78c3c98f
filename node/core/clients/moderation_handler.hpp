#pragma once

#include "node/base/policy.hpp"
#include "node/core/clients/access.hpp"
#include "node/core/clients/members.hpp"
#include "node/core/clients/post_handler.hpp"
#include "node/core/log/commit_queue.hpp"
#include "node/core/store/store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::node {

/// A ban or its end, as a client sent it, by whichever way.
struct BanDraft {
    std::string room;  ///< or base::everywhere
    std::string name, reason;
    std::string until;  ///< ISO 8601; empty: for good
    std::string key;
    std::string by;      ///< as whom the client is signed in; empty: nobody
    bool lifts = false;  ///< it ends a ban
};

/// A room's settings, as a client sent them: all of them, what is left out is not set.
struct SettingsDraft {
    base::RoomSettings settings;  ///< with its room, and by whom
    std::string key;
};

/// Takes bans, their ends and rooms' settings in from moderators, and tells them what became of theirs, as
/// posts are told: `accepted` when the journal has it, `stored` when the store does, `superseded` when
/// another one counts more. They are in force here from the moment that they are taken.
class ModerationHandler {
public:
    ModerationHandler(const ChatConfig& config, CommitQueue& log, Store& store, const Members& members,
                      const Access& access, PostHandler& posts)
        : config_{&config},
          log_{&log},
          store_{&store},
          members_{&members},
          access_{&access},
          posts_{&posts} {}

    /// `who`: whose rate it counts against.
    void change_ban(Turn& turn, const BanDraft& draft, ReplyTo waiter, const std::string& who);
    void change_settings(Turn& turn, const SettingsDraft& draft, ReplyTo waiter, const std::string& who);
    /// Why whoever this is may not moderate; nothing: they may. `room`: where; may be base::everywhere.
    [[nodiscard]] std::optional<Refusal> to_moderate(std::string_view room, std::string_view person,
                                                     base::Now now) const;

    /// What was changed in the log may be on the disk now.
    void committed(Turn& turn);
    /// The disk takes nothing: who waits for it is told so.
    void not_committed(Turn& turn);
    // What the store tells: see StoreListener.
    void on_policy(Turn& turn, std::string_view id, bool stored);
    void on_policy_refused(Turn& turn, std::string_view id, const std::string& reason);

private:
    struct Waiter {
        ReplyTo reply_to;
        std::string key;        ///< as policies have it
        std::uint64_t version;  ///< HeldPolicy::version
        bool accepted = false;  ///< told so
    };
    /// The part that is the same for bans and settings. `key`: read. Gives whether it is to be taken.
    bool may_take(Turn& turn, const std::string& id, const base::MessageKey& key, std::string_view counts,
                  const ReplyTo& waiter, std::string_view room, std::string_view person,
                  const std::string& who);
    void take(const std::string& id, base::Policy policy, std::string body, ReplyTo waiter);
    void repeat(Turn& turn, const std::string& id, const ReplyTo& waiter);
    [[nodiscard]] bool is_stored(const HeldPolicy& held) const;
    void tell(Turn& turn, std::string_view id);

    const ChatConfig* config_;
    CommitQueue* log_;
    Store* store_;
    const Members* members_;
    const Access* access_;
    PostHandler* posts_;
    std::map<std::string, std::vector<Waiter>, std::less<>> waiters_;  ///< by policy
};

}  // namespace davenport::node
