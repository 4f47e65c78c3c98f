#include "sim/client/long_polling.hpp"

#include "node/base/json.hpp"
#include "sim/client/timers.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace davenport::sim::client {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration repeat_every = 1s;
constexpr base::Duration answer_timeout = 5s;
constexpr int first_poll_s = 1;  // soon, for it says that the client has joined
constexpr int poll_s = 5;

std::string path_of(std::string_view room, std::string_view what) {
    return fmt::format("/api/rooms/{}/{}", base::percent_encode(room), what);
}

base::HttpRequest get(std::string target) { return {"GET", std::move(target), {}, {}}; }

base::HttpRequest post_to(std::string_view room, std::string body) {
    return {"POST", path_of(room, "messages"), {{"Content-Type", "application/json"}}, std::move(body)};
}

/// Of a Retry-After; as the page has it where it is no number.
std::int64_t seconds_of(std::string_view text) {
    std::int64_t seconds = 0;
    for (const char c : text)
        seconds = c >= '0' && c <= '9' && seconds < 1'000'000 ? seconds * 10 + (c - '0') : 0;
    return seconds > 0 ? seconds : 2;
}

/// A frame with members that are text.
std::string frame_of(std::string_view t,
                     std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
    std::string out = "{\"t\":";
    base::append_json_string(out, t);
    for (const auto& [key, value] : members) {
        out += fmt::format(",\"{}\":", key);
        base::append_json_string(out, value);
    }
    return out + '}';
}

}  // namespace

void LongPolling::translate(Effects& effects, base::Now now) {
    Effects out;
    for (auto& effect : effects) {
        if (const auto* to = std::get_if<Connect>(&effect)) {
            start_over();
            node_ = to->node;
            ask(About::greeting, {}, get("/readyz"), answer_timeout);
        } else if (std::holds_alternative<Disconnect>(effect)) {
            start_over();  // what is under way is answered to nobody
        } else if (const auto* send = std::get_if<Send>(&effect)) {
            say(send->frame);
        } else {
            out.push_back(std::move(effect));
        }
    }
    for (auto& request : std::exchange(asks_, {})) out.push_back(std::move(request));
    if (!unstored_.empty() && !std::exchange(repeat_due_, true))
        out.push_back(SetTimer{timers::polls, now.time + repeat_every});
    effects = std::move(out);
}

void LongPolling::start_over() {
    under_way_.clear();
    followed_.clear();
    posts_.clear();
    unstored_.clear();
    asks_.clear();
}

void LongPolling::ask(About about, std::string room, base::HttpRequest request, base::Duration patience) {
    under_way_[++last_request_] = {about, std::move(room)};
    asks_.push_back(Ask{last_request_, node_, std::move(request), patience});
}

void LongPolling::ask(About about, const Posted& post) {
    auto request = post_to(post.room, post.body);
    request.headers.emplace_back("Idempotency-Key", post.key);
    ask(about, post.room, std::move(request), answer_timeout);
}

void LongPolling::poll(const std::string& room) {
    const auto& followed = followed_[room];
    const int seconds = followed.joined ? poll_s : first_poll_s;
    auto target = path_of(room, fmt::format("poll?timeout={}", seconds));
    if (!followed.next.empty()) target += "&after=" + base::percent_encode(followed.next);
    ask(About::poll, room, get(std::move(target)), std::chrono::seconds{seconds} + answer_timeout);
}

void LongPolling::say(const std::string& frame) {
    const auto read = base::parse_json(frame);
    const auto t = read ? base::text_member(*read, "t") : std::string{};
    auto room = read ? base::text_member(*read, "room") : std::string{};
    if (t == "hello") {
        user_ = base::text_member(*read, "user");
    } else if (t == "join") {
        followed_[room].next = base::text_member(*read, "cursor");
        poll(room);
    } else if (t == "history") {
        auto target =
            path_of(room, fmt::format("messages?limit={}", base::int_member(*read, "limit").value_or(50)));
        if (const auto before = base::string_member(*read, "before"))
            target += "&before=" + base::percent_encode(*before);
        ask(About::page, room, get(std::move(target)), answer_timeout);
    } else if (t == "post") {
        Posted post{std::move(room), base::text_member(*read, "key"), {}};
        if (std::ranges::find(posts_, post.key, &Posted::key) != posts_.end()) return;  // it is on its way
        post.body = "{\"user\":";
        base::append_json_string(post.body, user_);
        for (const auto* key : {"text", "host"}) {
            post.body += fmt::format(",\"{}\":", key);
            base::append_json_string(post.body, base::text_member(*read, key));
        }
        if (const auto secret = base::string_member(*read, "secret"))
            base::append_json_string(post.body += ",\"secret\":", *secret);
        post.body += '}';
        posts_.push_back(std::move(post));
        if (posts_.size() == 1) ask(About::post, posts_.front());
    } else if (t == "ping") {
        ask(About::time, {}, get("/readyz"), answer_timeout);
    } else {
        ask(About::nothing, room_, post_to(room_, frame), answer_timeout);
    }
}

