#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "node/base/json.hpp"

namespace couchmock::api {
namespace {

/// The query of a document request.
struct DocumentQuery {
    DocumentView view;
    std::optional<Revision> rev;
    std::vector<Revision> open_revs;
    bool all_revs = false;
    bool latest = false;
    bool deleted_too = false;
    bool replicated = false;

    [[nodiscard]] bool opens_revs() const { return all_revs || !open_revs.empty(); }
    [[nodiscard]] bool has_meta() const {
        return view.revs_info || view.conflicts || view.deleted_conflicts || view.local_seq;
    }
};

std::vector<Revision> read_revisions(std::string_view text) {
    const auto value = base::parse_json(text);
    if (!value) throw bad_request("invalid UTF-8 JSON");
    if (!value->is_array()) throw bad_request("Invalid list of revisions");
    std::vector<Revision> out;
    for (const auto& item : value->get_array()) {
        if (!item.is_string()) throw bad_request("Invalid rev format");
        out.push_back(read_revision(item.get_string()));
    }
    return out;
}

DocumentQuery read_query(const Call& call) {
    DocumentQuery query;
    for (const auto& [name, value] : call.query()) {
        const bool yes = value == "true";
        if (name == "rev")
            query.rev = read_revision(value);
        else if (name == "open_revs" && value == "all")
            query.all_revs = true;
        else if (name == "open_revs")
            query.open_revs = read_revisions(value);
        else if (name == "atts_since") {
            for (const auto& revision : read_revisions(value))
                query.view.atts_since_depth = std::max(query.view.atts_since_depth, revision.depth);
            query.view.attachments = true;
        } else if (name == "new_edits" && value == "false")
            query.replicated = true;
        else if (name == "new_edits" && yes)
            query.replicated = false;
        else if (!yes)
            continue;
        else if (name == "revs")
            query.view.revs = true;
        else if (name == "attachments")
            query.view.attachments = true;
        else if (name == "revs_info")
            query.view.revs_info = true;
        else if (name == "conflicts")
            query.view.conflicts = true;
        else if (name == "deleted_conflicts")
            query.view.deleted_conflicts = true;
        else if (name == "local_seq")
            query.view.local_seq = true;
        else if (name == "att_encoding_info")
            query.view.att_encoding_info = true;
        else if (name == "latest")
            query.latest = true;
        else if (name == "deleted")
            query.deleted_too = true;
        else if (name == "meta")
            query.view.revs_info = query.view.conflicts = query.view.deleted_conflicts = true;
    }
    return query;
}

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

/// The revision that the request names outside of the body.
std::optional<Revision> named_revision(const Call& call) {
    std::optional<Revision> rev;
    if (const auto* text = call.find("rev")) rev = read_revision(*text);
    auto match = call.header("if-match");
    if (match.empty()) return rev;
    while (match.starts_with('"')) match.remove_prefix(1);
    while (match.ends_with('"')) match.remove_suffix(1);
    auto etag = read_revision(match);
    if (rev && *rev != etag) throw bad_request("Document rev and etag have different values");
    return etag;
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

/// Writes and answers, as PUT, DELETE and COPY do.
void write(Server& server, Call& call, Database& database, Edit edit, bool replicated,
           base::Headers headers) {
    const auto id = edit.id;
    const bool deleted = edit.deleted;
    resolve_stubs(database, edit);
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
    headers.emplace_back("ETag", quoted(to_text(revision)));
    call.respond_json(deleted ? 200 : 201, written_json(id, revision), std::move(headers));
}

void check_write_access(const Call& call, const Database& database, std::string_view id) {
    if (id.starts_with("_design/")) require_database_admin(call, database);
}

void put(Server& server, Call& call, Database& database, std::string_view id) {
    const auto query = read_query(call);
    check_document_id(database, id);
    check_write_access(call, database, id);
    Edit edit = read_edit(database, call.body());
    edit.id = id;
    settle_revision(call, edit);
    if (query.replicated && edit.path.empty())
        throw bad_request("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
    const auto* batch = call.find("batch");
    if (batch && *batch == "ok") {
        resolve_stubs(database, edit);
        const bool changed = query.replicated ? database.replicate(std::move(edit))
                                              : !database.update_one(std::move(edit)).conflict;
        if (changed) server.note_change(database);
        std::string json = "{\"ok\":true,\"id\":";
        base::append_json_string(json, id);
        call.respond_json(202, json + '}');
        return;
    }
    write(server, call, database, std::move(edit), query.replicated,
          {{"Location", location(call, database, id)}});
}

/// The document and node that a request without a revision means. Throws 404.
std::pair<const Document*, std::size_t> open(const Database& database, std::string_view id,
                                             bool deleted_too = false) {
    const auto* document = database.find(id);
    if (!document) throw not_found();
    if (document->tree.deleted() && !deleted_too) throw not_found("deleted");
    return {document, document->tree.winner()};
}

std::pair<const Document*, std::size_t> open(const Database& database, std::string_view id,
                                             const std::optional<Revision>& rev, bool deleted_too = false) {
    if (!rev) return open(database, id, deleted_too);
    const auto* document = database.find(id);
    const auto node = document ? document->tree.find(*rev) : RevTree::none;
    if (node == RevTree::none || !document->tree.at(node).leaf) throw not_found();
    return {document, node};
}

void remove(Server& server, Call& call, Database& database, std::string_view id) {
    check_write_access(call, database, id);
    open(database, id);
    Edit edit;
    edit.id = id;
    edit.deleted = true;
    DocumentText nothing;
    read_document("{}", nothing);
    edit.term = std::move(nothing.term);
    settle_revision(call, edit);
    write(server, call, database, std::move(edit), false, {});
}

void copy(Server& server, Call& call, Database& database, std::string_view id) {
    const auto rev = named_revision(call);
    const auto destination = call.header("destination");
    if (destination.empty()) throw bad_request("Destination header is mandatory for COPY.");
    if (destination.starts_with("http://") || destination.starts_with("https://"))
        throw bad_request("Destination URL must be relative.");
    const auto question = destination.find('?');
    auto target = base::percent_decode(destination.substr(0, question), true);
    if (!target) throw bad_request("invalid_url_encoding");
    Edit edit;
    edit.id = std::move(*target);
    check_document_id(database, edit.id);
    check_write_access(call, database, edit.id);
    if (question != std::string_view::npos) {
        const auto query = destination.substr(question + 1);
        if (!query.starts_with("rev=")) throw bad_request("Invalid rev format");
        edit.path.push_back(read_revision(query.substr(4)));
    }
    const auto [document, node] = open(database, id, rev);
    const auto& leaf = *document->tree.at(node).leaf;
    DocumentText text;
    read_document("{" + leaf.body + "}", text);
    edit.body = std::move(text.body);
    edit.term = std::move(text.term);
    edit.deleted = leaf.deleted;
    edit.attachments = leaf.attachments;
    auto headers = base::Headers{{"Location", location(call, database, edit.id)}};
    const auto target_id = edit.id;
    auto edited = database.update_one(std::move(edit));
    if (edited.conflict) throw conflict();
    server.note_change(database);
    headers.emplace_back("ETag", quoted(to_text(edited.revision)));
    call.respond_json(201, written_json(target_id, edited.revision), std::move(headers));
}

void open_revisions(Server& server, Call& call, const Database& database, std::string_view id,
                    const DocumentQuery& query) {
    const auto* document = database.find(id);
    if (query.all_revs && !document) throw not_found();
    std::string out = "[";
    const auto show = [&](std::size_t node) {
        if (out.size() > 1) out += ',';
        out += "{\"ok\":";
        append_document(out, *document, node, query.view);
        out += '}';
    };
    if (query.all_revs) {
        for (const auto leaf : document->tree.leaves()) show(leaf);
    } else {
        std::vector<std::size_t> shown;
        for (const auto& revision : query.open_revs) {
            const auto node = document ? document->tree.find(revision) : RevTree::none;
            if (node == RevTree::none || !document->tree.at(node).leaf) {
                if (out.size() > 1) out += ',';
                out += "{\"missing\":\"" + to_text(revision) + "\"}";
                continue;
            }
            const auto nodes =
                query.latest ? document->tree.leaves_below(node) : std::vector<std::size_t>{node};
            for (const auto each : nodes) {
                if (std::ranges::find(shown, each) != shown.end()) continue;
                shown.push_back(each);
                show(each);
            }
        }
    }
    out += "]\n";
    call.begin_chunked(200);
    server.bodies.send(call.exchange(), std::move(out));
}

void get(Server& server, Call& call, const Database& database, std::string_view id) {
    auto query = read_query(call);
    if (query.opens_revs()) {
        open_revisions(server, call, database, id, query);
        return;
    }
    if (query.latest) query.rev.reset();
    const auto [document, node] = open(database, id, query.rev, query.deleted_too);
    // With meta members the answer is more than the revision, and has no ETag.
    base::Headers headers;
    if (!query.has_meta()) {
        auto etag = quoted(to_text(document->tree.at(node).revision));
        if (answer_not_modified(call, etag)) return;
        headers.emplace_back("ETag", std::move(etag));
    }
    std::string json;
    json.reserve(document->tree.at(node).leaf->body.size() + id.size() + 96);
    append_document(json, *document, node, query.view);
    call.respond_json(200, std::move(json), std::move(headers));
}

}  // namespace

void document(Server& server, Call& call, Database& database, std::string_view id) {
    const auto method = call.method();
    if (method == "GET")
        get(server, call, database, id);
    else if (method == "PUT")
        put(server, call, database, id);
    else if (method == "DELETE")
        remove(server, call, database, id);
    else if (method == "COPY")
        copy(server, call, database, id);
    else
        throw method_not_allowed("DELETE,GET,HEAD,POST,PUT,COPY");
}

void post_document(Server& server, Call& call, Database& database) {
    Edit edit = read_edit(database, call.json_body());
    if (edit.id.empty()) {
        edit.id = server.new_uuid();
        edit.path.clear();
    }
    check_write_access(call, database, edit.id);
    resolve_stubs(database, edit);
    const auto id = edit.id;
    auto edited = database.update_one(std::move(edit));
    const auto* batch = call.find("batch");
    if (!edited.conflict) server.note_change(database);
    if (batch && *batch == "ok") {
        std::string json = "{\"ok\":true,\"id\":";
        base::append_json_string(json, id);
        call.respond_json(202, json + '}');
        return;
    }
    if (edited.conflict) throw conflict();
    call.respond_json(201, written_json(id, edited.revision), {{"Location", location(call, database, id)}});
}

}  // namespace couchmock::api
