#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

#include <utility>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

json::value read_object(Call& call) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    auto value = base::parse_json(call.json_body());
    if (!value) throw bad_request("invalid UTF-8 JSON");
    if (!value->is_object()) throw bad_request("Request body must be a JSON object");
    return std::move(*value);
}

std::vector<Revision> read_revisions(const json::value& list) {
    if (!list.is_array()) throw bad_request("Invalid list of revisions");
    std::vector<Revision> out;
    for (const auto& item : list.get_array()) {
        if (!item.is_string()) throw bad_request("Invalid rev format");
        out.push_back(read_revision(item.get_string()));
    }
    return out;
}

void append_revisions(std::string& out, const std::vector<Revision>& revisions) {
    out += '[';
    for (std::size_t i = 0; i < revisions.size(); ++i) {
        out += i == 0 ? "\"" : ",\"";
        append_revision(out, revisions[i]);
        out += '"';
    }
    out += ']';
}

/// A revision that is named twice and is there counts as missing once, as couch_key_tree:find_missing has it.
std::vector<Revision> missing_of(const Document* document, std::vector<Revision> asked) {
    std::sort(asked.begin(), asked.end());
    std::vector<Revision> missing;
    std::vector<Revision> found;
    for (auto& revision : asked) {
        const bool there = document && document->tree.contains(revision);
        if (there && std::find(found.begin(), found.end(), revision) == found.end())
            found.push_back(std::move(revision));
        else
            missing.push_back(std::move(revision));
    }
    return missing;
}

/// Leaves that a missing revision may have grown from.
std::vector<Revision> possible_ancestors(const Document& document, const std::vector<Revision>& missing) {
    std::uint64_t deepest = 0;
    for (const auto& revision : missing) deepest = std::max(deepest, revision.depth);
    std::vector<Revision> out;
    for (const auto leaf : document.tree.leaves())
        if (const auto& revision = document.tree.at(leaf).revision; revision.depth < deepest)
            out.push_back(revision);
    return out;
}

}  // namespace

void revs_diff(Server&, Call& call, Database& database) {
    const auto body = read_object(call);
    std::string out = "{";
    for (const auto& [id, revisions] : body.get_object()) {
        const auto* document = database.find(std::string_view{id});
        const auto missing = missing_of(document, read_revisions(revisions));
        if (missing.empty()) continue;
        if (out.size() > 1) out += ',';
        base::append_json_string(out, id);
        out += ":{\"missing\":";
        append_revisions(out, missing);
        if (document) {
            if (const auto ancestors = possible_ancestors(*document, missing); !ancestors.empty()) {
                out += ",\"possible_ancestors\":";
                append_revisions(out, ancestors);
            }
        }
        out += '}';
    }
    call.respond_json(200, out + '}');
}

void missing_revs(Server&, Call& call, Database& database) {
    const auto body = read_object(call);
    std::string out = "{\"missing_revs\":{";
    bool first = true;
    for (const auto& [id, revisions] : body.get_object()) {
        const auto missing = missing_of(database.find(std::string_view{id}), read_revisions(revisions));
        if (missing.empty()) continue;
        if (!first) out += ',';
        first = false;
        base::append_json_string(out, id);
        out += ':';
        append_revisions(out, missing);
    }
    call.respond_json(200, out + "}}");
}

void purge(Server& server, Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    require_server_admin(call);
    const auto body = read_object(call);
    std::vector<std::pair<std::string, std::vector<Revision>>> asked;
    std::size_t count = 0;
    for (const auto& [id, revisions] : body.get_object()) {
        asked.emplace_back(std::string{id}, read_revisions(revisions));
        count += asked.back().second.size();
    }
    if (std::cmp_greater(asked.size(), server.setting_number("purge", "max_document_id_number", 100)))
        throw bad_request("Exceeded maximum number of documents.");
    if (std::cmp_greater(count, server.setting_number("purge", "max_revisions_number", 1000)))
        throw bad_request("Exceeded maximum number of revisions.");
    // The partition says which shards are asked; without partitions any text does.
    if (database.settings().partitioned)
        for (const auto& [id, revisions] : asked) check_document_id(database, id);
    std::string out = "{\"purge_seq\":null,\"purged\":{";
    for (const auto& [id, revisions] : asked) {
        const auto purged = database.purge(id, revisions);
        if (out.back() != '{') out += ',';
        base::append_json_string(out, id);
        out += ':';
        append_revisions(out, purged);
    }
    if (!asked.empty()) server.note_change(database);
    call.respond_json(201, out + "}}");
}

void purged_infos(Call& call, const Database& database) {
    if (call.request().method != "GET") throw method_not_allowed("GET");
    std::string out = "{\"purged_infos\":[";
    for (const auto& [id, revisions] : database.purged) {
        if (out.back() != '[') out += ',';
        out += "{\"id\":";
        base::append_json_string(out, id);
        out += ",\"revs\":";
        append_revisions(out, revisions);
        out += '}';
    }
    call.respond_json(200, out + "]}");
}

}  // namespace davenport::couchmock::api
