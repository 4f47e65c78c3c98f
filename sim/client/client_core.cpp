#include "sim/client/client_core.hpp"

#include "node/base/json.hpp"
#include "sim/client/timers.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::client {
namespace {

constexpr base::Duration quiet_max = std::chrono::seconds{3};  // as the page's watch.js with somebody at it
constexpr base::Duration patience = std::chrono::milliseconds{1500};
constexpr base::Duration rejoin_after = std::chrono::seconds{1};
constexpr std::size_t effects_most = 3;               // of one event, as a rule: a frame, a note and a timer
constexpr std::int64_t follow_ahead_ms_max = 30'000;  // a faulty clock elsewhere must not drag ours along

/// Of the clock that never jumps.
std::int64_t in_ms(base::Time time) { return time.time_since_epoch() / std::chrono::milliseconds{1}; }

using base::append_json_string;
using base::int_member;
using base::string_member;
using base::text_member;

}  // namespace

ClientCore::ClientCore(Config config)
    : config_{std::move(config)},
      random_{base::Random::stream(config_.seed, "client " + config_.name)},
      nonce_{make_nonce()},
      secret_{"the secret of " + nonce_},
      node_{config_.node},
      posts_{config_.answer_timeout, config_.repeats_accepted},
      change_random_{base::Random::stream(config_.seed, "changes of " + config_.name)} {
    for (const auto& room : config_.rooms) rooms_[room];
    if (config_.polling) polling_.emplace(at_node(config_.rooms.empty() ? "" : config_.rooms.front()));
}

Effects ClientCore::start(base::Now now) {
    now_ = now;
    connect();
    return done();
}

Effects ClientCore::handle(const Event& event, base::Now now) {
    now_ = now;
    effects_.reserve(effects_most);
    std::visit([this](const auto& e) { on(e); }, event);
    return done();
}

Effects ClientCore::on_frame(const base::JsonView& frame, base::Now now) {
    now_ = now;
    effects_.reserve(effects_most);
    on_frame(frame);
    return done();
}

Effects ClientCore::done() {
    if (polling_) polling_->translate(effects_, now_);
    return std::exchange(effects_, {});
}

bool ClientCore::settled() const {
    return state_ == State::open && posts_.settled() && changes_.empty() && accepted_changes_.empty() &&
           (!polling_ || polling_->settled()) && std::ranges::none_of(rooms_, [](const auto& room) {
               return room.second.joining || room.second.gap;
           });
}

// ---------------------------------------------------------------- the connection

void ClientCore::connect() {
    state_ = State::connecting;
    effects_.push_back(Connect{node_});
}

void ClientCore::lose_connection(const std::string& reason, base::Duration pause) {
    if (state_ == State::open) {
        auto& record = note(RecordKind::disconnected);
        record.node = node_;
        record.text = reason;
        record.count = connection_;
    }
    state_ = State::closed;
    reading_.clear();
    set_timer(timers::reconnect, pause);
}

void ClientCore::leave(const std::string& reason, base::Duration pause) {
    if (state_ != State::closed) effects_.push_back(Disconnect{});
    lose_connection(reason, pause);
}

void ClientCore::watch() {
    if (state_ != State::greeting && state_ != State::open) return;
    const auto due = heard_at_ + quiet_max + (pinged_ ? patience : base::Duration{0});
    if (due > now_.time) return set_timer(timers::watch, due - now_.time);
    if (pinged_) return leave("silent", config_.reconnect_after);
    pinged_ = true;
    send(R"({"t":"ping"})");
    set_timer(timers::watch, patience);
}

void ClientCore::on(const Connected&) {
    state_ = State::greeting;
    ++connection_;
    heard_at_ = now_.time;
    pinged_ = false;
    if (config_.watches && !polling_) set_timer(timers::watch, quiet_max);
    std::string hello = R"({"t":"hello","v":1,"user":)";
    append_json_string(hello, config_.name);
    send(hello + '}');
}

void ClientCore::on(const Disconnected& e) {
    // Half to once and a half of the pause, so that a node's clients do not come back as one.
    const auto pause = config_.reconnect_after.count();
    lose_connection(e.reason, base::Duration{random_.between(pause / 2, pause * 3 / 2)});
}

void ClientCore::on(const Hop& e) {
    leave("hop", base::Duration{0});
    node_ = e.node;
}

void ClientCore::on(const Vanish& e) { leave("vanish", e.away); }

void ClientCore::on(const TimerFired& e) {
    if (polling_) polling_->on_timer(e.timer);
    if (e.timer == timers::reconnect && state_ == State::closed) connect();
    if (e.timer == timers::watch) watch();
    if (e.timer == timers::changes && state_ == State::open) repeat_changes(false);
    if (e.timer == timers::rejoin && state_ == State::open) rejoin();
    if (e.timer != timers::posts) return;
    posts_timer_at_ = base::Time::max();
    if (state_ != State::open) return;
    posts_.repeat_overdue(now_.time);
    send_due();
}

