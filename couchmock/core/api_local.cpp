#include "couchmock/core/all_docs_query.hpp"
#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/document_query.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

std::string written(std::string_view id, std::string_view rev) {
    std::string json = "{\"ok\":true,\"id\":";
    base::append_json_string(json, id);
    return json + ",\"rev\":\"" + std::string{rev} + "\"}";
}

/// A `_local` document's revision is "0-N"; CouchDB looks at no other part of it.
std::optional<std::uint64_t> number_in(const Revision& revision) {
    if (revision.hash.empty()) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : revision.hash) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return number;
}

std::uint64_t read_local_revision(std::string_view text) {
    const auto number = number_in(read_revision(text));
    if (!number) throw bad_request("Invalid rev format");
    return *number;
}

void put(Call& call, Database& database, std::string_view id) {
    DocumentText text;
    if (const auto error = read_document(call.body(), text))
        throw bad_request(*error == ReadError::no_object ? "Document must be a JSON object"
                                                         : "invalid UTF-8 JSON");
    std::uint64_t revision = 0;
    const auto* asked = call.find("rev");
    if (asked) revision = read_local_revision(*asked);
    if (const auto* rev = text.find_special("_rev")) {
        const auto value = base::parse_json(*rev);
        if (!value || !value->is_string()) throw bad_request("Invalid rev format");
        const auto named = read_local_revision(value->get_string());
        if (asked && named != revision)
            throw bad_request("Document rev from request body and query string have different values");
        revision = named;
    }
    if (const auto* edits = call.find("new_edits");
        edits && *edits == "false" && !text.find_special("_rev") && !text.find_special("_revisions"))
        throw bad_request("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
    for (const auto& [name, value] : text.special)
        if (name != "_id" && name != "_rev" && name != "_deleted" && name != "_revisions" &&
            name != "_attachments")
            throw ApiError{400, "doc_validation", "Bad special document member: " + name, {}};
    auto location = call.base_url() + '/' + url_encode(database.settings().name) + '/' + url_encode(id);
    if (const auto* deleted = text.find_special("_deleted"); deleted && *deleted == "true") {
        database.erase_local(id);
        call.respond_json(200, written(id, "0-0"),
                          {{"Location", std::move(location)}, {"ETag", opaque_etag(text.term + "0")}});
        return;
    }
    const Database::Local local{revision + 1, std::move(text.body)};
    database.set_local(std::string{id}, local);
    const auto rev = fmt::format("0-{}", local.revision);
    if (is_batch(call)) {
        std::string json = "{\"ok\":true,\"id\":";
        base::append_json_string(json, id);
        call.respond_json(202, json + '}');
        return;
    }
    call.respond_json(201, written(id, rev),
                      {{"Location", std::move(location)}, {"ETag", opaque_etag(local.body + rev)}});
}

/// One document of a list; nothing stands for a key without one.
void append_listed(std::string& out, std::string_view id, const Database::Local& local, bool with_document) {
    const auto rev = fmt::format("0-{}", local.revision);
    out += "{\"id\":";
    base::append_json_string(out, id);
    out += ",\"key\":";
    base::append_json_string(out, id);
    out += ",\"value\":{\"rev\":\"" + rev + "\"}";
    if (with_document) {
        out += ",\"doc\":";
        append_plain_document(out, id, rev, local.body);
    }
    out += '}';
}

/// The rows that a query asks for, in its order; those of keys without a document have no second.
std::vector<std::pair<std::string, const Database::Local*>> listed(const Database& database,
                                                                   const ListQuery& query,
                                                                   MemberIndex member) {
    const auto& locals = database.locals(member);
    std::vector<std::pair<std::string, const Database::Local*>> rows;
    if (query.keys && query.keys->size() != 1) {  // one alone is a range
        for (const auto& key : *query.keys) {
            const auto id = key.is_string() ? std::string{key.get_string()} : std::string{};
            if (!id.starts_with("_local/")) continue;
            const auto it = locals.find(id);
            rows.emplace_back(base::write_json(key), it == locals.end() ? nullptr : &it->second);
        }
    } else {
        for (const auto& [id, local] : locals)
            if (is_in_range(query, id)) rows.emplace_back(id, &local);
    }
    if (query.descending) std::ranges::reverse(rows);
    return rows;
}

void append_list(std::string& out, const Database& database, const ListQuery& query, MemberIndex member) {
    out += "{\"total_rows\":null,\"offset\":null,";
    if (query.update_seq) out += "\"update_seq\":null,";
    out += "\"rows\":[";
    std::uint64_t shown = 0;
    const auto rows = listed(database, query, member);
    for (std::size_t i = query.skip; i < rows.size() && shown < query.limit; ++i, ++shown) {
        out += shown == 0 ? "\r\n" : ",\r\n";
        const auto& [id, local] = rows[i];
        if (!local)
            out += "{\"key\":" + id + ",\"error\":\"not_found\"}";
        else if (query.keys && query.keys->size() != 1)
            append_listed(out, std::string_view{base::parse_json(id)->get_string()}, *local,
                          query.include_docs);
        else
            append_listed(out, id, *local, query.include_docs);
    }
    out += shown == 0 ? "\r\n\r\n]}" : "\r\n]}";
}

}  // namespace

