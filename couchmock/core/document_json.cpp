#include "couchmock/core/document_json.hpp"

#include "node/base/http.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

namespace davenport::couchmock {
namespace {

void append_revisions(std::string& out, const RevTree& tree, std::size_t node, std::uint64_t count_max) {
    fmt::format_to(std::back_inserter(out), ",\"_revisions\":{{\"start\":{},\"ids\":[",
                   tree.at(node).revision.depth);
    bool first = true;
    for (const auto& revision : tree.path(node)) {
        if (count_max-- == 0) break;
        out += first ? "\"" : ",\"";
        first = false;
        append_revision_hash(out, revision.hash);
        out += '"';
    }
    out += "]}";
}

void append_revs_info(std::string& out, const RevTree& tree, std::size_t node) {
    out += ",\"_revs_info\":[";
    for (auto at = node; at != RevTree::none; at = tree.at(at).parent) {
        const auto& known = tree.at(at);
        out += at == node ? "{\"rev\":\"" : ",{\"rev\":\"";
        append_revision(out, known.revision);
        out += "\",\"status\":\"";
        out += !known.leaf ? "missing" : known.leaf->deleted ? "deleted" : "available";
        out += "\"}";
    }
    out += ']';
}

void append_conflicts(std::string& out, const RevTree& tree, std::size_t node, bool deleted) {
    bool any = false;
    for (const auto leaf : tree.leaves()) {
        const auto& other = tree.at(leaf);
        if (leaf == node || (other.leaf && other.leaf->deleted) != deleted) continue;
        if (!any) out += deleted ? ",\"_deleted_conflicts\":[\"" : ",\"_conflicts\":[\"";
        if (any) out += ",\"";
        any = true;
        append_revision(out, other.revision);
        out += '"';
    }
    if (any) out += ']';
}

/// `since`: attachments not newer than this depth are stubs.
void append_attachment(std::string& out, const Attachment& attachment, const DocumentView& view,
                       std::uint64_t since) {
    base::append_json_string(out, attachment.name);
    out += ":{\"content_type\":";
    base::append_json_string(out, attachment.content_type);
    fmt::format_to(std::back_inserter(out), ",\"revpos\":{},\"digest\":\"md5-{}\"", attachment.revpos,
                   base::base64_encode(attachment.digest));
    const bool wanted = attachment.revpos > since;
    if (view.attachments && wanted && !view.follows) {
        const auto plain =
            attachment.encoding.empty() ? *attachment.data : gunzip(*attachment.data).value_or("");
        out += ",\"data\":\"" + base::base64_encode(plain) + '"';
    } else {
        fmt::format_to(std::back_inserter(out), ",\"length\":{},\"{}\":true", attachment.length,
                       view.follows && wanted ? "follows" : "stub");
    }
    if (view.att_encoding_info && !attachment.encoding.empty())
        fmt::format_to(std::back_inserter(out), ",\"encoding\":\"{}\",\"encoded_length\":{}",
                       attachment.encoding, attachment.data->size());
    out += '}';
}

}  // namespace

std::uint64_t known_depth(const RevTree& tree, std::size_t node, const DocumentView& view) {
    for (; !view.atts_since.empty() && node != RevTree::none; node = tree.at(node).parent)
        if (const auto& revision = tree.at(node).revision;
            std::ranges::find(view.atts_since, revision) != view.atts_since.end())
            return revision.depth;
    return 0;
}

void append_document(std::string& out, const Document& document, std::size_t node, const DocumentView& view) {
    const auto& known = document.tree.at(node);
    out += "{\"_id\":";
    base::append_json_string(out, document.id);
    out += ",\"_rev\":\"";
    append_revision(out, known.revision);
    out += '"';
    if (known.leaf && !known.leaf->body.empty()) {
        out += ',';
        out += known.leaf->body;
    }
    if (known.leaf && known.leaf->deleted) out += ",\"_deleted\":true";
    if (view.revs) append_revisions(out, document.tree, node, view.revs_max);
    if (view.revs_info) append_revs_info(out, document.tree, node);
    if (view.local_seq) fmt::format_to(std::back_inserter(out), ",\"_local_seq\":{}", document.seq);
    if (view.conflicts) append_conflicts(out, document.tree, node, false);
    if (view.deleted_conflicts) append_conflicts(out, document.tree, node, true);
    if (known.leaf && !known.leaf->attachments.empty()) {
        out += ",\"_attachments\":{";
        const auto since = known_depth(document.tree, node, view);
        bool first = true;
        for (const auto& attachment : known.leaf->attachments) {
            if (!first) out += ',';
            first = false;
            append_attachment(out, attachment, view, since);
        }
        out += '}';
    }
    out += '}';
}

void append_plain_document(std::string& out, std::string_view id, std::string_view rev,
                           std::string_view body) {
    out += "{\"_id\":";
    base::append_json_string(out, id);
    out += ",\"_rev\":\"";
    out += rev;
    out += '"';
    if (!body.empty()) out += ',';
    out += body;
    out += '}';
}

std::optional<std::string> gunzip(std::string_view bytes, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return std::nullopt;
    std::string out;
    char buffer[16384];
    // zlib never writes through next_in; its type is older than const
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    int result = Z_OK;
    while (result == Z_OK && out.size() <= limit) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof buffer;
        result = inflate(&stream, Z_NO_FLUSH);
        out.append(buffer, sizeof buffer - stream.avail_out);
        if (result == Z_BUF_ERROR) break;
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END || out.size() > limit) return std::nullopt;
    return out;
}

}  // namespace davenport::couchmock
