#include "couchmock/core/api_replicate.hpp"

#include "couchmock/core/document_json.hpp"
#include "couchmock/core/replication_id.hpp"
#include "couchmock/core/replication_jobs.hpp"
#include "couchmock/core/request_json.hpp"
#include "couchmock/core/scripts.hpp"
#include "couchmock/core/selector.hpp"
#include "couchmock/core/validation.hpp"
#include "node/base/json.hpp"
#include "node/base/time.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;
using End = ReplicationEnd;

bool read_flag(const json::value& body, std::string_view key) {
    const auto* value = base::member(body, key);
    if (!value) return false;
    if (!value->is_bool()) throw bad_request("parameter `" + std::string{key} + "` must be a boolean");
    return value->get_bool();
}

using Passes = std::function<bool(const Document&)>;

Passes by_ids(const json::value& list) {
    if (!list.is_array()) throw bad_request("parameter `doc_ids` must be an array");
    auto ids = std::make_shared<std::set<std::string, std::less<>>>();
    for (const auto& id : list.get_array())
        if (id.is_string())
            ids->insert(base::percent_decode(std::string_view{id.get_string()}, true)
                            .value_or(std::string{id.get_string()}));
    return [ids](const Document& document) { return ids->contains(document.id); };
}

Passes by_selector(const json::value& wanted) {
    if (!wanted.is_object()) throw bad_request("parameter `selector` must be a JSON object");
    auto selector = std::make_shared<Selector>(wanted);
    return [selector](const Document& document) {
        std::string text;
        append_document(text, document, document.tree.winner());
        const auto value = base::parse_json(text);
        return value && selector->matches(*value);
    };
}

/// Which documents are meant; empty: all.
/// `elsewhere`: the source is not ours, and has the functions.
Passes read_filter(Server& server, const Call& call, const json::value& body, const Database& source,
                   bool elsewhere = false) {
    const auto* ids = base::member(body, "doc_ids");
    if (ids && ids->is_null()) ids = nullptr;
    const auto* filter = base::member(body, "filter");
    const auto* selector = base::member(body, "selector");
    if ((ids && (filter || selector)) || (filter && selector))
        throw bad_request("`doc_ids`,`filter`,`selector` are mutually exclusive");
    if (ids) return by_ids(*ids);
    if (selector) return by_selector(*selector);
    if (!filter) return {};
    if (filter->is_string() && std::string_view{filter->get_string()} == "_design")
        return [](const Document& document) { return document.id.starts_with("_design/"); };
    if (!filter->is_string()) throw bad_request("parameter `filter` must be a string");
    if (elsewhere) return {};
    const auto* parameters = base::member(body, "query_params");
    const auto query = parameters && parameters->is_object() ? base::write_json(*parameters) : "{}";
    const auto by_function = function_filter(server, call, source, std::string_view{filter->get_string()},
                                             [&] { return replication_request_json(query); });
    if (!by_function.passes_leaf) return {};
    return [by_function](const Document& document) {
        return by_function.passes_leaf(document, document.tree.winner());
    };
}

/// Whether the target's validation functions let a revision in, asked in the name of who replicates.
ReplicaCheck check_in_target(Server& server, const Database& target, User user, base::Now now) {
    if (!target.has_validation()) return {};
    return [&server, &target, user = std::move(user), now](const Edit& edit) {
        try {
            validate_edit(server, user, target, edit, true, now);
            return true;
        } catch (const ApiError&) {
            return false;
        } catch (const javascript::Failure&) {
            return false;
        }
    };
}

std::string extension(const json::value& body) {
    return std::string{read_flag(body, "continuous") ? "+continuous" : ""} +
           (read_flag(body, "create_target") ? "+create_target" : "");
}

Database& open(Server& server, const End& end) {
    auto* database = server.find(end.name);
    if (!database) throw ApiError{500, "db_not_found", fmt::format("could not open {}", end.url), {}};
    return *database;
}

