#pragma once

#include "node/base/http.hpp"
#include "node/base/journal.hpp"
#include "node/base/policy.hpp"
#include "node/base/search.hpp"
#include "node/core/clients/change_rules.hpp"
#include "node/core/clients/frames.hpp"
#include "node/core/store/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The HTTP part of what a node offers, as far as the core answers it: requests taken apart, answers put
/// together. Pure.
namespace davenport::node::http_api {

struct Health {};  ///< GET /healthz: the process runs
struct Ready {};   ///< GET /readyz: it takes posts; says whether its store is up
struct GetMessages {
    std::string room, before;
    std::size_t limit;
};  ///< GET /api/rooms/{room}/messages?before=&limit=
struct Poll {
    std::string room, after;
    std::int64_t timeout_s;
    std::size_t limit;
};  ///< GET /api/rooms/{room}/poll?after=&timeout=&limit=
struct Follow {
    std::string room, after;
    std::size_t limit;
};  ///< GET /api/rooms/{room}/events?after=&limit=, or Last-Event-ID: server-sent events
struct GetRooms {
    std::string after;
    std::size_t limit;
};  ///< GET /api/rooms?after=&limit=
struct FindMessages {
    base::SearchQuery query;
};  ///< GET /api/search?q=&room=&before=&limit=
struct PostMessage {
    std::string room, user, key, text, host, secret;
};  ///< POST /api/rooms/{room}/messages, Idempotency-Key: a message key; empty: the node makes one
struct ChangeMessage {
    ChangeDraft draft;  ///< its `user`: as it was given
};                      ///< PUT, DELETE /api/rooms/{room}/messages/{id}, Idempotency-Key as above
struct ChangeBan {
    std::string room;  ///< or base::everywhere
    std::string name, key, reason, until;
    bool lifts = false;
};  ///< PUT, DELETE /api/rooms/{room}/bans/{name} and /api/bans/{name}, Idempotency-Key as above
struct GetBans {
    std::string room;  ///< or base::everywhere
    std::string after;
    std::size_t limit;
};  ///< GET /api/rooms/{room}/bans?after=&limit= and /api/bans?after=&limit=
struct GetRoom {
    std::string room;
};  ///< GET /api/rooms/{room}
struct GetName {
    std::string room, name;
};  ///< GET /api/rooms/{room}/names?like=: whether it is a name, and who bears one like it
struct SetRoom {
    std::string key;
    base::RoomSettings settings;  ///< with its room
};                                ///< PUT /api/rooms/{room}, Idempotency-Key as above
struct BeginSession {
    std::string name, password;
    std::string path = "/";  ///< under which clients see this node
};                           ///< POST /api/session
struct GetSession {};        ///< GET /api/session
struct EndSession {
    bool all = false;
    std::string path = "/";
};  ///< DELETE /api/session?all=true: this sign-in, or all that its name has
struct BadRequest {
    base::HttpResponse answer;
};  ///< none of these, or badly made

using Call = std::variant<Health, Ready, GetMessages, Poll, Follow, GetRooms, FindMessages, PostMessage,
                          ChangeMessage, ChangeBan, GetBans, GetRoom, GetName, SetRoom, BeginSession,
                          GetSession, EndSession, BadRequest>;
Call read(const base::HttpRequest& request);

/// An error as all of ours are: what a program goes by, and what a person reads.
base::HttpResponse problem(int status, std::string_view error, std::string_view reason);
/// The same, for what may be asked again after `wait`: told in `retry_ms` and Retry-After.
base::HttpResponse later(int status, std::string_view error, std::string_view reason, base::Duration wait);
/// Why somebody may not do something.
base::HttpResponse denied(const Refusal& refusal);
base::HttpResponse json(int status, std::string body);
base::HttpResponse health();
/// `max`: the bound that the name exceeds, or 0.
base::HttpResponse bad_name(std::string_view reason, std::size_t max);
/// What GET /readyz tells.
struct Readiness {
    bool store_up = false, draining = false;
    bool journal_writable = true;
    std::size_t backlog = 0;
    base::Duration clock_ahead{};  ///< of the store's clock, where that matters; 0 where it does not
    std::optional<Store::Progress>
        catching_up{};  ///< how far a new node has read what the store had before it
};
base::HttpResponse ready(const Readiness& how);
base::HttpResponse messages(const frames::Page& page);
base::HttpResponse found(const frames::Found& found);
/// `messages`: as they stand in `message` frames; `next`: to be handed back as `after`.
base::HttpResponse polled(std::string_view room, const std::vector<std::string>& messages,
                          std::string_view next, bool gap);
/// `more`: there are others after the last of `rooms`.
base::HttpResponse rooms(const std::vector<base::JournalRoom>& rooms, bool more);
/// `more`: there are others after the last of `bans`.
base::HttpResponse bans(const std::vector<const base::Ban*>& bans, bool more);
base::HttpResponse room(const frames::RoomInfo& frame);
/// A name that is good, as it is written, and names that look like it.
base::HttpResponse name(const frames::Alike& alike, std::string_view prepared);
base::HttpResponse invalid_cursor();  ///< `after` was not handed out by any node
base::HttpResponse too_many();        ///< long polls, or searches
base::HttpResponse shutting_down();   ///< the node is about to end
// What became of a post.
base::HttpResponse posted(const frames::Accepted& frame);
base::HttpResponse posted(const frames::Stored& frame);
base::HttpResponse posted(const frames::Failed& frame);
base::HttpResponse posted(const frames::Superseded& frame);
base::HttpResponse posted(const frames::Refused& frame);

}  // namespace davenport::node::http_api
