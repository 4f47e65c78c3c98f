#include "node/core/clients/http_api.hpp"

#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/text.hpp"
#include "node/core/clients/client_frame.hpp"
#include "node/core/clients/known_members.hpp"
#include "node/core/clients/post_rules.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include <fmt/format.h>

namespace davenport::node::http_api {
namespace {

constexpr std::size_t limit_default = 50;
constexpr std::size_t limit_most = 500;
constexpr std::int64_t timeout_s_default = 25;  // less than what proxies between bear, mostly
constexpr std::int64_t timeout_s_most = 50;     // nginx and others give up after 60

BadRequest wrong(int status, std::string_view error, std::string_view reason) {
    return {problem(status, error, reason)};
}

/// A media type is the same in any case, and ends where its parameters begin (RFC 9110, 8.3.1).
bool is_json(const base::HttpRequest& request) {
    const auto whole = base::header(request.headers, "Content-Type");
    auto type = whole.substr(0, whole.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    const auto packed = base::header(request.headers, "Content-Encoding");
    return base::equal_ignoring_case(type, "application/json") &&
           (packed.empty() || base::equal_ignoring_case(packed, "identity"));
}

/// Which of these members is there and no text; empty when none is.
std::string_view no_text(const base::json::value& body, std::initializer_list<std::string_view> names) {
    for (const auto name : names)
        if (const auto* one = base::member(body, name); one && !one->is_string()) return name;
    return {};
}

Call read_post(const base::HttpRequest& request, const std::string& room) {
    if (!is_json(request)) return wrong(415, "unsupported_media_type", "send application/json, as it is");
    const auto body = base::parse_json(request.body);
    const auto user = body ? base::string_member(*body, "user") : std::nullopt;
    const auto text = body ? base::string_member(*body, "text") : std::nullopt;
    if (!text)
        return wrong(400, "bad_request", "the body is a JSON object with `user` and `text` as strings");
    if (const auto name = no_text(*body, {"user", "host", "secret"}); !name.empty())
        return wrong(400, "bad_request", fmt::format("`{}` is a string", name));
    const auto key = base::header(request.headers, "Idempotency-Key");
    if (!base::is_utf8(key)) return wrong(400, "bad_key", "Idempotency-Key is a message key, or is left out");
    return PostMessage{room,
                       std::string{user.value_or("")},
                       std::string{key},
                       std::string{*text},
                       base::text_member(*body, "host"),
                       base::text_member(*body, "secret")};
}

Call read_change(const base::HttpRequest& request, const std::string& room, const std::string& id) {
    const auto key = base::header(request.headers, "Idempotency-Key");
    if (!base::is_utf8(key)) return wrong(400, "bad_key", "Idempotency-Key is a message key, or is left out");
    ChangeDraft draft{.room = room,
                      .id = id,
                      .key = std::string{key},
                      .text = {},
                      .secret = std::string{base::header(request.headers, "Message-Secret")},
                      .user = {},
                      .removes = request.method == "DELETE"};
    if (draft.removes && request.body.empty()) return ChangeMessage{std::move(draft)};
    if (!is_json(request)) return wrong(415, "unsupported_media_type", "send application/json, as it is");
    const auto body = base::parse_json(request.body);
    const auto text = body ? base::string_member(*body, "text") : std::nullopt;
    if (!body || !body->is_object() || (!draft.removes && !text))
        return wrong(400, "bad_request", "the body is a JSON object with `text` as a string");
    draft.text = text.value_or("");
    if (const auto name = no_text(*body, {"user", "secret"}); !name.empty())
        return wrong(400, "bad_request", fmt::format("`{}` is a string", name));
    draft.user = base::text_member(*body, "user");
    if (auto secret = base::text_member(*body, "secret"); !secret.empty()) draft.secret = std::move(secret);
    return ChangeMessage{std::move(draft)};
}

Call read_ban(const base::HttpRequest& request, std::string room, std::string name) {
    const auto key = base::header(request.headers, "Idempotency-Key");
    if (!base::is_utf8(key)) return wrong(400, "bad_key", "Idempotency-Key is a message key, or is left out");
    ChangeBan out{std::move(room), std::move(name), std::string{key}, {}, {}, request.method == "DELETE"};
    if (request.body.empty()) return out;
    if (!is_json(request)) return wrong(415, "unsupported_media_type", "send application/json, as it is");
    base::JsonReader reader;
    const auto body = reader.read(request.body);
    if (!body || !body->is_object() || !read_text(*body, "reason", out.reason) ||
        !read_text(*body, "until", out.until))
        return wrong(400, "bad_request", "the body is a JSON object, with `reason` and `until` as strings");
    if (const auto problem = unknown_member(*body, {"reason", "until"}); !problem.empty())
        return wrong(400, "bad_request", problem);
    return out;
}

Call read_room_settings(const base::HttpRequest& request, const std::string& room) {
    const auto key = base::header(request.headers, "Idempotency-Key");
    if (!base::is_utf8(key)) return wrong(400, "bad_key", "Idempotency-Key is a message key, or is left out");
    if (!is_json(request)) return wrong(415, "unsupported_media_type", "send application/json, as it is");
    base::JsonReader reader;
    const auto body = reader.read(request.body);
    if (!body || !body->is_object()) return wrong(400, "bad_request", "the body is a JSON object");
    SetRoom out{std::string{key}, {}};
    out.settings.room = room;
    if (const auto problem = base::read_room_members(*body, out.settings); !problem.empty())
        return wrong(400, "bad_request", problem);
    if (const auto problem =
            unknown_member(*body, {"topic", "readers", "writers", "slow_s", "retention_days"});
        !problem.empty())
        return wrong(400, "bad_request", problem);
    return out;
}

/// False when the parameter is there and no number from `least` on; more than `most` is `most`.
template <class Number>
bool read_number(const base::Target& target, std::string_view name, Number least, Number most, Number& into) {
    const auto* text = target.find(name);
    if (!text) return true;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), into);
    if (error != std::errc{} || end != text->data() + text->size() || into < least) return false;
    into = std::min(into, most);
    return true;
}

Call read_get(const base::Target& target, const std::string& room) {
    GetMessages out{room, {}, limit_default};
    if (const auto* before = target.find("before")) out.before = *before;
    if (!read_number(target, "limit", std::size_t{1}, limit_most, out.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 500");
    return out;
}

Call read_poll(const base::Target& target, const std::string& room) {
    Poll out{room, {}, timeout_s_default, limit_default};
    if (const auto* after = target.find("after")) out.after = *after;
    if (!read_number(target, "limit", std::size_t{1}, limit_most, out.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 500");
    if (!read_number(target, "timeout", std::int64_t{0}, timeout_s_most, out.timeout_s))
        return wrong(400, "bad_request", "`timeout` is a number of seconds, 0 or more");
    return out;
}

Call read_follow(const base::Target& target, const base::HttpRequest& request, const std::string& room) {
    Follow out{room, {}, limit_default};
    if (const auto* after = target.find("after")) out.after = *after;
    // A browser that comes back asks for the same URL, and knows better where it is.
    if (const auto id = base::header(request.headers, "Last-Event-ID"); !id.empty()) out.after = id;
    if (!read_number(target, "limit", std::size_t{1}, limit_most, out.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 500");
    return out;
}

Call read_rooms(const base::Target& target) {
    GetRooms out{{}, limit_default};
    if (const auto* after = target.find("after")) out.after = *after;
    if (!read_number(target, "limit", std::size_t{1}, limit_most, out.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 500");
    return out;
}

Call read_bans(const base::Target& target, std::string room) {
    GetBans out{std::move(room), {}, limit_default};
    if (const auto* after = target.find("after")) out.after = *after;
    if (!read_number(target, "limit", std::size_t{1}, limit_most, out.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 500");
    return out;
}

Call read_search(const base::Target& target) {
    FindMessages out;
    auto& query = out.query;
    if (const auto* text = target.find("q")) query.text = *text;
    if (const auto* room = target.find("room")) query.room = *room;
    if (query.text.empty() || query.text.size() > search_text_bytes_max || !base::is_utf8(query.text))
        return wrong(400, "bad_request", "`q` is what to look for, in UTF-8, at most 1000 bytes");
    if (!query.room.empty() && !base::is_room_name(query.room)) return wrong(400, "bad_room", room_name_rule);
    if (const auto* before = target.find("before"); before && !read_search_place(*before, query.before))
        return wrong(400, "bad_place", "`before` is the `next` of an answer, as it came");
    if (!read_number(target, "limit", std::size_t{1}, search_results_max, query.limit))
        return wrong(400, "bad_request", "`limit` is a number from 1 to 100");
    return out;
}

BadRequest not_allowed(std::string_view known, std::string_view allow) {
    auto out = wrong(405, "method_not_allowed", std::string{known} + " known here");
    out.answer.headers.emplace_back("Allow", allow);
    return out;
}

/// Under which path clients see the node: a proxy may give it one of its own, and another chat the next. "/"
/// when it is none that a cookie can have.
std::string cookie_path(std::string_view given) {
    static constexpr std::size_t path_bytes_max = 512;
    static constexpr std::string_view others = "-._~!$&'()*+,=:@%/";
    const bool good = given.size() <= path_bytes_max && given.starts_with('/') && given.ends_with('/') &&
                      std::ranges::all_of(given, [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 others.find(c) != others.npos;
                      });
    return good ? std::string{given} : "/";
}

Call read_session(const base::HttpRequest& request, const base::Target& target) {
    if (request.method == "GET" || request.method == "HEAD") return GetSession{};
    if (request.method == "DELETE") {
        const auto* all = target.find("all");
        if (all && *all != "true" && *all != "false")
            return wrong(400, "bad_request", "`all` is true, to sign out everywhere, or false");
        const auto* path = target.find("path");
        return EndSession{all && *all == "true", cookie_path(path ? *path : "/")};
    }
    if (request.method != "POST") return not_allowed("GET, POST and DELETE are", "GET, HEAD, POST, DELETE");
    if (!is_json(request)) return wrong(415, "unsupported_media_type", "send application/json, as it is");
    const auto body = base::parse_json(request.body);
    const auto name = body ? base::string_member(*body, "name") : std::nullopt;
    const auto password = body ? base::string_member(*body, "password") : std::nullopt;
    if (!name || !password)
        return wrong(400, "bad_request", "the body is a JSON object with `name` and `password` as strings");
    return BeginSession{std::string{*name}, std::string{*password},
                        cookie_path(base::text_member(*body, "path"))};
}

/// The list of bans, or one: the path goes on with its name at `at`.
Call read_ban_call(const base::HttpRequest& request, const base::Target& target, const std::string& room,
                   std::size_t at) {
    if (target.path.size() == at) {
        if (request.method == "GET" || request.method == "HEAD") return read_bans(target, room);
        return not_allowed("GET is", "GET, HEAD");
    }
    if (request.method == "PUT" || request.method == "DELETE")
        return read_ban(request, room, target.path[at]);
    return not_allowed("PUT and DELETE are", "PUT, DELETE");
}

Call read_room_call(const base::HttpRequest& request, const base::Target& target) {
    const auto& room = target.path[2];
    if (!base::is_room_name(room)) return wrong(400, "bad_room", room_name_rule);
    if (target.path.size() == 3) {
        if (request.method == "GET" || request.method == "HEAD") return GetRoom{room};
        if (request.method == "PUT") return read_room_settings(request, room);
        return not_allowed("GET and PUT are", "GET, HEAD, PUT");
    }
    const auto& what = target.path[3];
    if (what == "bans") return read_ban_call(request, target, room, 4);
    if (target.path.size() == 5) {
        if (what != "messages") return wrong(404, "not_found", "there is nothing here");
        if (request.method == "PUT" || request.method == "DELETE")
            return read_change(request, room, target.path[4]);
        return not_allowed("PUT and DELETE are", "PUT, DELETE");
    }
    if (what == "messages") {
        if (request.method == "GET" || request.method == "HEAD") return read_get(target, room);
        if (request.method == "POST") return read_post(request, room);
        return not_allowed("GET and POST are", "GET, HEAD, POST");
    }
    if (what == "names") {
        if (request.method != "GET" && request.method != "HEAD") return not_allowed("GET is", "GET, HEAD");
        const auto* like = target.find("like");
        if (!like) return wrong(400, "bad_request", "`like` is the name to be looked at");
        return GetName{room, *like};
    }
    if (what != "poll" && what != "events") return wrong(404, "not_found", "there is nothing here");
    if (request.method != "GET") return not_allowed("GET is", "GET");
    return what == "poll" ? read_poll(target, room) : read_follow(target, request, room);
}

}  // namespace

Call read(const base::HttpRequest& request) {
    const auto target = base::parse_target(request.target);
    if (!target) return wrong(400, "bad_request", "a malformed escape in the target");
    const auto& path = target->path;
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (path.size() == 1 && path[0] == "healthz" && get) return Health{};
    if (path.size() == 1 && path[0] == "readyz" && get) return Ready{};
    if (path.size() >= 3 && path.size() <= 5 && path[0] == "api" && path[1] == "rooms")
        return read_room_call(request, *target);
    if ((path.size() == 2 || path.size() == 3) && path[0] == "api" && path[1] == "bans")
        return read_ban_call(request, *target, std::string{base::everywhere}, 2);
    if (path.size() == 2 && path[0] == "api" && path[1] == "session") return read_session(request, *target);
    if (path.size() == 2 && path[0] == "api" && (path[1] == "rooms" || path[1] == "search")) {
        if (!get) return not_allowed("GET is", "GET, HEAD");
        return path[1] == "rooms" ? read_rooms(*target) : read_search(*target);
    }
    return wrong(404, "not_found", "there is nothing here");
}

base::HttpResponse problem(int status, std::string_view error, std::string_view reason) {
    std::string out = "{\"error\":";
    base::append_json_string(out, error);
    out += ",\"reason\":";
    base::append_json_string(out, reason);
    return json(status, out + "}\n");
}

base::HttpResponse later(int status, std::string_view error, std::string_view reason, base::Duration wait) {
    std::string out = "{\"error\":";
    base::append_json_string(out, error);
    out += ",\"reason\":";
    base::append_json_string(out, reason);
    out += ",\"retry_ms\":" + std::to_string(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
    auto answer = json(status, out + "}\n");
    answer.headers.emplace_back("Retry-After",
                                std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
    return answer;
}

base::HttpResponse denied(const Refusal& refusal) {
    if (refusal.retry_ms > 0)
        return later(503, refusal.code, refusal.reason, std::chrono::milliseconds{refusal.retry_ms});
    std::string out = "{\"error\":";
    base::append_json_string(out, refusal.code);
    base::append_json_string(out += ",\"reason\":", refusal.reason);
    if (!refusal.until.empty()) base::append_json_string(out += ",\"until\":", refusal.until);
    return json(403, out + "}\n");
}

base::HttpResponse json(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

base::HttpResponse bad_name(std::string_view reason, std::size_t max) {
    std::string out = "{\"error\":\"bad_name\",\"reason\":";
    base::append_json_string(out, reason);
    if (max > 0) out += ",\"max\":" + std::to_string(max);
    return json(400, out + "}\n");
}

base::HttpResponse health() { return json(200, "{\"status\":\"ok\"}\n"); }

base::HttpResponse ready(const Readiness& how) {
    const bool clock_off = how.clock_ahead != base::Duration{};
    const bool takes_posts = !how.draining && how.journal_writable && !clock_off;
    std::string body = how.draining            ? "{\"status\":\"draining\""
                       : !how.journal_writable ? "{\"status\":\"read-only\""
                       : clock_off             ? "{\"status\":\"clock-off\""
                       : !how.store_up         ? "{\"status\":\"degraded\""
                       : how.catching_up       ? "{\"status\":\"catching_up\""
                                               : "{\"status\":\"ok\"";
    body += how.store_up ? ",\"store\":\"up\"" : ",\"store\":\"down\"";
    body += how.journal_writable ? ",\"journal\":\"writable\"" : ",\"journal\":\"unwritable\"";
    if (clock_off)
        body +=
            ",\"clock_ahead_ms\":" +
            std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(how.clock_ahead).count());
    body += ",\"backlog\":" + std::to_string(how.backlog);
    if (how.catching_up)
        body += ",\"catching_up\":{\"read\":" + std::to_string(how.catching_up->read) +
                ",\"of\":" + std::to_string(how.catching_up->of) + "}";
    body += "}\n";
    return json(takes_posts ? 200 : 503, std::move(body));
}

base::HttpResponse messages(const frames::Page& page) {
    std::string body = "{\"room\":";
    base::append_json_string(body, page.room);
    frames::append_members(body += ',', page);
    return json(200, body + "}\n");
}

base::HttpResponse found(const frames::Found& found) {
    std::string body = "{";
    frames::append_members(body, found);
    return json(200, body + "}\n");
}

base::HttpResponse polled(std::string_view room, const std::vector<std::string>& messages,
                          std::string_view next, bool gap) {
    std::string body = "{\"room\":";
    base::append_json_string(body, room);
    body += ",\"messages\":[";
    for (const auto& message : messages) (body += &message == &messages.front() ? "" : ",") += message;
    body += "],\"next\":";
    base::append_json_string(body, next);
    if (gap) body += ",\"gap\":true";
    return json(200, body + "}\n");
}

base::HttpResponse rooms(const std::vector<base::JournalRoom>& rooms, bool more) {
    std::string body = "{\"rooms\":[";
    for (const auto& room : rooms) {
        body += &room == &rooms.front() ? "{\"room\":" : ",{\"room\":";
        base::append_json_string(body, room.name);
        ((body += ",\"newest\":\"") += room.newest) += "\"}";
    }
    body += more ? "],\"more\":true}\n" : "],\"more\":false}\n";
    return json(200, std::move(body));
}

base::HttpResponse bans(const std::vector<const base::Ban*>& bans, bool more) {
    std::string body;
    base::JsonWriter json_of{body};
    json_of.begin_object().key("bans").begin_array();
    for (const auto* ban : bans) {
        json_of.begin_object().member("name", ban->name);
        if (ban->room != base::everywhere) json_of.member("room", ban->room);
        json_of.member("by", ban->by).member("reason", ban->reason);
        if (ban->until_ms) json_of.member("until", base::iso8601(base::wall_from_unix_ms(*ban->until_ms)));
        json_of.end_object();
    }
    json_of.end_array().member("more", more).end_object();
    return json(200, body + "\n");
}

base::HttpResponse room(const frames::RoomInfo& frame) {
    std::string body = "{";
    frames::append_members(body, frame);
    return json(200, body + "}\n");
}

base::HttpResponse name(const frames::Alike& alike, std::string_view prepared) {
    std::string body;
    base::JsonWriter json_of{body};
    json_of.begin_object().member("room", alike.room).member("name", prepared).key("alike").begin_array();
    for (const auto& one : alike.names) json_of.value(one);
    json_of.end_array().end_object();
    return json(200, body + "\n");
}

base::HttpResponse invalid_cursor() {
    return problem(
        400, "bad_place",
        "`after` is no place that a node handed out: leave it out, and begin with the newest messages");
}

base::HttpResponse too_many() {
    auto answer = problem(503, "too_many",
                          "too many requests of this kind are under way here: try again, or elsewhere");
    answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

base::HttpResponse shutting_down() {
    auto answer = problem(503, "draining", "this node is about to stop: go on elsewhere");
    answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

namespace {

base::HttpResponse kept(int status, std::string_view state, std::string_view key, std::string_view id) {
    std::string body = "{\"state\":";
    base::append_json_string(body, state);
    body += ",\"key\":";
    base::append_json_string(body, key);
    body += ",\"id\":";
    base::append_json_string(body, id);
    return json(status, body + "}\n");
}

int status_of(const frames::Refused& refused) {
    const auto& code = refused.code;
    if (code == "too_fast" || code == "slow_mode") return 429;
    if (code == "not_yours" || code == "banned" || code == "not_a_member" || code == "read_only") return 403;
    if (refused.code == "unknown") return 404;
    if (refused.retry_ms > 0) return 503;
    return refused.code == "too_long" ? 413 : 400;
}

base::HttpResponse not_kept(int status, std::string_view error, std::string_view reason, std::string_view key,
                            std::size_t max = 0, std::string_view until = {}) {
    std::string body = "{\"error\":";
    base::append_json_string(body, error);
    body += ",\"reason\":";
    base::append_json_string(body, reason);
    body += ",\"key\":";
    base::append_json_string(body, key);
    if (max > 0) body += ",\"max\":" + std::to_string(max);
    if (!until.empty()) base::append_json_string(body += ",\"until\":", until);
    return json(status, body + "}\n");
}

}  // namespace

base::HttpResponse posted(const frames::Accepted& frame) {
    return kept(202, "accepted", frame.key, frame.id);
}

base::HttpResponse posted(const frames::Stored& frame) { return kept(201, "stored", frame.key, frame.id); }

base::HttpResponse posted(const frames::Failed& frame) {
    return not_kept(422, "failed", "the store refused it: " + std::string{frame.reason}, frame.key);
}

base::HttpResponse posted(const frames::Superseded& frame) {
    return not_kept(409, "superseded", frame.reason, frame.key);
}

base::HttpResponse posted(const frames::Refused& frame) {
    auto answer = not_kept(status_of(frame), frame.code, frame.reason, frame.key, frame.max, frame.until);
    if (frame.retry_ms > 0)
        answer.headers.emplace_back("Retry-After", std::to_string((frame.retry_ms + 999) / 1000));
    return answer;
}

}  // namespace davenport::node::http_api
