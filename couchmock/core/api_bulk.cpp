#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/json_slices.hpp"
#include "couchmock/core/scripts.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <array>

namespace davenport::couchmock::api {
namespace {

struct BulkRequest {
    std::string_view docs;
    std::string_view new_edits = "true";
    bool all_or_nothing = false;
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
        else if (name == "all_or_nothing")
            request.all_or_nothing = value == "true";
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

void append_refusal(std::string& json, const Edit& edit, const ApiError& refusal) {
    if (json.size() > 1) json += ',';
    json += "{\"id\":";
    base::append_json_string(json, edit.id);
    if (!edit.path.empty()) json += ",\"rev\":\"" + to_text(edit.path.front()) + '"';
    json += ",\"error\":";
    base::append_json_string(json, refusal.error);
    json += ",\"reason\":";
    if (refusal.reason_is_json)
        json += refusal.reason;
    else
        base::append_json_string(json, base::repair_utf8(refusal.reason));
    json += '}';
}

bool is_local(std::string_view id) { return id.starts_with("_local/"); }

void append_local(std::string& json, std::string_view id, const std::optional<std::string>& rev) {
    if (json.size() > 1) json += ',';
    json += rev ? "{\"ok\":true,\"id\":" : "{\"id\":";
    base::append_json_string(json, id);
    json += rev ? ",\"rev\":\"" + *rev + "\"}" : R"(,"error":"error","reason":"Invalid rev format"})";
}

/// Nothing is written: a cluster has no way to do it (fabric_doc_update:validate_atomic_update).
void refuse_all(Server& server, Call& call, std::vector<Edit>& edits) {
    std::string json = "[";
    for (auto& edit : edits) {
        if (edit.id.empty()) edit.id = server.new_document_id(call.now());
        if (edit.path.empty()) edit.path.push_back({});  // "0-"
        append_refusal(json, edit, {417, "not_implemented", "all_or_nothing is not supported", {}});
    }
    call.respond_json(417, json + ']');
}

void require_admin_of_design(const Call& call, const Database& database) {
    try {
        require_database_admin(call, database);
    } catch (const ApiError& error) {
        throw ApiError{403, "forbidden", error.reason, {}};
    }
}

/// What is wrong with one document and is told in its row, the others being written.
std::optional<ApiError> refusal_of(Server& server, const Call& call, const Database& database, Edit& edit,
                                   bool replicated) {
    static constexpr std::array told{"forbidden",          "unauthorized",      "unknown_error",
                                     "invalid_design_doc", "compilation_error", "partition_overflow"};
    try {
        if (edit.id.starts_with("_design/")) require_admin_of_design(call, database);
        prepare_edit(server, call, database, edit, replicated);
        return std::nullopt;
    } catch (ApiError& error) {
        if (std::ranges::find(told, error.error) == told.end()) throw;
        return std::move(error);
    } catch (const javascript::Failure& failure) {
        return to_api_error(failure);
    }
}

void update_all(Server& server, Call& call, Database& database, std::vector<Edit> edits) {
    std::vector<std::string> ids;
    ids.reserve(edits.size());
    std::vector<std::optional<ApiError>> refused;
    std::vector<Edit> locals;
    std::vector<Edit> allowed;
    allowed.reserve(edits.size());
    for (auto& edit : edits) {
        if (edit.id.empty()) {
            edit.id = server.new_document_id(call.now());
            check_document_id(database, edit.id);
        }
        ids.push_back(edit.id);
        if (is_local(edit.id)) {
            prepare_edit(server, call, database, edit);
            locals.push_back(std::move(edit));
            refused.emplace_back();
            continue;
        }
        refused.push_back(refusal_of(server, call, database, edit, false));
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
            append_refusal(json, {ids[i], {}, false, {}, {}, {}}, *refused[i]);
        } else {
            any = any || !results[k].conflict;
            append_result(json, ids[i], results[k++]);
        }
    }
    if (any) server.note_change(database);
    call.respond_json(201, json + ']');
}

void replicate_all(Server& server, Call& call, Database& database, std::vector<Edit> edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.id < b.id; });
    std::vector<std::optional<ApiError>> refused;  // all are looked at before the first is written
    refused.reserve(edits.size());
    for (auto& edit : edits)
        refused.push_back(is_local(edit.id) ? std::nullopt : refusal_of(server, call, database, edit, true));
    std::string json = "[";
    bool any = false;
    for (std::size_t i = 0; i < edits.size(); ++i) {
        auto& edit = edits[i];
        if (is_local(edit.id))
            static_cast<void>(write_local(database, edit));
        else if (refused[i])
            append_refusal(json, edit, *refused[i]);
        else
            any = database.replicate(std::move(edit)) || any;
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
    const bool replicated = request.new_edits == "false";
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
        } catch (const ApiError& refused) {
            first_error = refused;
            continue;
        }
        if (replicated && edits.back().path.empty())
            first_error =
                bad_request("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
    }
    if (first_error) throw std::move(*first_error);
    if (request.new_edits == "true" && request.all_or_nothing && !edits.empty())
        refuse_all(server, call, edits);
    else if (request.new_edits == "true")
        update_all(server, call, database, std::move(edits));
    else if (replicated)
        replicate_all(server, call, database, std::move(edits));
    else
        throw bad_request("`new_edits` parameter must be a boolean.");
}

}  // namespace davenport::couchmock::api
