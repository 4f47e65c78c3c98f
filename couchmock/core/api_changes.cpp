#include "couchmock/core/api.hpp"
#include "couchmock/core/feeds.hpp"
#include "node/base/json.hpp"

#include <charconv>
#include <unordered_set>

namespace davenport::couchmock::api {
namespace {

/// However long a client wants to wait: CouchDB's changes_timeout.
base::Duration longest_wait(const Server& server) {
    return std::chrono::milliseconds{
        std::max<std::int64_t>(server.setting_number("chttpd", "changes_timeout", 60'000), 1)};
}

/// More than anybody waits, and less than a clock can count.
constexpr std::chrono::milliseconds endless{std::int64_t{1} << 40};

/// CouchDB's own slip: a number that is none is an internal error.
ApiError badarg() { return {500, "unknown_error", "badarg", {}}; }

std::optional<std::int64_t> read_integer(std::string_view text) {
    std::int64_t value = 0;
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

base::Duration read_heartbeat(std::string_view text) {
    if (text == "true") return endless;
    const auto value = read_integer(text);
    if (!value)
        throw bad_request("Invalid heartbeat value. Expecting a positive integer value (in milliseconds).");
    if (*value <= 0) throw bad_request("The heartbeat value should be a positive integer (in milliseconds).");
    return std::min(std::chrono::milliseconds{*value}, endless);
}

struct ChangesQuery {
    FeedOptions options;
    std::string since = "0";
    std::string filter;
    bool known_feed = true, known_style = true;  ///< told after what is wrong with the filter
};

void read_parameter(ChangesQuery& query, const std::string& key, const std::string& value) {
    auto& options = query.options;
    const bool yes = value == "true";
    std::string name = key;
    for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (name == "feed") {
        if (value == "normal")
            options.kind = FeedKind::normal;
        else if (value == "longpoll")
            options.kind = FeedKind::longpoll;
        else if (value == "continuous" || value == "live")
            options.kind = FeedKind::continuous;
        else if (value == "eventsource")
            options.kind = FeedKind::eventsource;
        else
            query.known_feed = false;
    } else if (name == "since" || name == "last-event-id") {
        query.since = value;
    } else if (name == "limit") {
        const auto limit = read_integer(value);
        if (!limit) throw badarg();
        options.limit = static_cast<std::uint64_t>(std::max<std::int64_t>(*limit, 0));
    } else if (name == "style") {
        query.known_style = value == "main_only" || value == "all_docs";
        options.all_leaves = value == "all_docs";
    } else if (name == "heartbeat") {
        options.heartbeat = read_heartbeat(value);
    } else if (name == "timeout") {
        const auto timeout = read_integer(value);
        if (!timeout) throw badarg();
        options.timeout =
            std::clamp(std::chrono::milliseconds{*timeout}, std::chrono::milliseconds{0}, endless);
    } else if (name == "seq_interval") {
        const auto interval = read_integer(value);
        if (!interval || *interval <= 0) throw bad_request("invalid_seq_interval");
        options.seq_interval = static_cast<std::uint64_t>(*interval);
    } else if (name == "filter") {
        query.filter = value;
    } else if (yes && name == "descending") {
        options.descending = true;
    } else if (yes && name == "include_docs") {
        options.include_docs = true;
    } else if (yes && name == "conflicts") {
        options.view.conflicts = true;
    } else if (yes && name == "attachments") {
        options.view.attachments = true;
    } else if (yes && name == "att_encoding_info") {
        options.view.att_encoding_info = true;
    }
}

void read_since(FeedOptions& options, Database& database, const std::string& since, MemberIndex member) {
    options.member = member;
    if (since == "now") {
        options.since = database.log(member).now();
    } else if (since == "0") {
        options.since = database.start();
    } else {
        auto place = database.read_at(since, member);
        if (!place) throw bad_request("Malformed sequence supplied in 'since' parameter.");
        options.member = place->member;
        options.since = std::move(place->position);
    }
}

void answer_whole(Server& server, Call& call, Database& database, const FeedOptions& options) {
    auto state = std::to_string(database.tag()) + '-' + std::to_string(database.version());
    if (options.member != whole_cluster)
        state += '-' + database.sequence(database.log(options.member).now(), options.member);
    const auto etag = opaque_etag(state);
    if (answer_not_modified(call, etag)) return;
    if (call.is_head()) {
        call.respond_empty(200, {{"ETag", etag}});
        return;
    }
    RowReader reader{database, options};
    reader.begin_look();
    std::string out = "{\"results\":[\n";
    reader.read(out, std::string::npos);
    out += reader.last_words();
    server.send_chunked(call, std::move(out), {{"ETag", etag}});
}

}  // namespace

void changes(Server& server, Call& call, Database& database) {
    if (call.method() != "GET" && call.method() != "POST") throw method_not_allowed("GET,POST,HEAD");
    std::optional<boost::json::value> body;
    if (call.method() == "POST") {
        if (const auto& text = call.json_body(); !text.empty()) {
            body = base::parse_json(text);
            if (!body) throw bad_request("invalid UTF-8 JSON");
            if (!body->is_object()) throw bad_request("Request body must be a JSON object");
        }
    }
    ChangesQuery query;
    for (const auto& [name, value] : call.query()) read_parameter(query, name, value);
    auto& options = query.options;
    const auto wait_max = longest_wait(server);
    options.timeout = std::clamp<base::Duration>(options.timeout, base::Duration{0}, wait_max);
    if (options.heartbeat) options.heartbeat = std::min<base::Duration>(*options.heartbeat, wait_max);
    if (options.kind == FeedKind::eventsource)
        if (const auto id = call.header("last-event-id"); !id.empty()) query.since = id;
    if (!query.filter.empty())
        options.filter = changes_filter(server, call, database, query.filter, body ? &*body : nullptr);
    if (!query.known_feed)
        throw bad_request("Supported `feed` types: normal, continuous, live, longpoll, eventsource");
    read_since(options, database, options.descending ? "0" : query.since, call.member);
    if (!query.known_style) throw badarg();

    if (options.kind == FeedKind::normal) {
        answer_whole(server, call, database, options);
        return;
    }
    if (call.is_head()) {
        call.respond_empty(200);
        return;
    }
    if (options.kind == FeedKind::eventsource)
        call.effects().emplace_back(RespondHead{
            call.exchange(), 200,
            call.plain_headers({{"Cache-Control", "no-cache"}, {"Content-Type", "text/event-stream"}})});
    else
        call.begin_chunked(200);
    server.feeds.open(call.exchange(), database, std::move(options), call.now());
}

}  // namespace davenport::couchmock::api
