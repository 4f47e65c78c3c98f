#include "couchmock/core/edit_reader.hpp"

#include "couchmock/core/call.hpp"
#include "couchmock/core/document_json.hpp"
#include "node/base/digest.hpp"
#include "node/base/http.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>

#include <zlib.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

ApiError illegal_id(std::string_view reason) { return {400, "illegal_docid", std::string{reason}, {}}; }
ApiError invalid_document(std::string_view reason) {
    return {400, "doc_validation", std::string{reason}, {}};
}

/// Special members that a client may send back, for the store to ignore.
bool is_ignored(std::string_view name) {
    return name == "_revs_info" || name == "_local_seq" || name == "_conflicts" ||
           name == "_deleted_conflicts";
}
void read_revisions(Edit& edit, const json::value& value) {
    const auto start = base::int_member(value, "start");
    if (!start) throw invalid_document("_revisions.start isn't an integer.");
    const auto* ids = base::member(value, "ids");
    if (!ids || !ids->is_array()) throw invalid_document("_revisions.ids isn't a array.");
    edit.path.clear();
    auto depth = *start;
    for (const auto& id : ids->get_array()) {
        if (!id.is_string()) throw invalid_document("RevId isn't a string");
        auto hash = parse_revision_hash(id.get_string());
        if (!hash) throw invalid_document("RevId isn't a valid hexadecimal");
        edit.path.push_back(
            {static_cast<std::uint64_t>(std::max<std::int64_t>(depth--, 0)), std::move(*hash)});
    }
}

std::string gzip(std::string_view content, int level) {
    z_stream stream{};
    deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// Base64 may be broken into lines, as mail is.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.find_first_of(" \t\r\n") == std::string_view::npos) return base::base64_decode(text);
    std::string joined;
    for (const char c : text)
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') joined += c;
    return base::base64_decode(joined);
}

Attachment read_attachment(const Compression& compression, std::string_view name, const json::value& value) {
    Attachment out;
    const auto* named_type = base::member(value, "content_type");
    if (named_type && !named_type->is_string())
        throw bad_request("The content_type of attachment " + std::string{name} + " must be a string");
    const auto type = base::string_member(value, "content_type").value_or("application/octet-stream");
    const auto revpos = base::int_member(value, "revpos");
    if (base::bool_member(value, "stub") || base::bool_member(value, "follows")) {
        out.name = name;
        out.content_type = type;
        out.encoding = base::string_member(value, "encoding").value_or("");
        out.length = static_cast<std::uint64_t>(base::int_member(value, "length").value_or(0));
        out.follows = base::bool_member(value, "follows");
        if (out.follows) {
            const auto* length = out.encoding.empty() ? "length" : "encoded_length";
            if (const auto bytes = base::int_member(value, length))
                out.declared = static_cast<std::uint64_t>(std::max<std::int64_t>(*bytes, 0));
        }
        const auto digest = base::string_member(value, "digest").value_or("");
        if (digest.starts_with("md5-")) out.digest = base::base64_decode(digest.substr(4)).value_or("");
    } else {
        const auto data = base::string_member(value, "data");
        auto content = data ? decode_base64(*data) : std::nullopt;
        if (!content) throw bad_request("Invalid attachment data for " + std::string{name});
        out = make_attachment(compression, std::string{name}, std::string{type}, std::move(*content));
    }
    out.revpos = static_cast<std::uint64_t>(std::max<std::int64_t>(revpos.value_or(0), 0));
    return out;
}

void read_special(const Database& database, Edit& edit, const std::string& name, const std::string& text) {
    if (name == "_id") {
        const auto value = base::parse_json(text);
        if (!value || !value->is_string()) throw illegal_id("Document id must be a string");
        edit.id = value->get_string();
        check_document_id(database, edit.id);
    } else if (name == "_rev") {
        const auto value = base::parse_json(text);
        if (!value || !value->is_string()) throw bad_request("Invalid rev format");
        auto revision = read_revision(value->get_string());
        if (edit.path.empty()) edit.path.push_back(std::move(revision));
    } else if (name == "_deleted" && (text == "true" || text == "false")) {
        edit.deleted = text == "true";
    } else if (name == "_revisions" && text.starts_with('{')) {
        read_revisions(edit, base::parse_json(text).value());
    } else if (name == "_attachments" && text.starts_with('{')) {
        const auto value = base::parse_json(text);
        if (!value) throw bad_request("invalid UTF-8 JSON");
        for (const auto& [key, attachment] : value->get_object()) {
            if (!attachment.is_object()) continue;  // couch_doc passes over it without a word
            edit.attachments.push_back(read_attachment(database.compression, key, attachment));
            if (key.starts_with("_"))
                throw bad_request("Attachment name '" + std::string{key} +
                                  "' starts with prohibited character '_'");
            check_attachment_size(database, edit.attachments.back());
        }
    } else if (!is_ignored(name)) {
        throw invalid_document("Bad special document member: " + name);
    }
}

}  // namespace