void ClientCore::on(const Received& e) {
    base::JsonReader reader;
    if (const auto frame = reader.read(e.frame)) return on_frame(*frame);
    auto& record = note(RecordKind::phantom);
    record.node = node_;
    record.text = fmt::format("{} bytes that are no JSON", e.frame.size());
}

void ClientCore::on(const Answered& e) {
    if (!polling_) return;
    for (const auto& event : polling_->on_answer(e, now_))
        std::visit([this](const auto& heard) { on(heard); }, event);
}

void ClientCore::on_frame(const base::JsonView& frame) {
    heard_at_ = now_.time;
    pinged_ = false;
    const auto t = string_member(frame, "t").value_or("");
    if (t == "message") {
        on_message(frame);
    } else if (t == "changed") {
        on_changed(frame);
    } else if (on_change_answer(frame, t)) {
        return;
    } else if (t == "accepted") {
        on_answer(frame, RecordKind::accepted);
    } else if (t == "stored") {
        on_answer(frame, RecordKind::stored);
    } else if (t == "failed") {
        on_answer(frame, RecordKind::failed);
    } else if (t == "refused") {
        on_refused(frame);
    } else if (t == "welcome") {
        on_welcome(frame);
    } else if (t == "joined" || t == "cursor" || t == "gap-closed") {
        on_joined(frame);
    } else if (t == "people") {
        on_people(frame);
    } else if (t == "put-out") {
        on_put_out(frame, false);
    } else if (t == "page") {
        on_page(frame);
    } else if (t == "pong") {
        on_pong(frame);
    } else if (t == "store") {
        auto& record = note(RecordKind::store);
        record.node = node_;
        record.text = text_member(frame, "state");
        record.count = int_member(frame, "backlog").value_or(0);
    } else if (t == "bye") {
        leave("bye: " + text_member(frame, "reason"), config_.reconnect_after);
    }
}

void ClientCore::on_welcome(const base::JsonView& frame) {
    state_ = State::open;
    node_name_ = text_member(frame, "node");
    clock_offset_ms_ = int_member(frame, "now").value_or(0) - in_ms(now_.time);
    auto& record = note(RecordKind::connected);
    record.node = node_;
    record.count = connection_;
    record.flag = text_member(frame, "store") == "down";
    for (auto& [room, followed] : rooms_) join(room, followed);
    posts_.learn_time();
    asked_time_ = false;
    posts_.resume();
    send_due();
    repeat_changes(true);
}

void ClientCore::join(const std::string& room, Followed& followed) {
    followed.joining = true;
    followed.out = false;
    followed.sitting = ++sittings_;
    std::string join = R"({"t":"join","room":)";
    append_json_string(join, at_node(room));
    if (!followed.cursor.empty()) {
        join += R"(,"cursor":)";
        append_json_string(join, followed.cursor);
        join += fmt::format(R"(,"n":{},"seen":)", followed.n);
        append_json_string(join, followed.seen);
    }
    if (config_.looks_round) join += R"(,"people":true)";
    send(join + '}');
}

void ClientCore::rejoin() {
    for (auto& [room, followed] : rooms_)
        if (followed.out) join(room, followed);
}

void ClientCore::on_put_out(const base::JsonView& frame, bool asked) {
    const auto room = rooms_.find(room_of(frame));
    if (room == rooms_.end()) return;
    room->second.joining = room->second.out = true;
    auto& record = note(RecordKind::put_out);
    record.node = node_;
    record.room = room->first;
    record.text = text_member(frame, "code");
    record.count = connection_;
    record.flag = asked;
    set_timer(timers::rejoin, rejoin_after);
}

/// The node said its time, because a post was refused for its own.
void ClientCore::on_pong(const base::JsonView& frame) {
    if (!std::exchange(asked_time_, false)) return;
    if (const auto now = int_member(frame, "now")) clock_offset_ms_ = *now - in_ms(now_.time);
    posts_.learn_time();
    send_due();
}

// ---------------------------------------------------------------- what it says

/// Above our last key, and above all that we have seen: an answer stands after what it answers. What is too
/// far ahead is not followed, not even our own last key: a node whose clock was wrong made us make it, and
/// would refuse all that follows it. Another nonce then keeps keys unique.
base::MessageKey ClientCore::next_key() {
    // Its own wall clock, which may be wrong and may jump, counts for as long as no node has said the time.
    const auto clock = node_name_.empty() ? base::unix_ms(now_.wall) : in_ms(now_.time) + clock_offset_ms_;
    const auto is_too_far = [&](const base::MessageKey& before) {
        return before.unix_ms > clock + follow_ahead_ms_max;
    };
    base::MessageKey key;
    key.unix_ms = clock;
    for (const auto* before : {&newest_seen_, &last_key_}) {
        if (is_too_far(*before) ||
            std::pair{before->unix_ms, before->counter} < std::pair{key.unix_ms, key.counter})
            continue;
        key.unix_ms = before->unix_ms;
        key.counter = static_cast<std::uint16_t>(before->counter + 1);
        if (key.counter == 0) ++key.unix_ms;  // 65536 in one millisecond: borrow from the next
    }
    if (is_too_far(last_key_)) nonce_ = make_nonce();
    key.nonce = nonce_;
    return last_key_ = key;
}