void cancel(Server& server, Call& call, const json::value& body) {
    std::string id;
    for (const auto* key : {"id", "_local_id", "replication_id"})
        if (const auto text = base::string_member(body, key)) id = *text;
    std::ranges::replace(id, ' ', '+');
    if (id.empty()) {
        const auto source = read_replication_end(call, base::member(body, "source"));
        const auto target = read_replication_end(call, base::member(body, "target"));
        id = replication_id(server.uuid, source, target, body) + extension(body);
    }
    const auto it = server.replications.find(id);
    const bool inside = it != server.replications.end();
    const auto* owner = server.remote_replications->owner(id);
    if (!inside && !owner) throw not_found();
    if ((inside ? it->second.user : owner->name) != call.user.name) require_server_admin(call);
    if (inside)
        server.replications.erase(it);
    else
        server.remote_replications->cancel(id, call.now());
    call.respond_json(200, R"({"ok":true,"_local_id":")" + id + "\"}");
}

// ---- one run, and what is kept of it

/// `{"session_id":...,"history":[...]}` in the text of a checkpoint, or nothing.
json::object read_checkpoint(const Database& database, const std::string& id) {
    const auto it = database.locals().find(id);
    if (it == database.locals().end()) return {};
    const auto value = base::parse_json("{" + it->second.body + "}");
    return value && value->is_object() ? value->get_object() : json::object{};
}

void write_checkpoint(Database& database, const std::string& id, const json::object& checkpoint) {
    const auto it = database.locals().find(id);
    const auto text = base::write_json(checkpoint);
    database.set_local(
        id, {(it == database.locals().end() ? 0 : it->second.revision) + 1, text.substr(1, text.size() - 2)});
}

std::string with_ok(const json::object& checkpoint, bool no_changes) {
    const auto text = base::write_json(checkpoint);
    return std::string{"{\"ok\":true"} + (no_changes ? ",\"no_changes\":true" : "") +
           (checkpoint.empty() ? "" : ",") + text.substr(1);
}

ReplicationRun run_once(Server& server, const Call& call, Database& source, Database& target,
                        const Passes& passes, const std::string& id) {
    const auto local = "_local/" + id;
    auto checkpoint = read_checkpoint(source, local);
    auto common = common_place(checkpoint, read_checkpoint(target, local));
    const auto kept = common.seq.is_string() ? source.read(common.seq.get_string()) : std::nullopt;
    auto since = kept.value_or(source.start());
    const auto before = since;
    const auto counts =
        copy_changes(source, target, since, passes, check_in_target(server, target, call.user, call.now()));
    if (since == before) return {std::move(checkpoint), counts, {}, true};
    if (counts.written > 0) server.note_change(target);
    const auto seq = source.sequence(since);
    ReplicationSession session{.id = server.new_uuid(),
                               .started = call.now().wall,
                               .from = kept ? json::value(source.sequence(before)) : json::value(0),
                               .history = std::move(common.history)};
    checkpoint = checkpoint_at(session, counts, json::value(seq), call.now().wall);
    write_checkpoint(source, local, checkpoint);
    write_checkpoint(target, local, checkpoint);
    return {std::move(checkpoint), counts, seq, false};
}

std::optional<std::string> begin(Server& server, const Call& call, Replication wanted, std::string id) {
    auto& source = *server.find(wanted.source);
    wanted.tag = source.tag();
    wanted.since = source.start();
    wanted.started = call.now().wall;
    wanted.user = call.user.name;
    wanted.roles = call.user.roles;
    const auto [it, is_new] = server.replications.try_emplace(std::move(id), std::move(wanted));
    if (!is_new) return it->second.document;
    server.note_change(source);
    return std::nullopt;
}

ReplicationView view_of(const std::string& id, const Replication& job) {
    ReplicationView out;
    out.id = id;
    out.document = job.document;
    out.user = job.user;
    out.source_url = job.source_url;
    out.target_url = job.target_url;
    out.started = job.started;
    out.counts = job.counts;
    const auto date = to_the_second(job.started);
    out.history = fmt::format(R"({{"timestamp":"{}","type":"started"}},{{"timestamp":"{}","type":"added"}})",
                              date, date);
    return out;
}

