#include "couchmock/core/api.hpp"
#include "couchmock/core/document_query.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/multipart.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

/// A revision as one part of a multipart answer: JSON, or JSON with its attachments behind it.
void append_part(std::string& out, Server& server, const Document& document, std::size_t node,
                 DocumentView view) {
    const auto& leaf = *document.tree.at(node).leaf;
    view.attachments = view.follows = view.att_encoding_info = true;
    std::string json;
    append_document(json, document, node, view);
    if (leaf.attachments.empty()) {
        out += "\r\nContent-Type: application/json\r\n\r\n" + json;
        return;
    }
    const auto boundary = server.new_uuid();
    out += "\r\nContent-Type: multipart/related; boundary=\"" + boundary + "\"\r\n\r\n";
    out += write_related(json, leaf.attachments, known_depth(document.tree, node, view), boundary);
}

void send_mixed(Server& server, Call& call, const OpenedRevisions& opened, const DocumentView& view) {
    const auto boundary = server.new_uuid();
    std::string out = "--" + boundary;
    for (const auto& one : opened.found) {
        if (one.node == RevTree::none)
            out += "\r\nContent-Type: application/json; error=\"true\"\r\n\r\n{\"missing\":\"" +
                   to_text(one.revision) + "\"}";
        else
            append_part(out, server, *opened.document, one.node, view);
        out += "\r\n--" + boundary;
    }
    call.effects().emplace_back(
        RespondHead{call.exchange(), 200,
                    call.plain_headers({{"Content-Type", "multipart/mixed; boundary=\"" + boundary + '"'}})});
    server.bodies.send(call.exchange(), out + "--");
}

void send_opened(Server& server, Call& call, const Database& database, std::string_view id,
                 const DocumentQuery& query) {
    auto opened = open_revisions(database, id, query);
    // As fabric sorts what its workers found: by the revision, and what nobody has behind it.
    std::ranges::stable_sort(opened.found, {}, [](const OpenedRevisions::One& one) {
        return std::pair{one.node == RevTree::none, one.revision};
    });
    if (accepts(call.header("accept"), "multipart/mixed")) {
        send_mixed(server, call, opened, query.view);
        return;
    }
    std::string out = "[";
    for (const auto& one : opened.found) {
        if (out.size() > 1) out += ',';
        if (one.node == RevTree::none) {
            out += "{\"missing\":\"" + to_text(one.revision) + "\"}";
        } else {
            out += "{\"ok\":";
            append_document(out, *opened.document, one.node, query.view);
            out += '}';
        }
    }
    server.send_chunked(call, out + "]\n");
}

void send_related(Server& server, Call& call, const Document& document, std::size_t node, DocumentView view,
                  base::Headers headers) {
    view.follows = view.att_encoding_info = true;
    std::string json;
    append_document(json, document, node, view);
    const auto boundary = server.new_uuid();
    headers.emplace_back("Content-Type", "multipart/related; boundary=\"" + boundary + '"');
    call.respond(200,
                 write_related(json, document.tree.at(node).leaf->attachments,
                               known_depth(document.tree, node, view), boundary),
                 call.plain_headers(std::move(headers)));
}

// ---- _bulk_get

struct BulkEntry {
    std::string id = "null";  // JSON text
    std::string error;        // JSON text of what is wrong, empty if nothing
    std::string found_id;
    DocumentQuery query;
};

std::string bulk_error(std::string_view id, std::string_view rev, std::string_view error,
                       std::string_view reason) {
    std::string out = fmt::format("{{\"rev\":{},\"reason\":", rev);
    base::append_json_string(out, reason);
    return out + fmt::format(",\"id\":{},\"error\":\"{}\"}}", id, error);
}

bool is_revision(const boost::json::value& text) {
    if (!text.is_string()) return false;
    try {
        static_cast<void>(read_revision(text.get_string()));
        return true;
    } catch (const ApiError&) {
        return false;
    }
}

