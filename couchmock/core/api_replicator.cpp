#include "couchmock/core/api_replicate.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/replication_jobs.hpp"
#include "couchmock/javascript/engine.hpp"
#include "node/base/json.hpp"
#include "node/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr std::string_view replicator_name = "_replicator";
/// What crashed is tried again after so long, then after twice as long, and so on.
constexpr std::chrono::seconds first_retry{30};
constexpr std::uint64_t doublings_max = 10;
constexpr std::array<std::string_view, 7> states{"initializing", "error",     "running", "pending",
                                                 "crashing",     "completed", "failed"};

std::string quoted(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

ApiError forbidden(std::string reason) { return {403, "forbidden", std::move(reason), {}}; }

bool is_url(const json::value* end) {
    const auto text = !end               ? std::string_view{}
                      : end->is_string() ? std::string_view{end->get_string()}
                                         : base::string_member(*end, "url").value_or("");
    return text.starts_with("http://") || text.starts_with("https://");
}

/// What a document of the replicator may not say (couch_replicator_parse).
void check_document(const json::value& body) {
    const auto* source = base::member(body, "source");
    const auto* target = base::member(body, "target");
    if (!source || !target) throw forbidden("Missing replicator database");
    if (!is_url(source) || !is_url(target)) throw forbidden("local_endpoints_not_supported");
    const auto thrown = [](std::string_view reason) {
        return forbidden(fmt::format("{{throw,{{bad_request,<<\"{}\">>}}}}", reason));
    };
    if (const auto* selector = base::member(body, "selector"); selector && !selector->is_object())
        throw thrown("parameter `selector` must be a JSON object");
    if (const auto* ids = base::member(body, "doc_ids"); ids && !ids->is_array() && !ids->is_null())
        throw thrown("parameter `doc_ids` must be an array");
}

/// An end as it is shown: whole, and without name and password.
std::string shown(const json::value* end) {
    if (!end) return {};
    std::string text{end->is_string() ? std::string_view{end->get_string()}
                                      : base::string_member(*end, "url").value_or("")};
    const auto host = text.find("://");
    if (host == std::string::npos) return {};
    if (const auto at = text.substr(0, text.find('/', host + 3)).rfind('@'); at != std::string::npos)
        text.erase(host + 3, at - host - 2);
    if (!text.ends_with('/') && text.find('?') == std::string::npos) text += '/';
    return text;
}

/// Members behind those of a body.
std::string extended(std::string_view body, std::string_view members) {
    return std::string{body} + (body.empty() ? "" : ",") + std::string{members};
}

std::string error_json(std::string_view error) { return "{\"error\":" + quoted(error) + '}'; }

/// One document at work: what it says, and where to note what becomes of it.
class DocumentRun {
public:
    DocumentRun(Server& server, Database& replicator, const Document& document, base::Now now)
        : server_{server}, replicator_{replicator}, now_{now}, id_{document.id} {
        const auto& winner = document.tree.at(document.tree.winner());
        revision_ = winner.revision;
        body_ = winner.leaf->body;
        request_.method = "POST";
        request_.headers = {{"Host", server.authority}};
    }

    void go() {
        auto& state = server_.replicator[id_];
        const bool again = state.revision == to_text(revision_);
        if (!again) state = {to_text(revision_), {}, {}, {}, {}, "null", 0, now_.wall, now_.wall, {}};
        state.updated = now_.wall;
        const auto body = base::parse_json("{" + body_ + "}").value_or(nullptr);
        state.source_url = shown(base::member(body, "source"));
        state.target_url = shown(base::member(body, "target"));
        if (is_over(state, body)) return;
        Effects none;
        Call call{0, request_, now_, none};
        call.user = {std::string{base::string_member(body, "owner").value_or("")}, {"_admin"}, {}};
        try {
            auto wanted = open_replication(server_, call, body);
            if (wanted.continuous || wanted.remote())
                begin(state, call, std::move(wanted));
            else
                run(state, call, wanted);
        } catch (const ApiError& error) {
            fail(state, error, base::string_member(body, "filter").value_or(""));
        } catch (const javascript::Failure& failure) {
            crash(state, failure.error + ": " + failure.reason, "error");
        }
    }

    void complete(ReplicatorDocument& state, const std::string& stats) {
        state.info = '{' + stats + '}';
        write(state, "completed",
              fmt::format(R"("_replication_stats":{{{},"start_time":"{}"}})", stats,
                          to_the_second(state.started)));
    }

private:
    /// The document says itself that it is done, as after a restart.
    bool is_over(ReplicatorDocument& state, const json::value& body) const {
        const auto said = base::string_member(body, "_replication_state").value_or("");
        if (said != "completed" && said != "failed") return false;
        if (state.state.empty()) state.state = said;
        return true;
    }

    void begin(ReplicatorDocument& state, const Call& call, WantedReplication wanted) {
        const auto job = wanted.id;
        const auto other = begin_replication(server_, call, std::move(wanted), id_);
        if (!other) {
            state.job = job;
            state.state = "running";
            return;
        }
        end(state, "failed",
            fmt::format("Replication `{}` specified by document `{}` already started, triggered by {}", job,
                        id_,
                        other->empty() ? "a request to _replicate"
                                       : fmt::format("document `{}` from db `_replicator`", *other)));
    }

    void run(ReplicatorDocument& state, const Call& call, const WantedReplication& wanted) {
        const auto result = run_replication(server_, call, wanted);
        const auto stats =
            replication_stats(result.counts, result.seq.empty() ? "0" : quoted(result.seq), "null");
        complete(state, stats);
    }

    void fail(ReplicatorDocument& state, const ApiError& error, std::string_view filter) {
        if (error.error == "db_not_found" || error.reason.starts_with("{http_request_failed"))
            crash(state, error.error == "error" ? error.reason : error.error + ": " + error.reason,
                  "crashing");
        else if (error.error == "not_found")
            crash(state,
                  fmt::format("Couldn't open document `_design/{}` from source database `{}`: "
                              "{{error,<<\"not_found\">>}}",
                              filter.substr(0, filter.find('/')), state.source_url),
                  "error");
        else
            end(state, "failed", error.reason);
    }

    /// It may get better.
    void crash(ReplicatorDocument& state, std::string_view error, std::string_view as) {
        state.state = as;
        state.info = error_json(error);
        const auto doublings = std::min(state.error_count++, doublings_max);
        state.retry = now_.time + first_retry * (std::int64_t{1} << doublings);
    }

    /// It never gets better.
    void end(ReplicatorDocument& state, std::string_view as, const std::string& reason) {
        ++state.error_count;
        state.info = error_json(reason);
        write(state, as, "\"_replication_state_reason\":" + quoted(reason));
    }

    void write(ReplicatorDocument& state, std::string_view as, std::string_view more) {
        state.state = as;
        Edit edit;
        edit.id = id_;
        edit.path = {revision_};
        set_body(edit,
                 extended(body_, fmt::format(R"("_replication_state":"{}","_replication_state_time":"{}",{})",
                                             as, to_the_second(now_.wall), more)));
        const auto edited = replicator_.update_one(std::move(edit));
        if (edited.conflict) return;
        state.revision = to_text(edited.revision);
        server_.note_change(replicator_);
    }

    Server& server_;
    Database& replicator_;
    base::Now now_;
    std::string id_;
    Revision revision_;
    std::string body_;
    base::HttpRequest request_;
};

void forget_job(Server& server, const ReplicatorDocument& state, base::Now now) {
    if (state.job.empty()) return;
    server.replications.erase(state.job);
    server.remote_replications->cancel(state.job, now);
}

/// What goes on with other servers changes without the document: takes over how it stands.
void look_at_jobs(Server& server) {
    for (const auto& job : all_replications(server)) {
        const auto it = server.replicator.find(job.document);
        if (it == server.replicator.end() || !server.remote_replications->owner(job.id)) continue;
        it->second.state = job.running ? "running" : "crashing";
        if (job.running)
            it->second.info = '{' + replication_stats(job.counts, job.committed, job.pending) + '}';
    }
}

std::string document_json(const std::string& id, const ReplicatorDocument& state) {
    const bool over = state.state == "completed" || state.state == "failed";
    auto out = fmt::format(R"({{"database":"_replicator","doc_id":{},"id":{})", quoted(id),
                           state.job.empty() ? "null" : quoted(state.job));
    if (!over) out += R"(,"node":"couchdb@127.0.0.1")";
    const bool shows_ends = state.state != "error";
    if (shows_ends)
        out += ",\"source\":" + quoted(state.source_url) + ",\"target\":" + quoted(state.target_url);
    out += fmt::format(R"(,"state":"{}","info":{},"error_count":{},"last_updated":"{}","start_time":"{}")",
                       state.state, state.info, state.error_count, to_the_second(state.updated),
                       to_the_second(state.started));
    if (!over && shows_ends) out += R"(,"source_proxy":null,"target_proxy":null)";
    return out + '}';
}

/// `states=a,b`: empty when all are meant.
std::vector<std::string> wanted_states(const Call& call) {
    std::vector<std::string> out;
    const auto* text = call.find("states");
    if (!text) return out;
    std::string unknown;
    for (std::string_view rest = *text; !rest.empty();) {
        const auto comma = rest.find(',');
        const auto one = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
        if (std::ranges::find(states, one) == states.end())
            unknown += (unknown.empty() ? "" : ",") + std::string{one};
        out.emplace_back(one);
    }
    if (unknown.empty()) return out;
    throw ApiError{
        400,
        "query_parse_error",
        fmt::format(
            "Unknown states [{}]. Choose from: [initializing,error,running,pending,crashing,completed,"
            "failed]",
            unknown),
        {}};
}

std::uint64_t number_of(const Call& call, std::string_view name, std::uint64_t otherwise) {
    const auto* text = call.find(name);
    if (text) std::from_chars(text->data(), text->data() + text->size(), otherwise);
    return otherwise;
}

}  // namespace

