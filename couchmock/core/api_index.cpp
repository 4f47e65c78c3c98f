#include "couchmock/core/api.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/mango_index.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

json::value body_of(const Document& document) {
    return base::parse_json("{" + document.tree.at(document.tree.winner()).leaf->body + "}")
        .value_or(json::object{});
}

/// Writes the design document `id` with this body over what is there.
void write_design(Server& server, Database& database, const std::string& id, const json::value& body,
                  bool deleted) {
    DocumentText text;
    read_document(base::write_json(body), text);
    Edit edit;
    edit.id = id;
    edit.deleted = deleted;
    edit.body = std::move(text.body);
    edit.term = std::move(text.term);
    const auto* known = database.find(id);
    if (known && !known->tree.deleted()) edit.path.push_back(known->tree.at(known->tree.winner()).revision);
    if (!database.update_one(std::move(edit)).conflict) server.note_change(database);
}

void create(Server& server, Call& call, Database& database) {
    require_database_admin(call, database);
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    const auto* definition = base::member(*body, "index");
    if (!definition) throw ApiError{400, "missing_required_key", "Missing required key: index", {}};
    const auto type = base::string_member(*body, "type").value_or("json");
    if (type != "json")
        throw ApiError{400, "invalid_index", "Invalid type for index: " + std::string{type}, {}};
    if (!definition->is_object())
        throw ApiError{400,
                       "invalid_index",
                       "JSON indexes must be an object, not: " + base::write_json(*definition),
                       {}};
    const auto* fields = base::member(*definition, "fields");
    const auto columns = fields ? read_columns(*fields) : std::nullopt;
    if (!columns) throw ApiError{400, "invalid_index", "Index is missing its definition.", {}};

    const auto given = [&](std::string_view key) -> std::optional<std::string> {
        const auto text = base::string_member(*body, key);
        return text ? std::optional<std::string>{*text} : std::nullopt;
    };
    const auto given_name = given("name");
    auto design = given("ddoc");
    const auto automatic = automatic_index_name(*definition, type, given_name ? &*given_name : nullptr,
                                                design ? &*design : nullptr);
    const auto name = given_name.value_or(automatic);
    if (!design) design = automatic;
    if (!design->starts_with("_design/")) design->insert(0, "_design/");

    json::object map_fields;
    for (const auto& [field, descending] : *columns) map_fields[field] = descending ? "desc" : "asc";
    const auto* partial = base::member(*definition, "partial_filter_selector");
    const json::value view =
        json::object{{"map", json::object{{"fields", map_fields},
                                          {"partial_filter_selector", partial ? *partial : json::object{}}}},
                     {"reduce", "_count"},
                     {"options", json::object{{"def", *definition}}}};

    const auto* known = database.find(*design);
    auto content = known && !known->tree.deleted() ? body_of(*known).as_object() : json::object{};
    if (!content.contains("language")) content["language"] = "query";
    auto& views = content["views"];
    if (!views.is_object()) views = json::object{};
    const bool exists = views.get_object().contains(name) && views.get_object()[name] == view;
    if (!exists) {
        views.get_object()[name] = view;
        write_design(server, database, *design, content, false);
    }
    std::string out = exists ? "{\"result\":\"exists\",\"id\":" : "{\"result\":\"created\",\"id\":";
    base::append_json_string(out, *design);
    out += ",\"name\":";
    base::append_json_string(out, name);
    call.respond_json(200, out + '}');
}

bool drop(Server& server, Database& database, const std::string& design, const std::string& name) {
    const auto* known = database.find(design);
    if (!known || known->tree.deleted()) return false;
    auto content = body_of(*known).as_object();
    auto* views = content.if_contains("views");
    if (!views || !views->is_object() || !views->get_object().contains(name)) return false;
    views->get_object().erase(name);
    const bool empty = views->get_object().empty();
    write_design(server, database, design, empty ? json::object{} : content, empty);
    return true;
}

void bulk_delete(Server& server, Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    require_database_admin(call, database);
    const auto body = base::parse_json(call.json_body());
    const auto* ids = body ? base::member(*body, "docids") : nullptr;
    if (!ids || !ids->is_array())
        throw ApiError{400, "missing_required_key", "Missing required key: docids", {}};
    std::string success;
    std::string fail;
    for (const auto& item : ids->get_array()) {
        std::string id = item.is_string() ? std::string{item.get_string()} : std::string{};
        if (!id.starts_with("_design/")) id.insert(0, "_design/");
        const auto* known = database.find(id);
        const bool there = known && !known->tree.deleted();
        if (there) write_design(server, database, id, json::object{}, true);
        auto& list = there ? success : fail;
        if (!list.empty()) list += ',';
        list += "{\"id\":";
        base::append_json_string(list, id);
        list += there ? ",\"ok\":true}" : ",\"error\":\"does not exist\"}";
    }
    call.respond_json(200, "{\"success\":[" + success + "],\"fail\":[" + fail + "]}");
}

}  // namespace

void index_path(Server& server, Call& call, Database& database) {
    const auto& path = call.path();  // db/_index[/design/json/name], the design as one piece or as two
    if (path.size() == 2) {
        if (call.method() == "GET")
            call.respond_json(200, list_indexes(database));
        else if (call.method() == "POST")
            create(server, call, database);
        else
            throw method_not_allowed("GET,POST");
        return;
    }
    if (path[2] == "_bulk_delete") {
        bulk_delete(server, call, database);
        return;
    }
    if (call.method() != "DELETE") throw method_not_allowed("DELETE");
    require_database_admin(call, database);
    std::vector<std::string> parts{path.begin() + 2, path.end()};
    if (parts.size() == 4 && parts[0] == "_design") {
        parts.erase(parts.begin());
        parts[0].insert(0, "_design/");
    }
    if (parts.size() != 3) throw not_found();
    if (!parts[0].starts_with("_design/")) parts[0].insert(0, "_design/");
    if (parts[1] != "json" || !drop(server, database, parts[0], parts[2])) throw not_found();
    call.respond_json(200, R"({"ok":true})");
}

}  // namespace davenport::couchmock::api