std::string job_json(const ReplicationView& job) {
    std::string user = "null";
    std::string document = "null";
    if (!job.document.empty())
        base::append_json_string(document = {}, job.document);
    else if (!job.user.empty())
        base::append_json_string(user = {}, job.user);
    std::string source, target;
    base::append_json_string(source, job.source_url);
    base::append_json_string(target, job.target_url);
    return fmt::format(R"({{"database":{},"id":"{}","pid":{},"source":{},"target":{},"user":{},"doc_id":{},)"
                       R"("info":{{{}}},"history":[{}],"node":"couchdb@127.0.0.1","start_time":"{}"}})",
                       job.document.empty() ? "null" : "\"_replicator\"", job.id,
                       job.running ? "\"<0.1000.0>\"" : "null", source, target, user, document,
                       replication_stats(job.counts, job.committed, job.pending), job.history,
                       to_the_second(job.started));
}

// ---- with other servers

std::string query_text(const json::value& value) {
    return value.is_string() ? std::string{value.get_string()} : base::write_json(value);
}

/// How the source is asked for its changes.
void choose_changes(ReplicationWish& wish, const json::value& body) {
    if (read_flag(body, "winning_revs_only")) wish.changes_query = "&style=main_only";
    const auto* ids = base::member(body, "doc_ids");
    if (ids && !ids->is_null()) {
        wish.names_documents = true;
        wish.changes_query += "&filter=_doc_ids";
        json::array decoded;
        for (const auto& id : ids->get_array())
            if (id.is_string())
                decoded.emplace_back(base::percent_decode(std::string_view{id.get_string()}, true)
                                         .value_or(std::string{id.get_string()}));
        wish.changes_body = base::write_json(json::object{{"doc_ids", decoded}});
    } else if (const auto* selector = base::member(body, "selector")) {
        wish.changes_query += "&filter=_selector";
        wish.changes_body = base::write_json(json::object{{"selector", *selector}});
    } else if (const auto* filter = base::member(body, "filter")) {
        wish.changes_query += "&filter=" + base::percent_encode(query_text(*filter));
        const auto* parameters = base::member(body, "query_params");
        if (!parameters || !parameters->is_object()) return;
        for (const auto& [name, value] : parameters->get_object())
            wish.changes_query +=
                '&' + base::percent_encode(name) + '=' + base::percent_encode(query_text(value));
    }
}

std::string create_parameters(const json::value& body) {
    std::string out;
    const auto* given = base::member(body, "create_target_params");
    if (!given || !given->is_object()) return out;
    for (const auto& [name, value] : given->get_object())
        out += (out.empty() ? '?' : '&') + base::percent_encode(name) + '=' +
               base::percent_encode(query_text(value));
    return out;
}

base::Duration milliseconds_of(const json::value& body, const Server& server, std::string_view key,
                               std::int64_t otherwise) {
    auto ms = server.setting_number("replicator", key, otherwise);
    if (const auto own = base::int_member(body, key)) ms = *own;
    return std::chrono::milliseconds{std::clamp<std::int64_t>(ms, 1, 86'400'000)};
}

