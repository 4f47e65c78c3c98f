#include "couchmock/core/api.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/mango_query.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <optional>

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

std::string text_option(MangoOptions& options, std::string_view key, std::string_view otherwise) {
    const auto* value = options.find(key);
    if (!value) return std::string{otherwise};
    if (!value->is_string())
        throw ApiError{400, "invalid_string", "Invalid string: " + print_term(*value), {}};
    return std::string{value->get_string()};
}

/// A name of an index or a design document, which may be left to CouchDB but not be empty.
std::optional<std::string> name_option(MangoOptions& options, std::string_view key) {
    if (!options.find(key)) return std::nullopt;
    auto name = text_option(options, key, "");
    if (name.empty())
        throw ApiError{400, "invalid_empty_string", "Index name or ddoc cannot be empty string", {}};
    return name;
}

std::optional<bool> partitioned_option(MangoOptions& options) {
    const auto* value = options.find("partitioned");
    if (!value) return std::nullopt;
    if (value->is_bool()) return value->get_bool();
    throw ApiError{500,
                   "unknown_error",
                   "Unknown Error: mango_opts :: {invalid_partitioned_value," + print_term(*value) + "}",
                   {}};
}

void check_type(const std::string& type) {
    if (type == "json") return;
    if (type == "text" || type == "nouveau")
        throw ApiError{503, "required index service unavailable", type, {}};
    throw ApiError{400, "invalid_index", "Invalid type for index: " + type, {}};
}

/// The definition as the design document keeps it (mango_idx_view:validate_new).
json::value stored_definition(const json::value& definition) {
    if (!definition.is_object())
        throw ApiError{
            400, "invalid_index", "JSON indexes must be an object, not: " + print_term(definition), {}};
    MangoOptions options{definition};
    json::object fields;
    for (const auto& [field, descending] : read_columns(options.require("fields")))
        fields[field] = descending ? "desc" : "asc";
    json::value partial = json::object{};
    if (const auto* selector = options.find("partial_filter_selector")) {
        if (!selector->is_object())
            throw ApiError{400,
                           "invalid_selector_json",
                           "Selector must be a JSON object, not: " + print_term(*selector),
                           {}};
        partial = normalize_selector(*selector);
    }
    options.finish();
    return json::object{{"fields", std::move(fields)}, {"partial_filter_selector", std::move(partial)}};
}

/// The design document that is to hold the index, as it is; of Mango's language.
json::object open_design(const Document* known) {
    if (!known || known->tree.deleted()) return {{"language", "query"}};
    auto content = body_of(*known).as_object();
    const auto* language = content.if_contains("language");
    if (language && language->is_string() && std::string_view{language->get_string()} == "query")
        return content;
    throw ApiError{400,
                   "invalid_ddoc_lang",
                   "Existing design doc has an invalid language: " +
                       (language ? "{<<108,97,110,103,117,97,103,101>>," + print_term(*language) + '}'
                                 : std::string{"false"}),
                   {}};
}

/// The whole document is partitioned, or not: one that exists has decided.
void set_partitioned(json::object& content, std::optional<bool> wanted, bool exists,
                     const std::string& design) {
    const auto* options = content.if_contains("options");
    const auto* kept = options ? base::member(*options, "partitioned") : nullptr;
    const auto before = kept && kept->is_bool() ? std::optional{kept->get_bool()} : std::nullopt;
    if (before == wanted) return;
    if (exists)
        throw ApiError{
            400,
            "invalid_partitioned_option",
            "Requested partitioned option does not match existing value on design document " + design,
            {}};
    content["options"] = json::object{{"partitioned", *wanted}};
}