void prepare_replicator_document(Server& server, const Call& call, Edit& edit) {
    if (edit.id.starts_with("_design/") || edit.id.starts_with("_local/")) return;
    server.authority = call.header("host");
    if (edit.deleted) return;
    const auto body = base::parse_json("{" + edit.body + "}");
    if (!body) return;
    const auto* owner = base::member(*body, "owner");
    if (owner && !call.user.is_server_admin() &&
        (!owner->is_string() || std::string_view{owner->get_string()} != call.user.name))
        throw forbidden("Can't update replication documents from other users.");
    if (!base::member(*body, "_replication_state")) check_document(*body);
    if (owner) return;
    set_body(edit,
             extended(edit.body, "\"owner\":" + (call.user.name.empty() ? "null" : quoted(call.user.name))));
}

void look_at_replicator(Server& server, base::Now now) {
    auto* replicator = server.find(replicator_name);
    const bool changed = replicator && std::ranges::find(server.changed, replicator) != server.changed.end();
    // After a restart, a wipe or a drop there are others than those that are known.
    const bool others = (replicator ? replicator->doc_count() : 0) != server.replicator.size();
    const auto waits = [&](const ReplicatorDocument& state) {
        return (state.state == "crashing" || state.state == "error") && state.retry <= now.time;
    };
    const bool due =
        std::ranges::any_of(server.replicator, [&](const auto& one) { return waits(one.second); });
    if (!due && !changed && !others) return;
    std::erase_if(server.replicator, [&](const auto& one) {
        const auto* document = replicator ? replicator->find(one.first) : nullptr;
        const bool gone = !document || document->tree.deleted();
        if (gone) forget_job(server, one.second, now);
        return gone;
    });
    if (!replicator) return;
    std::vector<const Document*> wanted;  // which stay where they are, whatever is written meanwhile
    for (const auto& [id, document] : replicator->documents()) {
        if (document.tree.deleted() || id.starts_with("_design/")) continue;
        const auto known = server.replicator.find(id);
        const bool is_new =
            known == server.replicator.end() ||
            known->second.revision != to_text(document.tree.at(document.tree.winner()).revision);
        if (is_new && known != server.replicator.end()) forget_job(server, known->second, now);
        if (is_new || waits(known->second)) wanted.push_back(&document);
    }
    for (const auto* document : wanted) DocumentRun{server, *replicator, *document, now}.go();
}

