#include "couchmock/faults/fault_table.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace davenport::couchmock {
namespace {

using namespace std::chrono_literals;
using Parameters = std::vector<FaultParameter>;
using P = FaultParameters;

constexpr std::int64_t million = 1'000'000;
constexpr std::int64_t day_us = 86'400 * million;
/// Of a rule's life: a fault may be left on in a test system for long.
constexpr std::int64_t year_us = 365 * day_us;

constexpr base::Probability percent(std::int64_t hundredths) { return {hundredths * 10'000}; }

/// Which of its parameters a scenario file may say, beside the control API.
enum Keys { none, probability, probability_or_nth, all };

/// Which occasions are hit; an occasion is what `noun` says.
struct Which {
    Keys keys = none;
    base::Probability usual = base::certain;
    std::string_view probability = "how likely a request is hit";
    std::string_view every = "every nth request, instead of a probability";
    std::string_view at = "the nth request and no other, instead of a probability";
};

constexpr Which writes(Keys keys, base::Probability usual) {
    return {keys, usual, "how likely a write is hit", "every nth write, instead of a probability",
            "the nth write and no other, instead of a probability"};
}
constexpr Which documents(Keys keys, base::Probability usual) {
    return {keys, usual, "how likely a document is hit", "every nth document, instead of a probability",
            "the nth document and no other, instead of a probability"};
}
constexpr Which feed_rows(Keys keys, base::Probability usual) {
    return {keys, usual, "how likely a row is hit", "every nth row, instead of a probability",
            "the nth row and no other, instead of a probability"};
}

FaultParameter lasts(std::string_view about) {
    return {.json = "for_ms", .key = "", .member = &P::lasts, .low = 1'000, .high = year_us, .about = about};
}

/// What rules have in common that hit some occasions of several, for a while.
Parameters which(const Which& texts, Parameters more = {}) {
    more.push_back({.json = "probability",
                    .key = texts.keys == none ? "" : "probability",
                    .member = &P::probability,
                    .low = 1,
                    .high = million,
                    .default_value = texts.usual,
                    .about = texts.probability,
                    .group = "which"});
    more.push_back({.json = "every",
                    .key = texts.keys == all ? "each_nth" : "",
                    .member = &P::every,
                    .low = 1,
                    .high = million,
                    .about = texts.every,
                    .group = "which"});
    more.push_back({.json = "at",
                    .key = texts.keys >= probability_or_nth ? "nth" : "",
                    .member = &P::at,
                    .low = 1,
                    .high = million,
                    .about = texts.at,
                    .group = "which"});
    more.push_back({.json = "count",
                    .key = "",
                    .member = &P::count,
                    .low = 1,
                    .high = million * million,
                    .about = "so many hits, then it is spent"});
    more.push_back(lasts("duration (omitted: until deleted)"));
    return more;
}

constexpr Which feeds{none, base::certain, "how likely a feed is hit", "every nth feed",
                      "the nth feed and no other"};
/// Of each open feed once, unless a rule says which rows.
constexpr Which once_a_feed{none, base::certain, "how likely a row is hit, of any feed, and again",
                            "every nth row, of any feed", "the nth row and no other, of any feed"};

FaultParameter delay(base::Duration usual, std::string_view about) {
    return {.json = "delay_ms",
            .key = "delay",
            .member = &P::delay,
            .low = 1'000,
            .high = day_us,
            .default_value = usual,
            .about = about};
}

FaultParameter bytes(std::string_view about) {
    return {.json = "bytes",
            .key = "bytes",
            .member = &P::bytes,
            .low = 0,
            .high = 1'000 * million,
            .about = about};
}

FaultParameter rows(std::int64_t low, std::int64_t usual, std::string_view about) {
    return {.json = "rows",
            .key = "rows",
            .member = &P::rows,
            .low = low,
            .high = million,
            .default_value = usual,
            .about = about};
}

FaultParameter database() {
    return {.json = "database", .key = "", .member = &P::database, .about = "one database; else all"};
}

/// What is done by hand, and to which documents.
Parameters by_hand(std::string_view text, Parameters more = {}) {
    more.push_back(rows(1, 1, "documents touched, drawn among those that are as the fault wants them"));
    more.push_back(
        {.json = "document",
         .key = "message",
         .member = &P::document,
         .about = "one document by its id (in a scenario file one message by its name, as c3-17), instead"
                  " of drawn ones"});
    more.push_back({.json = "member",
                    .key = "",
                    .member = &P::member,
                    .default_value = std::string{"msg"},
                    .about = "only documents that hold a text there"});
    if (!text.empty())
        more.push_back({.json = "text",
                        .key = "",
                        .member = &P::text,
                        .default_value = std::string{text},
                        .about = "what they hold there afterwards"});
    more.push_back(database());
    return more;
}

FaultParameter stays_away() { return lasts("the store stays away for so long"); }

std::vector<FaultKind> of_store() {
    return {
        {Fault::store_down,
         "store.down",
         "The store is gone until the fault ends: open connections are cut, new ones refused.",
         false,
         false,
         true,
         {lasts("duration (omitted: until deleted)")}},
        {Fault::store_refuse, "store.refuse",
         "Connections are reset before a request is read; nothing is stored.", false, false, true,
         which({probability_or_nth})},
        {Fault::store_hang, "store.hang",
         "Requests are read and not answered until the fault ends; then connections continue normally. Open "
         "feeds are silent too, unless the rule says which requests.",
         false, false, true, which({probability_or_nth})},
        {Fault::store_slow_accept, "store.slow_accept",
         "New connections are made, and their first request lies unread for a while; those that are open are "
         "not touched.",
         false, false, true, which({probability}, {delay(200ms, "how long")})},
        {Fault::store_slow, "store.slow",
         "Requests are served at once, and their answers are late; of a feed only its beginning.", false,
         false, true, which({probability}, {delay(200ms, "how late")})},
        {Fault::store_error, "store.error",
         "Requests are answered with an error, in CouchDB's own words or with the page of a proxy or captive "
         "portal; nothing is stored.",
         false, false, true,
         which({probability_or_nth},
               {{.json = "status",
                 .key = "status",
                 .member = &P::status,
                 .low = 200,
                 .high = 599,
                 .default_value = std::int64_t{500},
                 .about = "the HTTP status"},
                {.json = "retry_after_s",
                 .key = "",
                 .member = &P::retry_after_s,
                 .low = 0,
                 .high = 86'400,
                 .about = "a Retry-After header, in seconds",
                 .group = "retry"},
                {.json = "retry_after_date_s",
                 .key = "",
                 .member = &P::retry_after_date_s,
                 .low = 0,
                 .high = 86'400,
                 .about = "a Retry-After header that names the date so many seconds ahead, "
                          "by the store's clock",
                 .group = "retry"},
                {.json = "body",
                 .key = "body",
                 .member = &P::body,
                 .about = "the body in the place of CouchDB's words, as a proxy's page"},
                {.json = "content_type",
                 .key = "content_type",
                 .member = &P::content_type,
                 .about = "the Content-Type; else application/json, or text/html for a "
                          "`body` that is no JSON"}})},
        {Fault::store_cut_reply, "store.cut_reply",
         "Requests are served, and the connection dies in the middle of the answer. Live feeds are not "
         "touched: feed.cut cuts them.",
         false, false, true,
         which({probability_or_nth},
               {bytes("so many bytes of the body come through; else half of it. 0: the head alone")})},
        {Fault::store_lose_reply, "store.lose_reply",
         "Writes are stored, and the connection is reset instead of the answer.", false, false, true,
         which(writes(all, percent(30)))},
        {Fault::store_partial_bulk, "store.partial_bulk",
         "Of a _bulk_docs only the first documents are stored, then the connection dies.", false, false, true,
         which({}, {rows(0, 1, "documents stored")})},
        {Fault::store_bulk_errors, "store.bulk_errors",
         "Of a _bulk_docs some documents are not stored, and their rows say so.", false, false, true,
         which(documents(probability, percent(30)),
               {{.json = "error",
                 .key = "error",
                 .member = &P::error,
                 .default_value = std::string{"internal_server_error"},
                 .about = "what the rows say",
                 .choices = {"internal_server_error", "unauthorized", "timeout"}}})},
        {Fault::store_reject,
         "store.reject",
         "Writes: some documents are refused for good, as by a design document's validate_doc_update. Of one "
         "document the answer is always the same.",
         false,
         false,
         true,
         {{.json = "probability",
           .key = "probability",
           .member = &P::probability,
           .low = 1,
           .high = million,
           .default_value = percent(10),
           .about = "how likely a document is hit; one that is, is hit whenever it comes"},
          {.json = "error",
           .key = "error",
           .member = &P::error,
           .default_value = std::string{"forbidden"},
           .about = "what the function throws: `forbidden` is 403, `unauthorized` 401, though the password "
                    "is right",
           .choices = {"forbidden", "unauthorized"}},
          lasts("duration (omitted: until deleted)")}},
        {Fault::store_accepted, "store.accepted",
         "Writes are stored and answered with 202, as by a cluster that reached too few replicas.", false,
         false, true, which(writes(probability_or_nth, base::certain))},
        {Fault::store_drip, "store.drip", "Answers come in about eight small pieces.", false, false, true,
         which({probability}, {delay(200ms, "between two pieces")})},
        {Fault::store_full, "store.full", "The disk is full: writes are answered with 507.", false, false,
         true, which(writes(none, base::certain))},
        {Fault::store_unauthorized, "store.unauthorized",
         "The password is refused: everything is answered with 401.", false, false, true, which({})},
        {Fault::store_forgotten, "store.forgotten", "The database is not found: 404.", false, false, true,
         which({})},
        {Fault::store_read_only, "store.read_only", "Writes are forbidden: 403.", false, false, true,
         which(writes(none, base::certain))},
        {Fault::store_clock_skew, "store.clock_skew",
         "The store's wall clock is wrong: the dates of its answers, and how long its cookies live (before "
         "another's CouchDB only the dates).",
         false, false, true,
         which({}, {{.json = "offset_ms",
                     .key = "offset",
                     .member = &P::offset,
                     .low = -day_us,
                     .high = day_us,
                     .about = "how wrong; negative is slow",
                     .required = true}})},
        {Fault::store_clock_drift, "store.clock_drift",
         "The store's wall clock goes wrong bit by bit; what it says of time as with store.clock_skew.",
         false, false, true,
         which({}, {{.json = "per_second_ms",
                     .key = "per_second",
                     .member = &P::per_second,
                     .low = -500'000,
                     .high = 500'000,
                     .about = "how much it gains each second; negative: it loses",
                     .required = true}})},
        {Fault::store_locked_out, "store.locked_out",
         "The node's address is locked out for too many wrong passwords, as in CouchDB 3.4 and later: "
         "everything is answered with 403.",
         false, false, true, which({})},
        {Fault::store_stale, "store.stale",
         "Documents that were written a moment ago are not found when they are asked for by id, as at a "
         "replica that lags: 404 after 201. The changes feed is not touched.",
         false, false, true,
         which({probability, base::certain, "how likely a read of such a document is hit", "every nth read",
                "the nth read and no other"},
               {delay(500ms, "how long after it was written")})},
        {Fault::store_short_sessions, "store.short_sessions",
         "A session's cookie is good for a while from its first use, then the store does not know it: 401.",
         false, false, true,
         which({probability, base::certain, "how likely a request with a cookie that is too old is hit",
                "every nth such request", "the nth such request and no other"},
               {delay(1s, "how long a cookie is good")})},
        {Fault::store_corrupt_attachment, "store.corrupt_attachment",
         "One bit of an attachment that is read by its own path is wrong; its length, its ETag and the "
         "digest in "
         "its document are not. Attachments within documents are not touched.",
         false, false, true,
         which({probability_or_nth, base::certain, "how likely a read of an attachment is hit",
                "every nth read, instead of a probability",
                "the nth read and no other, instead of a probability"})},
        {Fault::store_wipe,
         "store.wipe",
         "All documents are gone for good; the nodes must fill the store again.",
         true,
         true,
         false,
         {}},
        {Fault::store_crash,
         "store.crash",
         "The store dies and is back at once: every connection is reset, and what was not acknowledged is "
         "gone.",
         true,
         false,
         true,
         {stays_away()}},
        {Fault::store_amnesia,
         "store.amnesia",
         "The newest documents are gone although they were acknowledged, as no CouchDB does, and every seq "
         "given so far means the start; the nodes must heal it.",
         true,
         true,
         false,
         {rows(1, 10, "documents lost, of each database"),
          {.json = "local",
           .key = "",
           .member = &P::local,
           .default_value = true,
           .about = "false spares the `_local` documents"},
          database()}},
        {Fault::store_failover,
         "store.failover",
         "Every connection is reset, and a copy takes over that lacks the newest documents, though they were "
         "acknowledged. It passes for the same store: its `_local` documents are there. It knows no old seq; "
         "the nodes must verify it, and bring the documents back.",
         true,
         true,
         true,
         {rows(1, 10, "documents lost, of each database"), database(), stays_away()}},
        {Fault::store_restart,
         "store.restart",
         "The store restarts: every connection is reset, nothing is lost.",
         true,
         false,
         true,
         {{.json = "uuid",
           .key = "",
           .member = &P::uuid,
           .about = "it is another server from now on, which knows no old seq (*own store*)"},
          stays_away()}},
        {Fault::store_document_edit, "store.document_edit",
         "Somebody edits documents by hand, as with Fauxton or curl: the text is another one, all else "
         "stays.",
         true, true, false, by_hand("edited by hand")},
        {Fault::store_document_delete, "store.document_delete",
         "Somebody deletes documents by hand, with all their leaves.", true, true, false, by_hand({})},
        {Fault::store_document_purge, "store.document_purge",
         "Somebody purges documents with all their revisions: the changes feed tells nothing of it, only "
         "`_purged_infos` knows.",
         true, true, false, by_hand({})},
        {Fault::store_document_conflict, "store.document_conflict",
         "Documents have one more leaf, as a replication leaves it when two stores were edited while they "
         "were apart. Only documents that were changed before: a new one is the same in both.",
         true, true, false,
         by_hand("edited in another store",
                 {{.json = "wins",
                   .key = "wins",
                   .member = &P::wins,
                   .high = 1,
                   .default_value = false,
                   .about = "the leaf that is added wins, else the one that was there"}})},
    };
}

Parameters of_a_member() {
    return {{.json = "member",
             .key = "member",
             .member = &P::number,
             .low = 1,
             .high = members_max,
             .about = "which, from 1; drawn when left out"},
            {.json = "delay_ms",
             .key = "delay",
             .member = &P::delay,
             .high = day_us,
             .default_value = base::Duration{2s},
             .about = "how long after its return the others have brought it what it missed"},
            lasts("then it ends by itself")};
}

std::vector<FaultKind> of_members() {
    return {
        {Fault::member_down, "member.down",
         "A member of the cluster is gone until the fault ends: it serves nobody, and its feeds are cut. "
         "What is written meanwhile it lacks for a while after it is back; `_local` documents for good.",
         false, true, false, of_a_member()},
        {Fault::member_empty, "member.empty",
         "A member of the cluster is gone until the fault ends, and comes back with an empty disk: it lacks "
         "all documents for a while, its `_local` documents for good, and knows none of the seqs that it "
         "gave.",
         false, true, false, of_a_member()},
    };
}

std::vector<FaultKind> of_feed() {
    return {
        {Fault::feed_cut, "feed.cut",
         "The changes feed is cut in the middle of a row; each feed that is open, once.", true, false, true,
         which(once_a_feed, {bytes("so many bytes of the row come through; else half of it")})},
        {Fault::feed_stall,
         "feed.stall",
         "The changes feed falls silent until the fault ends, heartbeats too, with the connection open.",
         false,
         false,
         true,
         {lasts("duration (omitted: until deleted)")}},
        {Fault::feed_rewind, "feed.rewind",
         "Open feeds jump back and give old rows again; if none is open, the next begins at the beginning.",
         true, false, true, which(feeds, {rows(0, 0, "how far back; 0 is to the beginning")})},
        {Fault::feed_repeat, "feed.repeat", "Rows come twice.", false, false, true,
         which(feed_rows(probability, percent(30)))},
        {Fault::feed_reorder, "feed.reorder", "Rows come after their successors, as in a cluster.", false,
         false, true, which(feed_rows(probability, percent(50)))},
        {Fault::feed_late, "feed.late", "Rows come late, after newer ones.", false, false, true,
         which(feed_rows(probability, percent(30)), {delay(500ms, "how late")})},
        {Fault::feed_garbage, "feed.garbage",
         "The feed has a line that is no JSON; each feed that is open, once.", true, false, true,
         which(once_a_feed)},
        {Fault::feed_early_last_seq, "feed.early_last_seq",
         "The feed ends before its time, in good order, with a last_seq; each feed that is open, once.", true,
         false, true, which(once_a_feed)},
        {Fault::feed_foreign_since, "feed.foreign_since",
         "Open feeds are reset, and the sequence that each then asks to go on from is refused: 400.", true,
         false, true, which(feeds)},
    };
}

template <class Rows, class Member>
auto* find_by(Rows& rows, Member member, std::string_view name) {
    const auto found = std::ranges::find(rows, name, member);
    return found == rows.end() || name.empty() ? nullptr : &*found;
}

}  // namespace

const FaultParameter* FaultKind::find_json(std::string_view json) const {
    return find_by(parameters, &FaultParameter::json, json);
}

const FaultParameter* FaultKind::find_key(std::string_view key) const {
    return find_by(parameters, &FaultParameter::key, key);
}

const std::vector<FaultKind>& fault_table() {
    static const std::vector<FaultKind> table = [] {
        auto all = of_store();
        for (auto& kind : of_members()) all.push_back(std::move(kind));
        for (auto& kind : of_feed()) all.push_back(std::move(kind));
        return all;
    }();
    return table;
}

const FaultKind& kind_of(Fault fault) { return *std::ranges::find(fault_table(), fault, &FaultKind::fault); }

const FaultKind* find_fault(std::string_view name) { return find_by(fault_table(), &FaultKind::name, name); }

bool set_parameter(FaultParameters& into, const FaultParameter& which, const base::Parameter& value) {
    return std::visit(
        [&]<class T>(std::optional<T> FaultParameters::*member) {
            const auto* typed = std::get_if<T>(&value);
            if (typed) into.*member = *typed;
            return typed != nullptr;
        },
        which.member);
}

std::optional<base::Parameter> get_parameter(const FaultParameters& from, const FaultParameter& which) {
    return std::visit(
        [&](auto member) {
            const auto& value = from.*member;
            return value ? std::optional<base::Parameter>{*value} : std::nullopt;
        },
        which.member);
}

FaultParameters with_defaults(const FaultKind& kind, FaultParameters given) {
    auto out = given;
    for (const auto& parameter : kind.parameters) {
        const bool said = std::ranges::any_of(kind.parameters, [&](const FaultParameter& other) {
            const bool rival = !parameter.group.empty() && other.group == parameter.group;
            return (rival || &other == &parameter) && get_parameter(given, other);
        });
        if (!said && parameter.default_value) set_parameter(out, parameter, *parameter.default_value);
    }
    return out;
}

}  // namespace davenport::couchmock