void check_document_id(const Database& database, std::string_view id) {
    if (id.empty()) throw illegal_id("Document id must not be empty");
    if (id == "_design/" || id == "_local/")
        throw illegal_id("Illegal document id `" + std::string{id} + "`");
    if (!base::is_utf8(id)) throw illegal_id("Document id must be valid UTF-8");
    const bool reserved = id.starts_with("_design/") || id.starts_with("_local/");
    if (id.starts_with('_') && !reserved)
        throw illegal_id("Only reserved document ids may start with underscore.");
    if (!database.settings().partitioned || reserved) return;
    const auto colon = id.find(':');
    if (colon == std::string_view::npos) throw illegal_id("Doc id must be of form partition:id");
    check_partition(id.substr(0, colon));
    const auto rest = id.substr(colon + 1);
    if (rest.empty()) throw illegal_id("Document id must not be empty");
    if (rest == "_design/" || rest == "_local/")
        throw illegal_id("Illegal document id `" + std::string{rest} + "`");
    if (rest.starts_with('_') && !rest.starts_with("_design/") && !rest.starts_with("_local/"))
        throw illegal_id("Only reserved document ids may start with underscore.");
}

void check_attachment_size(const Database& database, const Attachment& attachment) {
    if (attachment.data && attachment.length > database.attachment_bytes_max)
        throw ApiError{413, "attachment_too_large", attachment.name, {{"Connection", "close"}}};
}

void check_partition(std::string_view partition) {
    const auto illegal = [](std::string_view reason) {
        return ApiError{400, "illegal_partition", std::string{reason}, {}};
    };
    if (partition.empty()) throw illegal("Partition must not be empty");
    if (partition.starts_with('_')) throw illegal("Partition must not start with an underscore");
    if (!base::is_utf8(partition)) throw illegal("Partition must be valid UTF-8");
    if (partition.find(':') != std::string_view::npos) throw illegal("Partition must not contain a colon");
}

Revision read_revision(std::string_view text) {
    auto revision = parse_revision(text);
    if (!revision) throw bad_request("Invalid rev format");
    return std::move(*revision);
}

Edit to_edit(const Database& database, DocumentText text) {
    Edit edit;
    for (const auto& [name, value] : text.special) read_special(database, edit, name, value);
    if (text.body.size() + 2 > database.document_bytes_max)
        throw ApiError{413, "document_too_large", edit.id, {{"Connection", "close"}}};
    edit.body = std::move(text.body);
    edit.term = std::move(text.term);
    return edit;
}

Edit read_edit(const Database& database, std::string_view json) {
    DocumentText text;
    if (const auto error = read_document(json, text))
        throw bad_request(*error == ReadError::no_object ? "Document must be a JSON object"
                                                         : "invalid UTF-8 JSON");
    return to_edit(database, std::move(text));
}

void set_body(Edit& edit, std::string_view body) {
    DocumentText text;
    read_document('{' + std::string{body} + '}', text);
    edit.body = std::move(text.body);
    edit.term = std::move(text.term);
}

Attachment keep_attachment(const Compression& compression, Attachment attachment, std::string bytes) {
    if (attachment.declared && bytes.size() > *attachment.declared)
        throw bad_request("attachment longer than expected");
    if (attachment.declared && bytes.size() < *attachment.declared)
        throw bad_request("attachment shorter than expected");
    const auto revpos = attachment.revpos;
    if (attachment.encoding == "gzip") {  // as another CouchDB keeps it
        const auto length = attachment.length;
        auto kept = make_attachment({.level = 0}, std::move(attachment.name), "application/octet-stream",
                                    std::move(bytes));
        kept.content_type = std::move(attachment.content_type);
        kept.encoding = "gzip";
        kept.length = length;
        kept.revpos = revpos;
        return kept;
    }
    auto kept = make_attachment(compression, std::move(attachment.name), std::move(attachment.content_type),
                                std::move(bytes));
    kept.revpos = revpos;
    return kept;
}

void resolve_stubs(const Database& database, Edit& edit) {
    const std::vector<Attachment>* kept = nullptr;
    for (auto& attachment : edit.attachments) {
        if (attachment.data) continue;
        if (attachment.follows)
            throw bad_request("Attachment " + attachment.name +
                              " says `follows`, but the body is no multipart/related");
        if (!kept) {
            static const std::vector<Attachment> nothing;
            kept = &nothing;
            const auto* document = database.find(edit.id);
            // An edit follows its parent; a replicated revision the nearest ancestor that is known.
            for (const auto& revision : edit.path) {
                const auto node = document ? document->tree.find(revision) : RevTree::none;
                if (node == RevTree::none || !document->tree.at(node).leaf) continue;
                kept = &document->tree.at(node).leaf->attachments;
                break;
            }
        }
        const auto same = std::ranges::find(*kept, attachment.name, &Attachment::name);
        // A revpos that was said has to be the right one (couch_att:merge_stubs).
        if (same == kept->end() || (attachment.revpos != 0 && attachment.revpos != same->revpos))
            throw ApiError{
                412, "missing_stub", "Invalid attachment stub in " + edit.id + " for " + attachment.name, {}};
        attachment = *same;
    }
}

Attachment make_attachment(const Compression& compression, std::string name, std::string content_type,
                           std::string content) {
    Attachment out;
    out.name = std::move(name);
    out.content_type = std::move(content_type);
    out.length = content.size();
    if (compression.wants(out.content_type)) {
        content = gzip(content, compression.level);
        out.encoding = "gzip";
    }
    out.digest = base::md5(content);
    out.data = std::make_shared<const std::string>(std::move(content));
    return out;
}

}  // namespace davenport::couchmock