void create(Server& server, Call& call, Database& database) {
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    MangoOptions options{*body};
    const auto& definition = options.require("index");
    const auto type = text_option(options, "type", "json");
    const auto given_name = name_option(options, "name");
    auto design = name_option(options, "ddoc");
    const auto w = options.positive("w", 2);
    const auto partitioned = partitioned_option(options);
    options.finish();
    check_type(type);
    const auto automatic = automatic_index_name(
        definition, type, {given_name ? &*given_name : nullptr, design ? &*design : nullptr, w, partitioned});
    const auto name = given_name.value_or(automatic);
    if (!design) design = automatic;
    if (!design->starts_with("_design/")) design->insert(0, "_design/");
    const json::value view = json::object{{"map", stored_definition(definition)},
                                          {"reduce", "_count"},
                                          {"options", json::object{{"def", definition}}}};
    check_document_id(database, *design);

    const auto* known = database.find(*design);
    auto content = open_design(known);
    set_partitioned(content, partitioned, known && !known->tree.deleted(), *design);
    auto& views = content["views"];
    if (!views.is_object()) views = json::object{};
    const bool exists = views.get_object().contains(name) && views.get_object()[name] == view;
    if (!exists) {
        require_database_admin(call, database);
        views.get_object()[name] = view;
        write_design(server, database, *design, content, false);
    }
    std::string out = exists ? "{\"result\":\"exists\",\"id\":" : "{\"result\":\"created\",\"id\":";
    base::append_json_string(out, *design);
    out += ",\"name\":";
    base::append_json_string(out, name);
    call.respond_json(200, out + '}');
}

/// Takes an index out of its design document, which goes with its last one.
void drop(Server& server, Database& database, const MangoIndex& index) {
    auto content = body_of(*database.find(index.design)).as_object();
    auto& views = content["views"].get_object();
    views.erase(index.name);
    if (views.empty()) content.erase("views");
    const bool empty = content.size() == 1 && content.contains("language");
    write_design(server, database, index.design, empty ? json::object{} : content, empty);
}

std::string with_prefix(std::string_view design) {
    return design.starts_with("_design/") ? std::string{design} : "_design/" + std::string{design};
}

void bulk_delete(Server& server, Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    MangoOptions options{*body};
    const auto& ids = options.require("docids");
    if (!ids.is_array())
        throw ApiError{400,
                       "invalid_bulk_docs",
                       "Bulk Delete requires an array of non-null docids. Docids: " + print_term(ids),
                       {}};
    for (const auto& id : ids.get_array()) static_cast<void>(read_index_name(id));
    options.positive("w", 2);
    options.finish();
    require_database_admin(call, database);
    std::string success;  // the last one first, as CouchDB gathers them
    std::string fail;
    for (const auto& item : ids.get_array()) {
        const auto design =
            with_prefix(item.is_string() ? std::string_view{item.get_string()} : std::string_view{});
        const auto indexes = indexes_of(database);
        const auto it = std::ranges::find(indexes, design, &MangoIndex::design);
        if (it != indexes.end()) drop(server, database, *it);
        auto& list = it != indexes.end() ? success : fail;
        std::string entry = "{\"id\":";
        base::append_json_string(entry, design);
        entry += it != indexes.end() ? ",\"ok\":true}" : ",\"error\":\"not_found\"}";
        list = list.empty() ? entry : entry + ',' + list;
    }
    call.respond_json(200, "{\"success\":[" + success + "],\"fail\":[" + fail + "]}");
}

}  // namespace

void index_path(Server& server, Call& call, Database& database) {
    const auto& path = call.path();  // db/_index[/design/json/name], the design as one piece or as two
    if (path.size() == 2) {
        if (call.method() == "GET")
            call.respond_json(200, list_indexes(call, database));
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
    std::vector<std::string> parts{path.begin() + 2, path.end()};
    if (parts.size() == 4 && parts[0] == "_design") {
        parts.erase(parts.begin());
        parts[0].insert(0, "_design/");
    }
    if (parts.size() != 3) throw not_found();
    if (call.method() != "DELETE") throw method_not_allowed("DELETE");
    const auto indexes = indexes_of(database);
    const auto it = std::ranges::find_if(indexes, [&](const MangoIndex& index) {
        return !index.is_special() && index.design == with_prefix(parts[0]) && index.name == parts[2];
    });
    if (parts[1] != "json" || it == indexes.end()) throw not_found();
    require_database_admin(call, database);
    drop(server, database, *it);
    call.respond_json(200, R"({"ok":true})");
}

}  // namespace davenport::couchmock::api
