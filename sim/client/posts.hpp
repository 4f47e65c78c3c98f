#pragma once

#include "node/base/message_id.hpp"
#include "node/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace davenport::sim::client {

/// What a client has said and what has not ended yet, in the order said: the rules of the page's posts.js,
/// without a clock. tests/conversations/posts.json holds the two to the same conversation.
///
/// A repeat bears the same key. A new key is made only while no node can have the post: its first send under
/// this key was refused for its time. A post that waits for itself holds up nobody; one that is refused for
/// the client's pace holds up all.
///
/// The page finds a dead connection by its pings, and makes another. This client has none: it repeats what is
/// not answered for `answer_timeout`, each post for itself.
class Posts {
public:
    enum class State { sending, accepted };
    struct Post {
        std::string room;
        std::string msg;
        std::string text;
        std::string host{};  ///< of the node that it was first sent to
        base::Time due{};
        base::MessageKey key{};
        std::string key_text{};
        State state = State::sending;
        int tries = 0;        ///< sends in all
        int sends = 0;        ///< with this key
        int rekeys = 0;       ///< how often it got a new key
        bool rekey = false;   ///< it waits for a new one
        bool asked = false;   ///< sent over this connection, not answered
        bool repeat = false;  ///< accepted, and sent again to hear when it is stored
        base::Time until{};   ///< not to be sent before
        base::Time sent{};
        std::uint64_t place = 0;  ///< in the order said; a new key puts it last
    };

    /// `repeats_accepted`: as the page does, which so hears when it is stored. A simulated client does not:
    /// it would bring back what a node has lost, and hide the loss from the checkers.
    Posts(base::Duration answer_timeout, bool repeats_accepted)
        : answer_timeout_{answer_timeout}, repeats_accepted_{repeats_accepted} {}

    /// `post` has its key.
    Post& add(Post post);
    [[nodiscard]] Post* find(std::string_view key_text);
    /// Nothing waits for an answer.
    [[nodiscard]] bool settled() const { return sending_ == 0; }

    /// The connection is new: all that waits is due at once, and what was accepted is repeated, if at all.
    void resume();
    /// The node's time was learnt anew.
    void learn_time() { time_is_sure_ = true; }
    /// True until the node's time is asked for: a post was refused for its own.
    [[nodiscard]] bool wants_time() const { return !time_is_sure_; }

    /// What is said at `now` may be sent at once.
    [[nodiscard]] bool flows(base::Time now) const { return time_is_sure_ && pace_until_ <= now; }
    /// The next post that is to be sent at `now`, to be told by count_send(); nullptr when there is none, and
    /// next_due() is when to ask again. One that says `rekey` must be given a new key first, by set_key().
    [[nodiscard]] Post* next(base::Time now);
    void set_key(Post& post, base::MessageKey key);
    void count_send(Post& post, base::Time now);
    /// When a post is due, or an answer is overdue; Time::max() for never.
    [[nodiscard]] base::Time next_due() const;
    /// Whatever was not answered in time is due again.
    void repeat_overdue(base::Time now);

    void on_accepted(Post& post);
    /// Stored, failed, or refused for good: it is forgotten.
    void erase(Post& post);
    /// True when the refusal is final, and the post to be erased. `retry` as in the frame.
    bool on_refused(Post& post, std::string_view code, std::optional<base::Duration> retry, base::Time now);

private:
    [[nodiscard]] bool waits(const Post& post) const {
        return (post.state == State::sending || post.repeat) && !post.asked;
    }
    [[nodiscard]] bool waits_for_time(const Post& post) const {
        return !time_is_sure_ && (post.rekey || post.sends == 0);
    }

    base::Duration answer_timeout_;
    bool repeats_accepted_;
    std::map<std::uint64_t, Post> posts_;                       ///< in the order said
    std::map<std::string, std::uint64_t, std::less<>> places_;  ///< by key
    std::uint64_t last_place_ = 0;
    std::size_t sending_ = 0;
    base::Time pace_until_{};
    bool time_is_sure_ = true;
};

}  // namespace davenport::sim::client