BulkEntry read_entry(const Database& database, const boost::json::value& wanted,
                     const DocumentQuery& common) {
    BulkEntry entry;
    entry.query = common;
    if (!wanted.is_object() || wanted.get_object().empty()) {
        entry.error = bulk_error("null", "null", "bad_request", "document must be a JSON object");
        return entry;
    }
    const auto* id = base::member(wanted, "id");
    if (!id) {
        entry.error = bulk_error("null", "null", "bad_request", "document id missed");
        return entry;
    }
    entry.id = base::write_json(*id);
    const auto* rev = base::member(wanted, "rev");
    try {
        if (!id->is_string()) throw ApiError{500, "unknown_error", "function_clause", {}};  // of them all
        entry.found_id = id->get_string();
        check_document_id(database, entry.found_id);
        entry.query.all_revs = !rev;
        entry.query.open_revs.clear();
        if (rev) {
            if (!rev->is_string()) throw bad_request("Invalid rev format");
            entry.query.open_revs.push_back(read_revision(rev->get_string()));
        }
        if (const auto* since = base::member(wanted, "atts_since")) {
            if (!since->is_array()) {
                entry.error = bulk_error(entry.id, base::write_json(*since), "bad_request",
                                         "att_since value must be array of revs.");
            } else if (const auto bad = std::ranges::find_if_not(since->get_array(), is_revision);
                       bad != since->get_array().end()) {
                entry.error =
                    bulk_error(entry.id, base::write_json(*bad), "bad_request", "Invalid rev format");
            } else if (!since->get_array().empty()) {
                entry.query.view.atts_since = read_revision_list(base::write_json(*since));
                entry.query.view.attachments = true;
            }
        }
    } catch (const ApiError& error) {
        if (error.status == 500) throw;
        const bool about_rev = error.error == "bad_request" && rev;
        entry.error =
            bulk_error(entry.id, about_rev ? base::write_json(*rev) : "null", error.error, error.reason);
    }
    return entry;
}

OpenedRevisions open_entry(const Call& call, const Database& database, const BulkEntry& entry) {
    if (!database.find_at(entry.found_id, call.replicas)) {
        OpenedRevisions none;  // each that was named is told to be missing
        for (const auto& revision : entry.query.open_revs) {
            auto& one = none.found.emplace_back();
            one.revision = revision;
            one.node = RevTree::none;
        }
        return none;
    }
    try {
        return open_revisions(database, entry.found_id, entry.query);
    } catch (const ApiError&) {
        return {};
    }
}

std::string missing_error(const BulkEntry& entry, const OpenedRevisions::One* one) {
    return bulk_error(entry.id, one ? '"' + to_text(one->revision) + '"' : "\"undefined\"", "not_found",
                      "missing");
}

void bulk_get_json(Call& call, const Database& database, const std::vector<BulkEntry>& entries) {
    std::string out = "{\"results\":[";
    for (const auto& entry : entries) {
        if (out.back() != '[') out += ',';
        out += "{\"id\":" + entry.id + ",\"docs\":[";
        const auto opened = entry.error.empty() ? open_entry(call, database, entry) : OpenedRevisions{};
        if (!entry.error.empty())
            out += "{\"error\":" + entry.error + '}';
        else if (opened.found.empty())
            out += "{\"error\":" + missing_error(entry, nullptr) + '}';
        for (const auto& one : opened.found) {
            if (out.back() != '[') out += ',';
            if (one.node == RevTree::none) {
                out += "{\"error\":" + missing_error(entry, &one);
            } else {
                out += "{\"ok\":";
                append_document(out, *opened.document, one.node, entry.query.view);
            }
            out += '}';
        }
        out += "]}";
    }
    call.respond_json(200, out + "]}");
}

/// A revision of `_bulk_get` as a part: only one with attachments says which it is.
void append_bulk_part(std::string& out, Server& server, const Document& document, std::size_t node,
                      DocumentView view) {
    const auto& tree = document.tree;
    if (tree.at(node).leaf->attachments.empty()) {
        append_part(out, server, document, node, view);
        return;
    }
    view.attachments = view.follows = view.att_encoding_info = true;
    std::string json;
    append_document(json, document, node, view);
    const auto boundary = "--" + server.new_uuid();
    out += "\r\nX-Doc-Id: " + std::string{document.id} + "\r\nX-Rev-Id: " + to_text(tree.at(node).revision) +
           "\r\nContent-Type: multipart/related; boundary=" + boundary + "\r\n\r\n";
    out += write_related(json, tree.at(node).leaf->attachments, known_depth(tree, node, view), boundary);
}