std::vector<Event> LongPolling::on_answer(const Answered& answer, base::Now now) {
    auto found = under_way_.extract(answer.request);
    if (!found) return {};  // from before it started over
    const auto [about, room] = std::move(found.mapped());
    const bool is_put_out = about == About::poll && answer.response.status == 403;
    const bool is_wrong =
        answer.response.status != 200 && !is_put_out && (about == About::greeting || about == About::poll);
    if (!answer.error.empty() || is_wrong) {
        start_over();
        return {Disconnected{answer.error.empty() ? fmt::format("answered {}", answer.response.status)
                                                  : answer.error}};
    }
    Heard heard;
    if (about == About::greeting) {
        heard.emplace_back(Connected{});
        auto welcome = frame_of("welcome", {{"node", node_}});
        welcome.pop_back();
        heard.emplace_back(Received{fmt::format(R"({},"now":{}}})", welcome, base::unix_ms(now.wall))});
    } else if (about == About::time) {  // by its own clock, as when it was greeted
        heard.emplace_back(Received{fmt::format(R"({{"t":"pong","now":{}}})", base::unix_ms(now.wall))});
    } else if (is_put_out) {
        followed_.erase(room);  // until it joins again
        const auto read = base::parse_json(answer.response.body);
        heard.emplace_back(Received{
            frame_of("put-out",
                     {{"room", room}, {"code", read ? base::text_member(*read, "error") : std::string{}}})});
    } else if (about == About::poll) {
        hear_poll(room, answer.response, heard);
    } else if (about == About::post && !posts_.empty()) {
        const auto post = std::move(posts_.front());
        posts_.pop_front();
        hear_post(post, answer.response, heard);
        if (!posts_.empty()) ask(About::post, posts_.front());
    } else if (about == About::repeat) {
        hear_repeat(answer.response, heard);
    } else if (about == About::page && answer.response.status == 200 &&
               answer.response.body.starts_with('{')) {
        heard.emplace_back(Received{R"({"t":"page",)" + answer.response.body.substr(1)});
    }
    return heard;
}

void LongPolling::hear_poll(const std::string& room, const base::HttpResponse& response, Heard& heard) {
    auto& followed = followed_[room];
    const auto read = base::parse_json(response.body);
    const auto* messages = read ? base::member(*read, "messages") : nullptr;
    if (!messages || !messages->is_array()) {
        start_over();
        heard.emplace_back(
            Disconnected{fmt::format("{} bytes that are no answer to a poll", response.body.size())});
        return;
    }
    for (const auto& message : messages->get_array()) {
        auto version = base::text_member(message, "change");
        const auto [known, is_new] = known_.try_emplace(base::text_member(message, "id"), version);
        if (!is_new && version <= known->second) continue;  // it never goes back
        known->second = std::move(version);
        heard.emplace_back(Received{base::write_json(message)});
    }
    followed.next = base::text_member(*read, "next");
    const bool had_gap = std::exchange(followed.gap, base::bool_member(*read, "gap"));
    if (!followed.next.empty()) {
        const bool new_gap = followed.gap && !had_gap;
        auto place = frame_of(followed.joined && !new_gap ? "cursor" : "joined",
                              {{"room", room}, {"cursor", followed.next}});
        if (new_gap) place.insert(place.size() - 1, ",\"gap\":true");
        heard.emplace_back(Received{std::move(place)});
        followed.joined = true;
        if (had_gap && !followed.gap) heard.emplace_back(Received{frame_of("gap-closed", {{"room", room}})});
    }
    poll(room);
}

void LongPolling::hear_post(const Posted& post, const base::HttpResponse& response, Heard& heard) {
    const auto read = base::parse_json(response.body);
    const auto member = [&](std::string_view key) {
        return read ? base::text_member(*read, key) : std::string{};
    };
    if (response.status == 201 || response.status == 202) {
        heard.emplace_back(Received{frame_of(response.status == 201 ? "stored" : "accepted",
                                             {{"key", post.key}, {"id", member("id")}})});
        const bool is_repeat = std::ranges::find(unstored_, post.key, &Posted::key) != unstored_.end();
        if (response.status == 202 && !is_repeat) unstored_.push_back(post);
    } else if (member("error") == "failed") {
        heard.emplace_back(Received{frame_of("failed", {{"key", post.key}, {"reason", member("reason")}})});
    } else {
        auto refused =
            frame_of("refused", {{"key", post.key}, {"code", member("error")}, {"reason", member("reason")}});
        const auto wait =
            std::ranges::find(response.headers, "Retry-After", &base::Headers::value_type::first);
        if (wait != response.headers.end())
            refused.insert(refused.size() - 1,
                           fmt::format(",\"retry_ms\":{}", seconds_of(wait->second) * 1000));
        heard.emplace_back(Received{std::move(refused)});
    }
}

void LongPolling::on_timer(std::uint32_t timer) {
    if (timer != timers::polls) return;
    repeat_due_ = false;
    const auto is_repeat = [](const auto& entry) { return entry.second.about == About::repeat; };
    if (unstored_.empty() || std::ranges::any_of(under_way_, is_repeat)) return;
    repeats_left_ = unstored_.size();
    ask(About::repeat, unstored_.front());
}

void LongPolling::hear_repeat(const base::HttpResponse& response, Heard& heard) {
    const auto read = base::parse_json(response.body);
    const bool is_final = response.status == 201 || (read && base::text_member(*read, "error") == "failed");
    if (unstored_.empty()) return;
    auto post = std::move(unstored_.front());
    unstored_.pop_front();
    if (is_final)
        hear_post(post, response, heard);
    else
        unstored_.push_back(std::move(post));  // those after it may be there nevertheless
    if (--repeats_left_ > 0 && !unstored_.empty()) ask(About::repeat, unstored_.front());
}

}  // namespace davenport::sim::client
