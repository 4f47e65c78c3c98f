#include "couchmock/core/api_replicate.hpp"

#include "couchmock/core/document_json.hpp"
#include "couchmock/core/request_json.hpp"
#include "couchmock/core/scripts.hpp"
#include "couchmock/core/selector.hpp"
#include "couchmock/core/validation.hpp"
#include "node/base/digest.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;
using End = ReplicationEnd;

bool is_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

/// Where a request came in, when the client says where it went: what "localhost" of its URLs is.
bool is_ours(const Call& call, std::string_view authority) { return authority == call.header("host"); }

/// As CouchDB words it that nobody answers there, since this server asks no other.
ApiError unreachable(std::string_view url) {
    return {500,
            "error",
            fmt::format("{{http_request_failed,\"GET\",\"{}\",\n                     "
                        "{{error,{{error,{{conn_failed,{{error,econnrefused}}}}}}}}}}",
                        url),
            {}};
}

End read_end(const Call& call, const json::value* end) {
    if (!end) throw ApiError{500, "error", "Missing replicator database", {}};
    const auto text = end->is_string() ? std::string_view{end->get_string()}
                                       : base::string_member(*end, "url").value_or("");
    if (!is_url(text)) {
        if (end->is_object() || text.find("://") != std::string_view::npos)
            throw ApiError{400, "invalid_replication", "endpoint has an invalid url", {}};
        return {std::string{text}, call.base_url() + '/' + url_encode(text) + '/'};
    }
    const auto scheme = text.substr(0, text.find("://") + 3);
    auto rest = text.substr(scheme.size());
    if (const auto at = rest.substr(0, rest.find('/')).rfind('@'); at != std::string_view::npos)
        rest.remove_prefix(at + 1);
    End out{{}, std::string{scheme} + std::string{rest}};
    if (!out.url.ends_with('/') && out.url.find('?') == std::string::npos) out.url += '/';
    const auto slash = std::min(rest.find('/'), rest.size());
    if (!is_ours(call, rest.substr(0, slash))) throw unreachable(out.url);
    auto path = rest.substr(std::min(slash + 1, rest.size()));
    while (path.ends_with('/')) path.remove_suffix(1);
    out.name = base::percent_decode(path, true).value_or("");
    return out;
}

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
Passes read_filter(Server& server, const Call& call, const json::value& body, const Database& source) {
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

/// The name of a replication: the same for the same request, wherever its password stands.
std::string id_of(const Server& server, const json::value& body, const End& source, const End& target) {
    std::string text = server.uuid + '\n' + source.url + '\n' + target.url;
    for (const auto* key : {"doc_ids", "filter", "query_params", "selector", "winning_revs_only"})
        if (const auto* value = base::member(body, key)) text += '\n' + base::write_json(*value);
    std::string out;
    for (const char c : base::md5(text))
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(c));
    return out;
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
        const auto source = read_end(call, base::member(body, "source"));
        const auto target = read_end(call, base::member(body, "target"));
        id = id_of(server, body, source, target) + extension(body);
    }
    const auto it = server.replications.find(id);
    if (it == server.replications.end()) throw not_found();
    if (it->second.user != call.user.name) require_server_admin(call);
    server.replications.erase(it);
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

/// Where the last run got to, when both sides remember the same one.
json::object common_checkpoint(const Database& source, const Database& target, const std::string& id) {
    auto ours = read_checkpoint(source, id);
    const auto theirs = read_checkpoint(target, id);
    const auto* session = ours.if_contains("session_id");
    const auto* other = theirs.if_contains("session_id");
    return session && other && *session == *other ? std::move(ours) : json::object{};
}

std::string with_ok(const json::object& checkpoint, bool no_changes) {
    const auto text = base::write_json(checkpoint);
    return std::string{"{\"ok\":true"} + (no_changes ? ",\"no_changes\":true" : "") +
           (checkpoint.empty() ? "" : ",") + text.substr(1);
}

