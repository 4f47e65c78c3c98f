#include "sim/client/client_core.hpp"

#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::sim::client {
namespace {

constexpr std::uint32_t reconnect_timer = 1;
constexpr std::uint32_t answer_timer = 2;
constexpr std::size_t effects_most = 3;               // of one event, as a rule: a frame, a note and a timer
constexpr std::int64_t follow_ahead_ms_max = 30'000;  // a faulty clock elsewhere must not drag ours along

using base::append_json_string;
using base::int_member;
using base::string_member;
using base::text_member;

}  // namespace

ClientCore::ClientCore(Config config)
    : config_{std::move(config)},
      random_{base::Random::stream(config_.seed, "client " + config_.name)},
      nonce_{fmt::format("{}{:06x}", config_.name, random_.below(1 << 24))},
      node_{config_.node},
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
    return state_ == State::open && pending_.empty() && changes_.empty() && accepted_changes_.empty() &&
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
    set_timer(reconnect_timer, pause);
}

void ClientCore::leave(const std::string& reason, base::Duration pause) {
    if (state_ != State::closed) effects_.push_back(Disconnect{});
    lose_connection(reason, pause);
}

void ClientCore::on(const Connected&) {
    state_ = State::greeting;
    ++connection_;
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
    if (e.timer == reconnect_timer && state_ == State::closed) connect();
    if (e.timer != answer_timer || state_ != State::open || (pending_.empty() && changes_.empty())) return;
    repeat_changes(false);
    for (auto& pending : pending_)
        if (pending.tries > 0 && now_.time - pending.sent >= config_.answer_timeout) send(pending);
    set_timer(answer_timer, config_.answer_timeout);
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
    } else if (t == "page") {
        on_page(frame);
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
    clock_offset_ms_ = int_member(frame, "now").value_or(0) - base::unix_ms(now_.wall);
    auto& record = note(RecordKind::connected);
    record.node = node_;
    record.count = connection_;
    for (auto& [room, followed] : rooms_) {
        followed.joining = true;
        std::string join = R"({"t":"join","room":)";
        append_json_string(join, at_node(room));
        if (!followed.cursor.empty()) {
            join += R"(,"cursor":)";
            append_json_string(join, followed.cursor);
            join += fmt::format(R"(,"n":{},"seen":)", followed.n);
            append_json_string(join, followed.seen);
        }
        send(join + '}');
    }
    for (auto& pending : pending_) send(pending);
    repeat_changes(true);
}

// ---------------------------------------------------------------- what it says

/// Above our last key, and above all that we have seen: an answer stands after what it answers.
base::MessageKey ClientCore::next_key() {
    const auto clock = base::unix_ms(now_.wall) + clock_offset_ms_;
    base::MessageKey key;
    key.unix_ms = std::max(clock, std::min(newest_seen_.unix_ms, clock + follow_ahead_ms_max));
    for (const auto* before : {&newest_seen_, &last_key_}) {
        if (key.unix_ms > before->unix_ms ||
            (key.unix_ms == before->unix_ms && key.counter > before->counter))
            continue;
        if (before == &newest_seen_ && before->unix_ms > key.unix_ms)
            continue;  // too far ahead to be followed
        key.unix_ms = before->unix_ms;
        key.counter = static_cast<std::uint16_t>(before->counter + 1);
        if (key.counter == 0) ++key.unix_ms;  // 65536 in one millisecond: borrow from the next
    }
    key.nonce = nonce_;
    return last_key_ = key;
}

void ClientCore::set_key(Pending& pending) {
    pending.key = next_key();
    pending.key_text = pending.key.text();
}

void ClientCore::on(const Post& e) {
    Pending pending;
    pending.room = e.room;
    pending.msg = fmt::format("{}-{}", config_.name, ++posted_);
    pending.text = make_text(pending.msg, e.size_bytes);
    set_key(pending);
    pending.due = e.due;
    pending_.push_back(std::move(pending));
    if (state_ == State::open) {
        send(pending_.back());
    } else {
        note(RecordKind::unsent, pending_.back());
    }
}

void ClientCore::send(Pending& pending) {
    if (pending.host.empty()) pending.host = node_name_;
    ++pending.tries;
    pending.sent = now_.time;
    std::string post = R"({"t":"post","room":)";
    post.reserve(pending.text.size() + 160);
    append_json_string(post, at_node(pending.room));
    post += R"(,"key":)";
    append_json_string(post, pending.key_text);
    post += R"(,"text":)";
    append_json_string(post, pending.text);
    post += R"(,"host":)";
    append_json_string(post, pending.host);
    if (config_.changes) append_json_string(post += R"(,"secret":)", secret());
    send(post + '}');
    auto& record = note(RecordKind::send, pending);
    record.count = pending.tries;
    set_timer(answer_timer, config_.answer_timeout);
}

void ClientCore::on(const Retry&) {
    if (state_ == State::open && answered_) send(*answered_);
}

void ClientCore::on(const Garbage& e) {
    if (state_ == State::open) send(e.frame);
}

void ClientCore::on_answer(const base::JsonView& frame, RecordKind kind) {
    const auto key = text_member(frame, "key");
    const auto pending = std::ranges::find_if(pending_, [&](const Pending& p) { return p.key_text == key; });
    if (pending != pending_.end()) {
        answered_ = *pending;
        if (config_.changes && kind != RecordKind::failed) keep_own(*pending, text_member(frame, "id"));
        accepted_.emplace(key, *pending);
        pending_.erase(pending);
    } else if (kind == RecordKind::accepted) {
        return;  // a repeat, or `stored` came first
    }
    const auto known = accepted_.find(key);
    if (known == accepted_.end()) return;
    auto& record = note(kind, known->second);
    record.id = text_member(frame, "id");
    record.text = text_member(frame, "reason");
    if (kind != RecordKind::accepted) accepted_.erase(known);
}

void ClientCore::on_refused(const base::JsonView& frame) {
    const auto key = text_member(frame, "key");
    const auto pending = std::ranges::find_if(pending_, [&](const Pending& p) { return p.key_text == key; });
    if (pending == pending_.end()) return;
    const auto code = text_member(frame, "code");
    auto& record = note(RecordKind::refused, *pending);
    record.text = code;
    if (int_member(frame, "retry_ms")) {
        set_timer(answer_timer, config_.answer_timeout);
    } else if (code == "key_ahead" && pending->tries == 1) {
        set_key(*pending);
        send(*pending);
    } else if (code != "key_ahead") {
        pending_.erase(pending);
    }
}

// ---------------------------------------------------------------- notes

std::string_view ClientCore::without_prefix(std::string_view room) const {
    return room.starts_with(config_.room_prefix) ? room.substr(config_.room_prefix.size()) : room;
}

std::string ClientCore::room_of(const base::JsonView& frame) const {
    return std::string{without_prefix(string_member(frame, "room").value_or(""))};
}

Record& ClientCore::note(RecordKind kind, const Pending& pending) {
    auto& record = note(kind);
    record.node = node_;
    record.room = pending.room;
    record.msg = pending.msg;
    record.due_us = (pending.due - config_.start).count();
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