void bulk_get_mixed(Server& server, Call& call, const Database& database,
                    const std::vector<BulkEntry>& entries) {
    const auto boundary = "--" + server.new_uuid();
    const auto* type = accepts(call.header("accept"), "multipart/mixed") ? "mixed" : "related";
    std::string out;
    const auto refuse = [&](const std::string& error) {
        out += "\r\n--" + boundary + "\r\nContent-Type: application/json; error=\"true\"\r\n\r\n" + error;
    };
    for (const auto& entry : entries) {
        const auto opened = entry.error.empty() ? open_entry(call, database, entry) : OpenedRevisions{};
        if (!entry.error.empty())
            refuse(entry.error);
        else if (opened.found.empty())
            refuse(missing_error(entry, nullptr));
        for (const auto& one : opened.found) {
            if (one.node == RevTree::none) {
                refuse(fmt::format(R"({{"rev":"{}","error":"not_found","reason":"missing"}})",
                                   to_text(one.revision)));
                continue;
            }
            out += "\r\n--" + boundary;
            append_bulk_part(out, server, *opened.document, one.node, entry.query.view);
        }
    }
    if (!entries.empty()) out += "\r\n--" + boundary + "--\r\n";
    call.effects().emplace_back(
        RespondHead{call.exchange(), 200,
                    call.plain_headers(
                        {{"Content-Type", fmt::format("multipart/{}; boundary=\"{}\"", type, boundary)}})});
    server.bodies.send(call.exchange(), std::move(out));
}

}  // namespace

void read_document(Server& server, Call& call, const Database& database, std::string_view id) {
    auto query = read_document_query(call);
    query.view.revs_max = database.revs_limit;
    if (query.opens_revs() || (query.rev && !query.latest)) query.view.forget_siblings();
    if (!call.replicas.empty() && !database.find_at(id, call.replicas)) throw not_found();
    if (query.opens_revs()) {
        send_opened(server, call, database, id, query);
        return;
    }
    if (query.latest) query.rev.reset();
    const auto [document, node] = open_document(database, id, query.rev, query.deleted_too);
    base::Headers headers;
    if (!query.adds_to(*document, node)) {
        auto etag = in_quotes(to_text(document->tree.at(node).revision));
        if (answer_not_modified(call, etag)) return;
        headers.emplace_back("ETag", std::move(etag));
    }
    const auto& leaf = *document->tree.at(node).leaf;
    const auto known = known_depth(document->tree, node, query.view);
    const auto comes = [&](const Attachment& attachment) { return attachment.revpos > known; };
    if (query.view.attachments && std::ranges::any_of(leaf.attachments, comes) &&
        accepts(call.header("accept"), "multipart/related")) {
        send_related(server, call, *document, node, query.view, std::move(headers));
        return;
    }
    std::string json;
    json.reserve(leaf.body.size() + id.size() + 96);
    append_document(json, *document, node, query.view);
    call.respond_json(200, std::move(json), std::move(headers));
}

void bulk_get(Server& server, Call& call, Database& database) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = base::parse_json(call.json_body());
    if (!body) throw bad_request("invalid UTF-8 JSON");
    if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    const auto* docs = base::member(*body, "docs");
    if (!docs) throw bad_request("Missing JSON list of 'docs'.");
    static constexpr std::array refused{"open_revs", "new_edits", "w", "rev", "atts_since"};
    for (const auto& [key, value] : call.query())
        if (std::ranges::find(refused, key) != refused.end())
            throw bad_request('"' + key + "\" query parameter is not acceptable");
    auto common = read_document_query(call);
    common.view.revs_max = database.revs_limit;
    common.view.forget_siblings();
    if (!docs->is_array()) throw ApiError{500, "unknown_error", "function_clause", {}};
    std::vector<BulkEntry> entries;
    for (const auto& wanted : docs->get_array()) entries.push_back(read_entry(database, wanted, common));
    const auto accept = call.header("accept");
    if (!accepts(accept, "application/json") &&
        (accepts(accept, "multipart/mixed") || accepts(accept, "multipart/related")))
        bulk_get_mixed(server, call, database, entries);
    else
        bulk_get_json(call, database, entries);
}

}  // namespace davenport::couchmock::api
