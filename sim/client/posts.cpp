#include "sim/client/posts.hpp"

#include <algorithm>
#include <utility>

namespace davenport::sim::client {
namespace {

constexpr int rekeys_max = 3;

/// Refused for the client's pace or the node's backlog, so what is said next would be refused too.
bool is_for_the_pace(std::string_view code) { return code == "too_fast" || code == "full"; }
bool is_for_the_clock(std::string_view code) { return code == "key_ahead" || code == "key_old"; }

}  // namespace

Posts::Post& Posts::add(Post post) {
    ++sending_;
    post.place = ++last_place_;
    places_[post.key_text] = post.place;
    return posts_.emplace_hint(posts_.end(), last_place_, std::move(post))->second;
}

Posts::Post* Posts::find(std::string_view key_text) {
    const auto found = places_.find(key_text);
    return found == places_.end() ? nullptr : &posts_.at(found->second);
}

void Posts::resume() {
    pace_until_ = {};
    for (auto& [place, post] : posts_) {
        post.until = {};
        post.asked = false;
        post.repeat = repeats_accepted_ && post.state == State::accepted;
    }
}

Posts::Post* Posts::next(base::Time now) {
    for (auto& [place, post] : posts_)
        if (waits(post) && std::max(post.until, pace_until_) <= now && !waits_for_time(post)) return &post;
    return nullptr;
}

void Posts::set_key(Post& post, base::MessageKey key) {
    places_.erase(post.key_text);
    auto moved = posts_.extract(post.place);
    post.key = std::move(key);
    post.key_text = post.key.text();
    post.rekey = false;
    post.sends = 0;
    post.until = {};
    post.host.clear();
    moved.key() = places_[post.key_text] = post.place = ++last_place_;
    posts_.insert(posts_.end(), std::move(moved));
}

void Posts::count_send(Post& post, base::Time now) {
    ++post.tries;
    ++post.sends;
    post.asked = true;
    post.sent = now;
}

base::Time Posts::next_due() const {
    auto next = base::Time::max();
    for (const auto& [place, post] : posts_) {
        if (post.asked) {
            next = std::min(next, post.sent + answer_timeout_);
        } else if (waits(post) && !waits_for_time(post)) {
            next = std::min(next, std::max(post.until, pace_until_));
        }
    }
    return next;
}

void Posts::repeat_overdue(base::Time now) {
    for (auto& [place, post] : posts_)
        if (post.asked && now - post.sent >= answer_timeout_) post.asked = false;
}

void Posts::on_accepted(Post& post) {
    if (post.state == State::sending) --sending_;
    post.state = State::accepted;
    post.asked = post.repeat = false;
}

void Posts::erase(Post& post) {
    if (post.state == State::sending) --sending_;
    places_.erase(post.key_text);
    posts_.erase(post.place);
}

bool Posts::on_refused(Post& post, std::string_view code, std::optional<base::Duration> retry,
                       base::Time now) {
    if (is_for_the_clock(code) && post.sends == 1 && post.rekeys < rekeys_max) {
        post.rekey = true;
        ++post.rekeys;
        post.asked = false;
        time_is_sure_ = false;
        return false;
    }
    if (!retry) return true;
    post.until = now + *retry;
    post.asked = false;
    if (is_for_the_pace(code)) pace_until_ = std::max(pace_until_, post.until);
    return false;
}

}  // namespace davenport::sim::client