ReplicationRun run_once(Server& server, const Call& call, Database& source, Database& target,
                        const Passes& passes, const std::string& id) {
    const auto local = "_local/" + id;
    auto checkpoint = common_checkpoint(source, target, local);
    const auto* recorded = checkpoint.if_contains("source_last_seq");
    const auto kept = recorded && recorded->is_string() ? source.read(recorded->get_string()) : std::nullopt;
    auto since = kept.value_or(source.start());
    const auto before = since;
    const auto counts =
        copy_changes(source, target, since, passes, check_in_target(server, target, call.user, call.now()));
    if (since == before) {
        return {std::move(checkpoint), counts, {}, true};
    }
    if (counts.written > 0) server.note_change(target);
    const auto session = server.new_uuid();
    const auto seq = source.sequence(since);
    const auto date = base::http_date(call.now().wall);
    json::object entry{{"session_id", session},
                       {"start_time", date},
                       {"end_time", date},
                       {"start_last_seq", kept ? json::value(source.sequence(before)) : json::value(0)},
                       {"end_last_seq", seq},
                       {"recorded_seq", seq},
                       {"missing_checked", counts.checked},
                       {"missing_found", counts.found},
                       {"docs_read", counts.found},
                       {"docs_written", counts.written},
                       {"doc_write_failures", counts.failed},
                       {"bulk_get_docs", counts.found},
                       {"bulk_get_attempts", counts.found}};
    json::array history{std::move(entry)};
    if (const auto* older = checkpoint.if_contains("history"); older && older->is_array())
        for (const auto& one : older->get_array())
            if (history.size() < 50) history.push_back(one);
    checkpoint = {{"session_id", session},
                  {"source_last_seq", seq},
                  {"replication_id_version", 4},
                  {"history", std::move(history)}};
    write_checkpoint(source, local, checkpoint);
    write_checkpoint(target, local, checkpoint);
    return {std::move(checkpoint), counts, seq, false};
}

/// False when it goes on already.
bool begin(Server& server, const Call& call, Replication wanted, std::string id) {
    auto& source = *server.find(wanted.source);
    wanted.tag = source.tag();
    wanted.since = source.start();
    wanted.started = call.now().wall;
    wanted.user = call.user.name;
    wanted.roles = call.user.roles;
    if (!server.replications.try_emplace(std::move(id), std::move(wanted)).second) return false;
    server.note_change(source);
    return true;
}

std::string job_json(const std::string& id, const Replication& job) {
    const auto date = base::iso8601(job.started).substr(0, 19) + 'Z';
    std::string user = "null";
    std::string document = "null";
    if (!job.document.empty())
        base::append_json_string(document = {}, job.document);
    else if (!job.user.empty())
        base::append_json_string(user = {}, job.user);
    std::string source, target;
    base::append_json_string(source, job.source_url);
    base::append_json_string(target, job.target_url);
    return fmt::format(
        R"({{"database":{},"id":"{}","pid":"<0.1000.0>","source":{},"target":{},"user":{},"doc_id":{},)"
        R"("info":{{"revisions_checked":{},"missing_revisions_found":{},"docs_read":{},"docs_written":{},)"
        R"("changes_pending":0,"doc_write_failures":0,"bulk_get_docs":{},"bulk_get_attempts":{},)"
        R"("checkpointed_source_seq":0}},"history":[{{"timestamp":"{}","type":"started"}},)"
        R"({{"timestamp":"{}","type":"added"}}],"node":"couchdb@127.0.0.1","start_time":"{}"}})",
        job.document.empty() ? "null" : "\"_replicator\"", id, source, target, user, document,
        job.counts.checked, job.counts.found, job.counts.found, job.counts.written, job.counts.found,
        job.counts.found, date, date, date);
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
    out.source = read_end(call, base::member(body, "source"));
    out.target = read_end(call, base::member(body, "target"));
    out.continuous = read_flag(body, "continuous");
    out.id = id_of(server, body, out.source, out.target);
    if (out.continuous) out.id += extension(body);
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

bool begin_replication(Server& server, const Call& call, WantedReplication wanted,
                       const std::string& document) {
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
                    wanted.id);
}

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
        const auto it = server.replications.find(id);
        if (it == server.replications.end()) throw not_found();
        call.respond_json(200, job_json(it->first, it->second));
        return;
    }
    std::string out = fmt::format("{{\"total_rows\":{},\"offset\":0,\"jobs\":[", server.replications.size());
    for (const auto& [id, job] : server.replications) {
        if (!out.ends_with('[')) out += ',';
        out += job_json(id, job);
    }
    call.respond_json(200, out + "]}");
}

}  // namespace davenport::couchmock::api