ReplicationWish read_wish(const Server& server, const json::value& body) {
    ReplicationWish out;
    out.continuous = read_flag(body, "continuous");
    out.create_target = read_flag(body, "create_target");
    out.create_parameters = create_parameters(body);
    if (const auto* use = base::member(body, "use_checkpoints"); use && use->is_bool())
        out.use_checkpoints = use->get_bool();
    if (const auto* since = base::member(body, "since_seq")) out.since = *since;
    out.checkpoint_interval = milliseconds_of(body, server, "checkpoint_interval", 30'000);
    out.timeout = milliseconds_of(body, server, "connection_timeout", 30'000);
    const auto number = [&](std::string_view key, std::int64_t otherwise, std::int64_t least) {
        const auto set = server.setting_number("replicator", key, otherwise);
        return std::clamp<std::int64_t>(base::int_member(body, key).value_or(set), least, 10'000);
    };
    out.retries = static_cast<std::uint64_t>(number("retries_per_request", 5, 0));
    out.rows_max = static_cast<std::size_t>(number("worker_batch_size", 500, 1));
    choose_changes(out, body);
    return out;
}

/// Checks what is ours of it, and what can be known before anybody is asked.
void check_remote(Server& server, const Call& call, const WantedReplication& wanted,
                  const json::value& body) {
    if (!server.config.reaches_others)
        throw ApiError{501,
                       "not_implemented",
                       "This store runs without a network of its own: it replicates only between its own "
                       "databases, not with " +
                           (wanted.source.ours ? wanted.target : wanted.source).url,
                       {}};
    static const Database nothing{{}, base::Random{0}};
    static_cast<void>(read_filter(server, call, body, nothing, true));
    if (wanted.source.ours) require_member(call, open(server, wanted.source));
    if (!wanted.target.ours) return;
    if (!server.find(wanted.target.name) && wanted.wish.create_target)
        require_server_admin(call);
    else
        require_member(call, open(server, wanted.target));
}

}  // namespace

void replicate(Server& server, Call& call) {
    if (call.request().body.empty() && call.method() != "POST") throw bad_request("Missing request body");
    const auto body = base::parse_json(call.body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    if (call.method() != "POST") throw method_not_allowed("POST");
    call.require_json_type();
    if (read_flag(*body, "cancel")) {
        cancel(server, call, *body);
        return;
    }
    auto wanted = open_replication(server, call, *body);
    const auto id = wanted.id;
    if (wanted.remote() && !wanted.continuous) {
        server.remote_replications->start(std::move(wanted), call.user, {}, call.now());
        server.remote_replications->wait(id, call);
        return;
    }
    if (wanted.continuous) {
        begin_replication(server, call, std::move(wanted), {});
        call.respond_json(202, R"({"ok":true,"_local_id":")" + id + "\"}");
        return;
    }
    const auto run = run_replication(server, call, wanted);
    call.respond_json(200, with_ok(run.checkpoint, run.no_changes));
}

WantedReplication open_replication(Server& server, const Call& call, const json::value& body) {
    WantedReplication out;
    out.source = read_replication_end(call, base::member(body, "source"));
    out.target = read_replication_end(call, base::member(body, "target"));
    out.continuous = read_flag(body, "continuous");
    out.base_id = replication_id(server.uuid, out.source, out.target, body);
    if (out.remote()) {
        out.id = out.base_id + extension(body);
        out.wish = read_wish(server, body);
        out.wish.id = out.base_id;
        check_remote(server, call, out, body);
        return out;
    }
    out.id = out.base_id + (out.continuous ? extension(body) : "");
    auto& from = open(server, out.source);
    out.passes = read_filter(server, call, body, from);
    require_member(call, from);
    if (!server.find(out.target.name) && read_flag(body, "create_target")) {
        require_server_admin(call);
        server.create(out.target.name, server.config.default_shards, false, call.now());
    }
    require_member(call, open(server, out.target));
    return out;
}

std::optional<std::string> begin_replication(Server& server, const Call& call, WantedReplication wanted,
                                             const std::string& document) {
    if (wanted.remote())
        return server.remote_replications->start(std::move(wanted), call.user, document, call.now());
    Replication job;
    job.source = std::move(wanted.source.name);
    job.target = std::move(wanted.target.name);
    job.source_url = std::move(wanted.source.url);
    job.target_url = std::move(wanted.target.url);
    job.passes = std::move(wanted.passes);
    job.document = document;
    return begin(server, call, std::move(job), std::move(wanted.id));
}

ReplicationRun run_replication(Server& server, const Call& call, const WantedReplication& wanted) {
    return run_once(server, call, open(server, wanted.source), open(server, wanted.target), wanted.passes,
                    wanted.base_id);
}

std::vector<ReplicationView> all_replications(const Server& server) {
    std::vector<ReplicationView> out;
    for (const auto& [id, job] : server.replications) out.push_back(view_of(id, job));
    server.remote_replications->view(out);
    std::ranges::sort(out, {}, &ReplicationView::id);
    return out;
}

std::string replication_stats(const ReplicationCounts& counts, std::string_view committed,
                              std::string_view pending) {
    return fmt::format(
        R"("revisions_checked":{},"missing_revisions_found":{},"docs_read":{},"docs_written":{},)"
        R"("changes_pending":{},"doc_write_failures":{},"bulk_get_docs":{},"bulk_get_attempts":{},)"
        R"("checkpointed_source_seq":{})",
        counts.checked, counts.found, counts.read, counts.written, pending, counts.failed, counts.read,
        counts.found, committed);
}

std::string to_the_second(base::WallTime time) { return base::iso8601(time).substr(0, 19) + 'Z'; }

namespace {

/// Copies what is new, as far as the filter lets it: one that fails is asked again at the next change.
ReplicationCounts run_job(Server& server, Replication& job, const Database& source, Database& target,
                          base::Now now) {
    try {
        return copy_changes(source, target, job.since, job.passes,
                            check_in_target(server, target, {job.user, job.roles, {}}, now));
    } catch (const javascript::Failure& failure) {
        server.effects.emplace_back(Log{"replication's filter: " + failure.error + ": " + failure.reason});
        return {};
    }
}

}  // namespace

void run_replications(Server& server, base::Now now) {
    look_at_replicator(server, now);
    server.remote_replications->run(now);
    if (server.replications.empty()) return;
    for (std::size_t i = 0; i < server.changed.size(); ++i) {  // which grows where one feeds another
        for (auto& [id, job] : server.replications) {
            auto* source = server.find(job.source);
            auto* target = server.find(job.target);
            if (!source || !target || source != server.changed[i]) continue;
            if (job.tag != source->tag()) {
                job.tag = source->tag();
                job.since = source->start();
            }
            const auto counts = run_job(server, job, *source, *target, now);
            job.counts.checked += counts.checked;
            job.counts.found += counts.found;
            job.counts.read += counts.read;
            job.counts.written += counts.written;
            if (counts.written > 0) server.note_change_again(*target, i);
        }
    }
}

namespace {
bool is_integer(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}
}  // namespace

void scheduler(Server& server, Call& call) {
    const auto& path = call.path();
    if (call.method() != "GET") throw method_not_allowed("GET,HEAD");
    for (const auto& [name, value] : call.query()) {
        if ((name != "limit" && name != "skip") || path.size() != 2 || is_integer(value)) continue;
        throw ApiError{
            400,
            "query_parse_error",
            path[1] == "docs" ? "Invalid value for integer: \"" + value + '"' : name + " must be an integer",
            {}};
    }
    if (path.size() > 1 && path[1] == "docs") {
        scheduler_documents(server, call);
        return;
    }
    if (path.size() < 2 || path[1] != "jobs" || path.size() > 3) {
        call.respond_json(404, R"({"error":"not found"})");  // without a reason
        return;
    }
    if (path.size() == 3) {
        auto id = path[2];
        std::ranges::replace(id, ' ', '+');
        const auto jobs = all_replications(server);
        const auto it = std::ranges::find(jobs, id, &ReplicationView::id);
        if (it == jobs.end()) throw not_found();
        call.respond_json(200, job_json(*it));
        return;
    }
    const auto jobs = all_replications(server);
    std::string out = fmt::format("{{\"total_rows\":{},\"offset\":0,\"jobs\":[", jobs.size());
    for (const auto& job : jobs) {
        if (!out.ends_with('[')) out += ',';
        out += job_json(job);
    }
    call.respond_json(200, out + "]}");
}

}  // namespace davenport::couchmock::api
