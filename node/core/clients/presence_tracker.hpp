#pragma once

#include "node/base/presence.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/config.hpp"
#include "node/core/store/store.hpp"
#include "node/core/turn.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace davenport::node {

/// Who is there, on this node and on the others, without a list of nodes: each writes one document of its own
/// people, when they change and once a minute, and reads the others' off the feed. A node that has just begun
/// knows nobody's: its first word asks the others to say theirs again.
///
/// A node that is not heard of for a while is gone, and its people with it; by this node's own clock, which
/// stands still while the store is away: then everybody is shown who was there last.
class PresenceTracker {
public:
    /// `journal`: this node's uuid, which may change. `lived_before`: a word of an earlier life may stand in
    /// the store, of people who are not here any more.
    PresenceTracker(const ChatConfig& config, const std::string& journal, bool lived_before, Store& store,
                    Sessions& sessions, Rooms& rooms);

    /// Somebody took another name.
    void changed() { dirty_ = true; }
    /// From here on the session is told who is in the room.
    void watch(const Session& session, const std::string& room);
    void unwatch(SessionId session, const std::string& room);

    /// Another node's document came by the feed.
    void heard(base::Presence presence);
    void store_changed();

    /// Who is in the room, at whichever node.
    [[nodiscard]] base::RoomPeople people_in(const std::string& room) const;

    /// This node goes away: its people are somewhere else, if anywhere.
    void end(Turn& turn);

    /// The end of a turn.
    void pump(Turn& turn);

private:
    struct Other {
        base::Presence presence;
        base::Duration heard{};  ///< `awake_` at that time
    };

    void look_around(Turn& turn);
    void tell_watchers(Turn& turn);
    void write(Turn& turn);
    void publish(Turn& turn);
    void wake(Turn& turn, base::Time at);
    void forget_the_silent();
    void compare();
    /// Between two words, while people come and go: the longer they are, the longer.
    [[nodiscard]] base::Duration pace() const;

    const ChatConfig* config_;
    const std::string* journal_;
    Store* store_;
    Sessions* sessions_;
    Rooms* rooms_;

    base::People here_;                    ///< this node's people, as they were last looked at
    std::map<std::string, Other> others_;  ///< by journal
    std::map<std::string, std::set<SessionId>> watchers_;
    std::set<std::string> stirred_;              ///< rooms whose watchers are to be told
    std::map<std::string, base::Time> told_at_;  ///< of rooms with many watchers
    bool dirty_ = false;
    bool somebody_is_new_ = false;     ///< another node, which is to be told who is here
    std::uint64_t rooms_version_ = 0;  ///< as they were last looked at

    // What of this is in the store.
    std::optional<base::People> written_;
    bool spoke_ = false;       ///< in this life
    bool old_word_may_stand_;  ///< of an earlier life, until one is written in this
    /// It is not what is here_: asked in every turn, compared only when one of them changes.
    bool changed_ = old_word_may_stand_;
    std::optional<base::Time> wrote_at_, looked_at_, wakes_at_;
    base::Duration awake_{};  ///< for how long the store was there, in all
    std::optional<base::Time> awake_since_;
};

}  // namespace davenport::node
