#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

/// The name of the database that one end of a replication means, if it is one of ours: "chat", or a URL that
/// leads to us.
std::string local_name(const Call& call, const boost::json::value* end) {
    if (!end) throw ApiError{500, "error", "Missing replicator database", {}};
    const auto url = end->is_string() ? std::string_view{end->get_string()}
                                      : base::string_member(*end, "url").value_or("");
    if (url.find("://") == std::string_view::npos) return std::string{url};
    auto rest = url.substr(url.find("://") + 3);
    if (const auto at = rest.substr(0, rest.find('/')).rfind('@'); at != std::string_view::npos)
        rest = rest.substr(at + 1);
    const auto slash = rest.find('/');
    if (rest.substr(0, slash) != call.header("host"))
        throw ApiError{
            501, "not_implemented", "This server has no replicator; let the other side replicate.", {}};
    auto name = rest.substr(slash == std::string_view::npos ? rest.size() : slash + 1);
    while (name.ends_with('/')) name.remove_suffix(1);
    return base::percent_decode(name, true).value_or("");
}

Database& open(Server& server, const std::string& name, std::string_view shown) {
    auto* database = server.find(name);
    if (!database) throw ApiError{500, "db_not_found", fmt::format("could not open {}", shown), {}};
    return *database;
}

std::string shown(const boost::json::value& end) {
    std::string url{end.is_string() ? std::string_view{end.get_string()}
                                    : base::string_member(end, "url").value_or("")};
    if (url.find("://") != std::string::npos && !url.ends_with('/')) url += '/';
    return url;
}

struct Copied {
    std::uint64_t checked = 0, found = 0, written = 0;
};

Copied copy_missing(const Database& source, Database& target) {
    Copied count;
    for (const auto& [id, document] : source.documents()) {
        for (const auto leaf : document.tree.leaves()) {
            ++count.checked;
            const auto& node = document.tree.at(leaf);
            const auto* there = target.find(id);
            if (!node.leaf || (there && there->tree.contains(node.revision))) continue;
            ++count.found;
            Edit edit;
            edit.id = id;
            edit.path = document.tree.path(leaf);
            edit.deleted = node.leaf->deleted;
            edit.body = node.leaf->body;
            edit.attachments = node.leaf->attachments;
            count.written += target.replicate(std::move(edit));
        }
    }
    return count;
}

}  // namespace

void replicate(Server& server, Call& call) {
    if (call.method() != "POST") throw bad_request("Missing request body");
    require_server_admin(call);
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    const auto* from = base::member(*body, "source");
    const auto* to = base::member(*body, "target");
    const auto source_name = local_name(call, from);
    const auto target_name = local_name(call, to);
    auto& source = open(server, source_name, shown(*from));
    if (!server.find(target_name) && base::bool_member(*body, "create_target"))
        server.create(target_name, server.config.default_shards, false, call.now());
    auto& target = open(server, target_name, shown(*to));
    if (from->is_string() && std::string_view{from->get_string()}.find("://") == std::string_view::npos) {
        copy_missing(source, target);
        server.note_change(target);
        call.respond_json(200, R"({"ok":true,"no_changes":true})");
        return;
    }
    const auto count = copy_missing(source, target);
    if (count.written > 0) server.note_change(target);
    const auto seq = source.sequence(source.now());
    const auto session = server.new_uuid();
    call.respond_json(
        200,
        fmt::format(
            R"({{"ok":true,{}"session_id":"{}","source_last_seq":"{}","replication_id_version":4,"history":[{{"session_id":"{}",)"
            R"("start_last_seq":0,"end_last_seq":"{}","recorded_seq":"{}","missing_checked":{},"missing_found":{},)"
            R"("docs_read":{},"docs_written":{},"doc_write_failures":0}}]}})",
            count.written == 0 ? R"("no_changes":true,)" : "", session, seq, session, seq, seq, count.checked,
            count.found, count.found, count.written));
}

}  // namespace davenport::couchmock::api
