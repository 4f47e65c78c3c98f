#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/json_slices.hpp"
#include "node/base/json.hpp"

namespace davenport::couchmock::api {
namespace {

struct BulkRequest {
    std::string_view docs;
    std::string_view new_edits = "true";
};

BulkRequest read_request(std::string_view body) {
    const auto members = slice_object(body);
    if (!members)
        throw bad_request(compact_json(body) ? "Request body must be a JSON object" : "invalid UTF-8 JSON");
    BulkRequest request;
    for (const auto& [name, value] : *members) {
        if (name == "docs")
            request.docs = value;
        else if (!compact_json(value))
            throw bad_request("invalid UTF-8 JSON");
        else if (name == "new_edits")
            request.new_edits = value;
    }
    if (request.docs.empty()) throw bad_request("POST body must include `docs` parameter.");
    if (!request.docs.starts_with('[')) throw bad_request("`docs` parameter must be an array.");
    return request;
}

void append_result(std::string& json, std::string_view id, const Edited& result) {
    if (json.size() > 1) json += ',';
    json += result.conflict ? "{\"id\":" : "{\"ok\":true,\"id\":";
    base::append_json_string(json, id);
    if (result.conflict) {
        json += ",\"error\":\"conflict\",\"reason\":\"Document update conflict.\"}";
    } else {
        json += ",\"rev\":\"";
        append_revision(json, result.revision);
        json += "\"}";
    }
}

void append_refusal(std::string& json, const Edit& edit, std::string_view error, std::string_view reason) {
    if (json.size() > 1) json += ',';
    json += "{\"id\":";
    base::append_json_string(json, edit.id);
    if (!edit.path.empty()) json += ",\"rev\":\"" + to_text(edit.path.front()) + '"';
    json += ",\"error\":";
    base::append_json_string(json, error);
    json += ",\"reason\":";
    base::append_json_string(json, reason);
    json += '}';
}

bool is_local(std::string_view id) { return id.starts_with("_local/"); }

void append_local(std::string& json, std::string_view id, const std::optional<std::string>& rev) {
    if (json.size() > 1) json += ',';
    json += rev ? "{\"ok\":true,\"id\":" : "{\"id\":";
    base::append_json_string(json, id);
    json += rev ? ",\"rev\":\"" + *rev + "\"}" : R"(,"error":"error","reason":"Invalid rev format"})";
}

bool may_write(const Call& call, const Database& database, std::string_view id) {
    if (!id.starts_with("_design/")) return true;
    try {
        require_database_admin(call, database);
        return true;
    } catch (const ApiError&) {
        return false;
    }
}

void update_all(Server& server, Call& call, Database& database, std::vector<Edit> edits) {
    std::vector<std::string> ids;
    ids.reserve(edits.size());
    std::vector<bool> refused;
    std::vector<Edit> locals;
    std::vector<Edit> allowed;
    allowed.reserve(edits.size());
    for (auto& edit : edits) {
        if (edit.id.empty()) {
            edit.id = server.new_uuid();
            edit.path.clear();
        }
        prepare_edit(server, database, edit);
        ids.push_back(edit.id);
        if (is_local(edit.id)) {
            locals.push_back(std::move(edit));
            refused.push_back(false);
            continue;
        }
        refused.push_back(!may_write(call, database, edit.id));
        if (!refused.back()) allowed.push_back(std::move(edit));
    }
    const auto results = database.update(std::move(allowed));
    std::string json = "[";
    json.reserve(2 + 80 * ids.size());
    bool any = false;
    for (std::size_t i = 0, k = 0, l = 0; i < ids.size(); ++i) {
        if (is_local(ids[i])) {
            append_local(json, ids[i], write_local(database, locals[l++]));
        } else if (refused[i]) {
            append_refusal(json, {ids[i], {}, false, {}, {}, {}}, "forbidden",
                           "You are not a db or server admin.");
        } else {
            any = any || !results[k].conflict;
            append_result(json, ids[i], results[k++]);
        }
    }
    if (any) server.note_change(database);
    call.respond_json(201, json + ']');
}

void replicate_all(Server& server, Call& call, Database& database, std::vector<Edit> edits) {
    for (auto& edit : edits) {
        if (edit.path.empty())
            throw bad_request("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
        prepare_edit(server, database, edit);
    }
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.id < b.id; });
    std::string json = "[";
    bool any = false;
    for (auto& edit : edits) {
        if (is_local(edit.id))
            static_cast<void>(write_local(database, edit));
        else if (may_write(call, database, edit.id))
            any = database.replicate(std::move(edit)) || any;
        else
            append_refusal(json, edit, "forbidden", "You are not a db or server admin.");
    }
    if (any) server.note_change(database);
    call.respond_json(201, json + ']');
}

}  // namespace

void bulk_docs(Server& server, Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto request = read_request(call.json_body());
    const auto texts = slice_array(request.docs);
    if (!texts) throw bad_request("invalid UTF-8 JSON");
    std::vector<Edit> edits;
    edits.reserve(texts->size());
    std::optional<ApiError> first_error;  // bad JSON anywhere comes before a bad document
    for (const auto text : *texts) {
        DocumentText document;
        const auto error = read_document(text, document);
        if (error == ReadError::invalid_json) throw bad_request("invalid UTF-8 JSON");
        if (first_error) continue;
        if (error) {
            first_error = bad_request("Document must be a JSON object");
            continue;
        }
        try {
            edits.push_back(to_edit(database, std::move(document)));
        } catch (ApiError& refused) {
            first_error = std::move(refused);
        }
    }
    if (first_error) throw std::move(*first_error);
    if (request.new_edits == "true")
        update_all(server, call, database, std::move(edits));
    else if (request.new_edits == "false")
        replicate_all(server, call, database, std::move(edits));
    else
        throw bad_request("`new_edits` parameter must be a boolean.");
}

}  // namespace davenport::couchmock::api