void note_replication_crash(Server& server, const std::string& document, const std::string& error,
                            std::uint64_t crashes, base::Now now) {
    const auto it = server.replicator.find(document);
    if (it == server.replicator.end()) return;
    auto& state = it->second;
    state.state = "crashing";
    state.info = error_json(error);
    state.error_count = crashes;
    state.updated = now.wall;
    state.retry = base::Time::max();  // its job is what is tried again
}

void note_replication_end(Server& server, const std::string& document, const ReplicationCounts& counts,
                          std::string_view committed, base::Now now) {
    auto* replicator = server.find(replicator_name);
    const auto* found = replicator ? replicator->find(document) : nullptr;
    const auto it = server.replicator.find(document);
    if (!found || it == server.replicator.end()) return;
    it->second.job.clear();
    it->second.updated = now.wall;
    DocumentRun{server, *replicator, *found, now}.complete(it->second,
                                                           replication_stats(counts, committed, "0"));
}

void scheduler_documents(Server& server, Call& call) {
    look_at_jobs(server);
    const auto& path = call.path();
    if (path.size() > 2 && path[2] != replicator_name) throw bad_request("Invalid path");
    if (path.size() > 3) {
        std::string id;
        for (std::size_t i = 3; i < path.size(); ++i) id += (i == 3 ? "" : "/") + path[i];
        const auto known = server.replicator.find(id);
        if (known == server.replicator.end()) throw not_found();
        call.respond_json(200, document_json(known->first, known->second));
        return;
    }
    const auto only = wanted_states(call);
    auto skip = number_of(call, "skip", 0);
    auto limit = number_of(call, "limit", UINT64_MAX);
    auto out = fmt::format("{{\"total_rows\":{},\"offset\":{},\"docs\":[", server.replicator.size(), skip);
    for (const auto& [id, state] : server.replicator) {
        if (!only.empty() && std::ranges::find(only, state.state) == only.end()) continue;
        if (skip > 0) {
            --skip;
            continue;
        }
        if (limit-- == 0) break;
        out += (out.ends_with('[') ? "\r\n" : ",\r\n") + document_json(id, state);
    }
    if (out.ends_with('[')) out += "\r\n";
    server.send_chunked(call, out + "\r\n]}\n");
}

}  // namespace davenport::couchmock::api
