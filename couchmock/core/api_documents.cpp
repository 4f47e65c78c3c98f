#include "couchmock/core/api.hpp"
#include "couchmock/core/document_query.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/multipart.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock::api {
namespace {

std::string written_json(std::string_view id, const Revision& revision) {
    std::string json = "{\"ok\":true,\"id\":";
    base::append_json_string(json, id);
    json += ",\"rev\":\"";
    append_revision(json, revision);
    json += "\"}";
    return json;
}

std::string location(const Call& call, const Database& database, std::string_view id) {
    return call.base_url() + '/' + url_encode(database.settings().name) + '/' + url_encode(id);
}

/// Brings the revision in the body and those outside of it together.
void settle_revision(const Call& call, Edit& edit) {
    const auto* text = call.find("rev");
    if (!edit.path.empty() && text && read_revision(*text) != edit.path.front())
        throw bad_request("Document rev from request body and query string have different values");
    auto named = named_revision(call);
    if (!named) return;
    if (edit.path.empty())
        edit.path.push_back(std::move(*named));
    else if (*named != edit.path.front())
        throw bad_request("Document rev and etag have different values");
}

ApiError conflict() { return {409, "conflict", "Document update conflict.", {}}; }

/// Writes and answers, as PUT and DELETE do.
void write(Server& server, Call& call, Database& database, Edit edit, bool replicated,
           base::Headers headers) {
    const auto id = edit.id;
    const bool deleted = edit.deleted;
    prepare_edit(server, call, database, edit, replicated);
    Revision revision;
    if (replicated) {
        revision = edit.path.front();
        if (database.replicate(std::move(edit))) server.note_change(database);
    } else {
        auto edited = database.update_one(std::move(edit));
        if (edited.conflict) {
            call.respond_error(conflict());
            return;
        }
        revision = std::move(edited.revision);
        server.note_change(database);
    }
    headers.emplace_back("ETag", in_quotes(to_text(revision)));
    call.respond_json(deleted ? 200 : 201, written_json(id, revision), std::move(headers));
}

/// `batch=ok`: taken, and nothing said about what became of it.
void write_later(Server& server, Call& call, Database& database, Edit edit, bool replicated) {
    std::string json = "{\"ok\":true,\"id\":";
    base::append_json_string(json, edit.id);
    prepare_edit(server, call, database, edit, replicated);
    const bool changed =
        replicated ? database.replicate(std::move(edit)) : !database.update_one(std::move(edit)).conflict;
    if (changed) server.note_change(database);
    call.respond_json(202, json + '}');
}

/// A document and the attachments that it says `follows`, out of a multipart/related body.
Edit read_related(Call& call, const Database& database) {
    const auto boundary = boundary_of(call.header("content-type"));
    const auto parts = boundary ? split_multipart(call.body(), *boundary) : std::nullopt;
    if (!parts || parts->empty()) throw bad_request("Invalid multipart/related body");
    auto edit = read_edit(database, parts->front().body);
    std::size_t next = 1;
    for (auto& attachment : edit.attachments) {
        if (!attachment.follows) continue;
        const auto named = std::ranges::find_if(parts->begin() + 1, parts->end(), [&](const BodyPart& part) {
            const auto name = header_parameter(base::header(part.headers, "content-disposition"), "filename");
            return name && *name == attachment.name;
        });
        if (named == parts->end() && next >= parts->size())
            throw bad_request("attachment shorter than expected");
        const auto& part = named == parts->end() ? (*parts)[next] : *named;
        ++next;
        attachment = keep_attachment(database.compression, std::move(attachment), std::string{part.body});
    }
    return edit;
}

/// A revision that a form names, as an edit that changes nothing of it.
Edit edit_over(const Database& database, std::string_view id, const Revision& revision) {
    const auto* document = database.find(id);
    const auto node = document ? document->tree.find(revision) : RevTree::none;
    if (node == RevTree::none || !document->tree.at(node).leaf) throw not_found();
    const auto& leaf = *document->tree.at(node).leaf;
    Edit edit;
    edit.path = {revision};
    edit.deleted = leaf.deleted;
    set_body(edit, leaf.body);
    edit.attachments = leaf.attachments;
    return edit;
}

/// The form of browsers of long ago, with files for a document; CouchDB wants to know the page that it is on.
void post_form(Server& server, Call& call, Database& database, std::string_view id) {
    auto referer = call.header("referer");
    if (referer.empty()) throw bad_request("Referer header required.");
    if (const auto scheme = referer.find("://"); scheme != std::string_view::npos)
        referer.remove_prefix(scheme + 3);
    if (referer.substr(0, referer.find_first_of("/?#")) != call.header("host"))
        throw bad_request("Referer header must match host.");
    check_document_id(database, id);
    if (!call.header("content-type").starts_with("multipart/form-data"))
        throw ApiError{415, "bad_content_type", "Content-Type must be multipart/form-data", {}};
    if (id.starts_with("_design/")) require_database_admin(call, database);
    const auto boundary = boundary_of(call.header("content-type"));
    const auto parts = boundary ? split_multipart(call.raw_body(), *boundary) : std::nullopt;
    if (!parts) throw bad_request("Invalid multipart/form-data body");
    std::optional<std::string_view> document, revision;
    std::vector<Attachment> files;
    for (const auto& part : *parts) {
        const auto disposition = base::header(part.headers, "content-disposition");
        const auto name = header_parameter(disposition, "name").value_or("");
        const auto file = header_parameter(disposition, "filename");
        if (name == "_doc") document = part.body;
        if (name == "_rev") revision = part.body;
        if (name != "_attachments" || !file) continue;
        if (file->starts_with('_'))
            throw bad_request("Attachment name '" + *file + "' starts with prohibited character '_'");
        const auto type = base::header(part.headers, "content-type");
        files.push_back(
            make_attachment(database.compression, *file, std::string{type}, std::string{part.body}));
        check_attachment_size(database, files.back());
    }
    if (!document && !revision) throw bad_request("Invalid rev format");
    auto edit = document ? read_edit(database, *document) : edit_over(database, id, read_revision(*revision));
    edit.id = id;
    for (auto& old : edit.attachments)
        if (std::ranges::find(files, old.name, &Attachment::name) == files.end())
            files.push_back(std::move(old));
    edit.attachments = std::move(files);
    write(server, call, database, std::move(edit), false, {});
}

void put(Server& server, Call& call, Database& database, std::string_view id) {
    const auto query = read_document_query(call);
    check_document_id(database, id);
    auto edit = call.header("content-type").starts_with("multipart/related")
                    ? read_related(call, database)
                    : read_edit(database, call.body());
    if (id.starts_with("_design/")) require_database_admin(call, database);
    edit.id = id;
    settle_revision(call, edit);
    if (query.replicated && edit.path.empty())
        throw bad_request("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
    if (is_batch(call))
        write_later(server, call, database, std::move(edit), query.replicated);
    else
        write(server, call, database, std::move(edit), query.replicated,
              {{"Location", location(call, database, id)}});
}

void remove(Server& server, Call& call, Database& database, std::string_view id) {
    check_reader(call, database, id);
    static_cast<void>(open_document(database, id, std::nullopt));  // the 404
    if (id.starts_with("_design/")) require_database_admin(call, database);
    Edit edit;
    edit.id = id;
    edit.deleted = true;
    set_body(edit, {});
    settle_revision(call, edit);
    write(server, call, database, std::move(edit), false, {});
}

void copy(Server& server, Call& call, Database& database, std::string_view id) {
    const auto rev = named_revision(call);
    const auto destination = call.header("destination");
    if (!base::has_header(call.request().headers, "destination"))
        throw bad_request("Destination header is mandatory for COPY.");
    if (destination.starts_with("http://") || destination.starts_with("https://"))
        throw bad_request("Destination URL must be relative.");
    const auto question = destination.find('?');
    auto target = base::percent_decode(destination.substr(0, question), true);
    if (!target) throw bad_request("invalid_url_encoding");
    Edit edit;
    edit.id = std::move(*target);
    check_document_id(database, edit.id);
    if (edit.id.starts_with("_design/")) require_database_admin(call, database);
    if (question != std::string_view::npos) {
        const auto query = destination.substr(question + 1);
        if (!query.starts_with("rev=")) throw bad_request("Invalid rev format");
        edit.path.push_back(read_revision(query.substr(4)));
    }
    if (id.starts_with("_local/")) {
        const auto local = database.locals().find(id);
        if (local == database.locals().end() || rev) throw not_found();
        set_body(edit, local->second.body);
    } else {
        const auto [document, node] = open_document(database, id, rev);
        const auto& leaf = *document->tree.at(node).leaf;
        set_body(edit, leaf.body);
        edit.attachments = leaf.attachments;
        edit.deleted = leaf.deleted;
    }
    if (edit.id.starts_with("_local/")) {
        answer_written_local(call, database, edit, true);
        return;
    }
    const auto target_id = edit.id;
    prepare_edit(server, call, database, edit);
    const auto edited = database.update_one(std::move(edit));
    if (edited.conflict) throw conflict();
    server.note_change(database);
    call.respond_json(
        201, written_json(target_id, edited.revision),
        {{"Location", location(call, database, target_id)}, {"ETag", in_quotes(to_text(edited.revision))}});
}

}  // namespace

bool is_batch(const Call& call) {
    const auto* batch = call.find("batch");
    return batch && *batch == "ok";
}

std::optional<Revision> named_revision(const Call& call) {
    std::optional<Revision> rev;
    if (const auto* text = call.find("rev")) rev = read_revision(*text);
    auto match = call.header("if-match");
    if (match.empty() && !base::has_header(call.request().headers, "if-match")) return rev;
    while (match.starts_with('"')) match.remove_prefix(1);
    while (match.ends_with('"')) match.remove_suffix(1);
    auto etag = read_revision(match);
    if (rev && *rev != etag) throw bad_request("Document rev and etag have different values");
    return etag;
}

void document(Server& server, Call& call, Database& database, std::string_view id) {
    const auto method = call.method();
    if (method == "GET" || method == "COPY") check_reader(call, database, id);
    if (method == "GET")
        read_document(server, call, database, id);
    else if (method == "PUT")
        put(server, call, database, id);
    else if (method == "DELETE")
        remove(server, call, database, id);
    else if (method == "COPY")
        copy(server, call, database, id);
    else if (method == "POST")
        post_form(server, call, database, id);
    else
        throw method_not_allowed("DELETE,GET,HEAD,POST,PUT,COPY");
}

void post_document(Server& server, Call& call, Database& database) {
    Edit edit = read_edit(database, call.json_body());
    if (edit.id.empty()) {
        edit.id = server.new_document_id(call.now());
        edit.path.clear();
        check_document_id(database, edit.id);  // a partitioned database takes none without a partition
    }
    if (edit.id.starts_with("_design/")) require_database_admin(call, database);
    if (edit.id.starts_with("_local/")) {
        answer_written_local(call, database, edit, false);
        return;
    }
    if (is_batch(call)) {
        write_later(server, call, database, std::move(edit), false);
        return;
    }
    const auto id = edit.id;
    prepare_edit(server, call, database, edit);
    const auto edited = database.update_one(std::move(edit));
    if (edited.conflict) throw conflict();
    server.note_change(database);
    call.respond_json(201, written_json(id, edited.revision), {{"Location", location(call, database, id)}});
}

}  // namespace davenport::couchmock::api
