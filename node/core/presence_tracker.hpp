#pragma once

#include "node/base/presence.hpp"
#include "node/core/chat_core.hpp"
#include "node/core/rooms.hpp"
#include "node/core/sessions.hpp"
#include "node/core/store_api.hpp"
#include "node/core/store_health.hpp"
#include "node/core/turn.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace davenport::node {

/// Who is there, on this node and on the others, without a list of nodes: each writes one document of its own
/// people, when they change and once a minute, and reads the others' off the feed.
///
/// A node that is not heard of for a while is gone, and its people with it; by this node's own clock, which
/// stands still while the store is away: then everybody is shown who was there last.
class PresenceTracker {
public:
    PresenceTracker(const ChatConfig& config, const StoreApi& api, RequestTable& ids,
                    const std::string& journal, Sessions& sessions, const Rooms& rooms,
                    const StoreHealth& link);

    /// Somebody took another name.
    void changed() { dirty_ = true; }
    /// From here on the session is told who is in the room.
    void watch(const Session& session, const std::string& room);
    void unwatch(SessionId session, const std::string& room);
    void closed(SessionId session);

    /// Another node's document came by the feed.
    void heard(base::Presence presence);
    void store_changed();

    /// This node goes away: its people are somewhere else, if anywhere.
    void end(Turn& turn);

    /// The end of a turn.
    void pump(Turn& turn);
    void on_answer(Turn& turn, FetchId fetch, const base::HttpResponse& response);
    void on_failed(FetchId fetch);

private:
    struct Other {
        base::Presence presence;
        base::Duration heard{};  ///< `awake_` at that time
    };

    void look_around(Turn& turn);
    void write(Turn& turn);
    void put(Turn& turn);
    void ask(Turn& turn, base::HttpRequest request);
    void wake(Turn& turn, base::Time at);
    /// The frame that says who is there.
    [[nodiscard]] std::string word_on(const std::string& room) const;
    void forget_the_silent();
    void compare();

    const ChatConfig* config_;
    const StoreApi* api_;
    RequestTable* ids_;
    std::string journal_;
    Sessions* sessions_;
    const Rooms* rooms_;
    const StoreHealth* link_;

    base::People here_;                    ///< this node's people, as they were last looked at
    std::map<std::string, Other> others_;  ///< by journal
    std::map<std::string, std::set<SessionId>> watchers_;
    std::set<std::string> stirred_;  ///< rooms whose watchers are to be told
    bool dirty_ = false;
    std::uint64_t moves_ = 0;  ///< of the rooms, as they were last looked at

    // What of this is in the store.
    std::optional<base::People> written_;
    bool changed_ =
        false;  ///< it is not what is here_: asked in every turn, compared only when one of them changes
    std::string revision_;
    FetchId fetch_ = 0;
    base::Time deadline_{};  ///< of it
    bool asking_revision_ = false;
    base::People writing_;
    std::optional<base::Time> wrote_at_, looked_at_, wakes_at_;
    base::Duration awake_{};  ///< for how long the store was there, in all
    std::optional<base::Time> awake_since_;
};

}  // namespace davenport::node