std::optional<std::string> write_local(Database& database, const Edit& edit) {
    if (edit.deleted) {  // whatever it says that it follows
        database.erase_local(edit.id);
        return "0-0";
    }
    const auto before = edit.path.empty() ? std::uint64_t{0} : number_in(edit.path.front());
    if (!before) return std::nullopt;
    database.set_local(edit.id, {*before + 1, edit.body});
    return fmt::format("0-{}", *before + 1);
}

void answer_written_local(Call& call, Database& database, const Edit& edit, bool with_etag) {
    const auto rev = write_local(database, edit);
    if (!rev) throw ApiError{500, "error", "Invalid rev format", {}};
    if (is_batch(call)) {
        std::string json = "{\"ok\":true,\"id\":";
        base::append_json_string(json, edit.id);
        call.respond_json(202, json + '}');
        return;
    }
    base::Headers headers{{"Location", call.base_url() + '/' + url_encode(database.settings().name) + '/' +
                                           url_encode(edit.id)}};
    if (with_etag) headers.emplace_back("ETag", in_quotes(*rev));
    call.respond_json(201, written(edit.id, *rev), std::move(headers));
}

void local_document(Server& server, Call& call, Database& database, std::string_view id) {
    check_document_id(database, id);
    if (call.method() == "PUT") {
        put(call, database, id);
        return;
    }
    if (call.method() == "COPY") {
        document(server, call, database, id);
        return;
    }
    if (call.method() != "GET" && call.method() != "DELETE")
        throw method_not_allowed("DELETE,GET,HEAD,POST,PUT,COPY");
    const auto query = call.method() == "GET" ? read_document_query(call) : DocumentQuery{};
    if (query.opens_revs() || query.rev) {  // a tree of revisions is what it has not
        read_document(server, call, database, id);
        return;
    }
    const auto* local = database.find_local(id, call.replicas);
    if (!local) throw not_found();
    if (call.method() == "DELETE") {
        if (const auto* rev = call.find("rev")) static_cast<void>(read_revision(*rev));
        database.erase_local(id);
        call.respond_json(200, written(id, "0-0"), {{"ETag", opaque_etag(std::string{id} + "0-0")}});
        return;
    }
    const auto rev = fmt::format("0-{}", local->revision);
    const auto etag = opaque_etag(local->body + rev);
    if (answer_not_modified(call, etag)) return;
    std::string json;
    append_plain_document(json, id, rev, local->body);
    if (query.view.revs) {
        json.pop_back();
        json += fmt::format(R"(,"_revisions":{{"start":0,"ids":["{}"]}}}})", local->revision);
    }
    call.respond_json(200, std::move(json), {{"ETag", etag}});
}

void local_documents(Server& server, Call& call, Database& database, bool multiple) {
    std::string out;
    if (multiple) {
        out = "{\"results\":[";
        for (const auto& query : read_list_queries(call)) {
            out += out.ends_with('[') ? "\r\n" : ",\r\n";
            append_list(out, database, query, call.member);
        }
        server.send_chunked(call, out + "\r\n]}\n");
        return;
    }
    if (call.method() != "GET" && call.method() != "POST") throw method_not_allowed("GET,HEAD,POST");
    append_list(out, database, read_list_query(call, call.method() == "POST"), call.member);
    server.send_chunked(call, out + '\n');
}

}  // namespace davenport::couchmock::api