std::string ClientCore::make_nonce() { return fmt::format("{}{:06x}", config_.name, random_.below(1 << 24)); }

void ClientCore::on(const Post& e) {
    Posts::Post said;
    said.room = e.room;
    said.msg = fmt::format("{}-{}", config_.name, ++posted_);
    said.text = make_text(said.msg, e.size_bytes);
    said.due = e.due;
    said.key = next_key();
    said.key_text = said.key.text();
    auto& post = posts_.add(std::move(said));
    if (state_ != State::open || !posts_.flows(now_.time)) {
        note(RecordKind::unsent, post);
        return;
    }
    send(post);
    set_posts_timer(now_.time + config_.answer_timeout);
}

void ClientCore::send_due() {
    while (auto* post = posts_.next(now_.time)) {
        if (post->rekey) posts_.set_key(*post, next_key());
        send(*post);
    }
    if (posts_.wants_time() && !std::exchange(asked_time_, true)) send(R"({"t":"ping"})");
    set_posts_timer(posts_.next_due());
}

/// Moves the timer to an earlier time only: when it fires, it is set for what is left.
void ClientCore::set_posts_timer(base::Time at) {
    if (at >= posts_timer_at_) return;
    posts_timer_at_ = at;
    effects_.push_back(SetTimer{timers::posts, at});
}

void ClientCore::send(Posts::Post& to_send) {
    if (to_send.host.empty()) to_send.host = node_name_;
    posts_.count_send(to_send, now_.time);
    std::string post = R"({"t":"post","room":)";
    post.reserve(to_send.text.size() + 160);
    append_json_string(post, at_node(to_send.room));
    post += R"(,"key":)";
    append_json_string(post, to_send.key_text);
    post += R"(,"text":)";
    append_json_string(post, to_send.text);
    post += R"(,"host":)";
    append_json_string(post, to_send.host);
    if (config_.changes) append_json_string(post += R"(,"secret":)", secret_);
    send(post + '}');
    auto& record = note(RecordKind::send, to_send);
    record.count = to_send.tries;
}

void ClientCore::on(const Retry&) {
    if (state_ == State::open && answered_) send(*answered_);
}

void ClientCore::on(const Garbage& e) {
    if (state_ == State::open) send(e.frame);
}

void ClientCore::on_answer(const base::JsonView& frame, RecordKind kind) {
    auto* post = posts_.find(string_member(frame, "key").value_or(""));
    if (!post) return;
    const bool is_first = post->state == Posts::State::sending;
    if (is_first) answered_ = *post;
    if (is_first && config_.changes && kind != RecordKind::failed) keep_own(*post, text_member(frame, "id"));
    if (kind == RecordKind::accepted) posts_.on_accepted(*post);
    if (kind == RecordKind::accepted && !is_first) return;  // a repeat
    auto& record = note(kind, *post);
    record.id = text_member(frame, "id");
    record.text = text_member(frame, "reason");
    if (kind != RecordKind::accepted) posts_.erase(*post);
}

void ClientCore::on_refused(const base::JsonView& frame) {
    const auto key = string_member(frame, "key");
    if (!key) return on_put_out(frame, true);
    auto* post = posts_.find(*key);
    if (!post) return;
    const auto code = text_member(frame, "code");
    auto& record = note(RecordKind::refused, *post);
    record.text = code;
    std::optional<base::Duration> retry;
    if (const auto ms = int_member(frame, "retry_ms")) retry = std::chrono::milliseconds{*ms};
    if (posts_.on_refused(*post, code, retry, now_.time)) return posts_.erase(*post);
    send_due();
}

// ---------------------------------------------------------------- notes

std::string_view ClientCore::without_prefix(std::string_view room) const {
    return room.starts_with(config_.room_prefix) ? room.substr(config_.room_prefix.size()) : room;
}

std::string ClientCore::room_of(const base::JsonView& frame) const {
    return std::string{without_prefix(string_member(frame, "room").value_or(""))};
}

Record& ClientCore::note(RecordKind kind, const Posts::Post& post) {
    auto& record = note(kind);
    record.node = node_;
    record.room = post.room;
    record.msg = post.msg;
    record.due_us = (post.due - config_.start).count();
    return record;
}

Record& ClientCore::note(RecordKind kind) {
    auto& record = std::get<Note>(effects_.emplace_back(std::in_place_type<Note>)).record;
    record.kind = kind;
    record.at_us = (now_.time - config_.start).count();
    record.client = config_.name;
    return record;
}

}  // namespace davenport::sim::client
