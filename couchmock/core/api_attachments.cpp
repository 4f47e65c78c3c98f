#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/multipart.hpp"
#include "couchmock/core/partition_size.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

ApiError no_attachment() { return not_found("Document is missing attachment"); }

struct Range {
    std::uint64_t from, to;  ///< both included
};

/// What a Range header asks for of `length` bytes; nothing when it is none that is served. Throws 416.
std::optional<std::vector<Range>> read_ranges(std::string_view header, std::uint64_t length) {
    if (!header.starts_with("bytes=")) return std::nullopt;
    header.remove_prefix(6);
    std::vector<Range> out;
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        return value;
    };
    while (!header.empty()) {
        const auto comma = header.find(',');
        auto one = header.substr(0, comma);
        header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        const auto dash = one.find('-');
        if (dash == std::string_view::npos) return std::nullopt;
        const auto from = number(one.substr(0, dash));
        const auto to = number(one.substr(dash + 1));
        if ((!from && dash != 0) || (!to && dash + 1 != one.size()) || (!from && !to)) return std::nullopt;
        if (from == 0u && !to) return std::nullopt;  // all of it
        Range range{0, length - 1};
        if (!from)
            range.from = *to > length ? 0 : length - *to;
        else
            range.from = *from;
        if (from && to) range.to = std::min(*to, length - 1);
        if (length == 0 || range.to < range.from)
            throw ApiError{416, "requested_range_not_satisfiable", "Requested range not satisfiable", {}};
        out.push_back(range);
    }
    return out;
}

/// The attachment `name` of the revision that the request names, or of the winner.
const Attachment& find_attachment(const Call& call, const Database& database, std::string_view id,
                                  std::string_view name) {
    const auto* document = database.find_at(id, call.replicas);
    if (!document) throw not_found();
    auto node = document->tree.winner();
    if (const auto* rev = call.find("rev")) {
        node = document->tree.find(read_revision(*rev));
        if (node == RevTree::none) throw not_found();
    } else if (document->tree.deleted()) {
        throw not_found("deleted");
    }
    const auto& leaf = document->tree.at(node).leaf;
    if (!leaf) throw not_found();
    const auto it = std::ranges::find(leaf->attachments, name, &Attachment::name);
    if (it == leaf->attachments.end()) throw no_attachment();
    return *it;
}

bool takes_gzip(const Call& call) {
    const auto accepted = call.header("accept-encoding");
    const auto at = accepted.find("gzip");
    if (at == std::string_view::npos) return false;
    const auto weight = accepted.substr(at + 4);
    return !weight.starts_with(";q=0") || weight.starts_with(";q=0.");
}

void send_ranges(Server& server, Call& call, const Attachment& attachment, const std::vector<Range>& ranges) {
    const auto boundary = server.new_uuid();
    std::string out = "--" + boundary;
    for (const auto& [from, to] : ranges) {
        out += fmt::format("\r\nContent-Type: {}\r\nContent-Range: bytes {}-{}/{}\r\n\r\n",
                           attachment.content_type, from, to, attachment.length);
        out += attachment.data->substr(from, to - from + 1) + "\r\n--" + boundary;
    }
    call.effects().emplace_back(RespondHead{
        call.exchange(), 206,
        call.plain_headers({{"Content-Type", "multipart/byteranges; boundary=\"" + boundary + '"'}})});
    server.bodies.send(call.exchange(), out + "--");
}

void get(Server& server, Call& call, const Database& database, std::string_view id, std::string_view name) {
    const auto& attachment = find_attachment(call, database, id, name);
    base::Headers headers{{"ETag", in_quotes(base::base64_encode(attachment.digest))},
                          {"Cache-Control", "must-revalidate"},
                          {"Content-Type", attachment.content_type},
                          {"Content-Security-Policy", "sandbox"}};
    if (answer_not_modified(call, headers.front().second)) return;
    headers = call.plain_headers(std::move(headers));
    if (!attachment.encoding.empty()) {
        headers.emplace_back("Accept-Ranges", "none");
        const bool as_kept = takes_gzip(call);
        // A range is not served of what is kept compressed, but it is looked at.
        static_cast<void>(
            read_ranges(call.header("range"), as_kept ? attachment.data->size() : attachment.length));
        if (as_kept) headers.emplace_back("Content-Encoding", attachment.encoding);
        call.respond(200, as_kept ? *attachment.data : gunzip(*attachment.data).value_or(""),
                     std::move(headers));
        return;
    }
    headers.emplace_back("Accept-Ranges", "bytes");
    const auto range = call.header("range");
    if (const auto ranges = read_ranges(range, attachment.length); ranges && ranges->size() < 10) {
        if (ranges->size() > 1) {
            send_ranges(server, call, attachment, *ranges);
            return;
        }
        const auto [from, to] = ranges->front();
        headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", from, to, attachment.length));
        call.respond(206, attachment.data->substr(from, to - from + 1), std::move(headers));
        return;
    }
    call.respond(200, *attachment.data, std::move(headers));
}

void check_coding(const Call& call) {
    const auto coding = call.header("content-encoding");
    if (!coding.empty() && coding != "identity" && coding != "gzip")
        throw ApiError{415, "bad_content_type", "Only gzip and identity content-encodings are supported", {}};
}

/// An attachment that comes in as the body of a PUT; a client may have compressed it already.
Attachment from_body(Call& call, const Compression& compression, std::string_view name) {
    auto type = call.header("content-type");
    if (type.empty()) type = "application/octet-stream";
    const auto coding = call.header("content-encoding");
    auto made = make_attachment(compression, std::string{name}, std::string{type}, call.raw_body());
    if (coding != "gzip") return made;
    Attachment kept =
        make_attachment({.level = 0}, std::string{name}, "application/octet-stream", call.raw_body());
    kept.content_type = type;
    kept.encoding = "gzip";
    if (const auto plain = gunzip(call.raw_body())) kept.length = plain->size();
    return kept;
}

void change(Server& server, Call& call, Database& database, std::string_view id, std::string_view name) {
    if (name.starts_with('_'))
        throw bad_request("Attachment name '" + std::string{name} + "' starts with prohibited character '_'");
    if (!base::is_utf8(name)) throw bad_request("Attachment name is not UTF-8 encoded");
    if (id.starts_with("_design/")) require_database_admin(call, database);
    const bool removes = call.method() == "DELETE";
    if (!removes) check_coding(call);
    Edit edit;
    edit.id = id;
    std::string body;
    std::vector<Attachment> kept;
    if (const auto named = named_revision(call)) {
        const auto* document = database.find(id);
        const auto node = document ? document->tree.find(*named) : RevTree::none;
        if (node == RevTree::none || !document->tree.at(node).leaf)
            throw ApiError{409, "not_found", "missing_rev", {}};
        const auto& leaf = *document->tree.at(node).leaf;
        body = leaf.body;
        kept = leaf.attachments;
        edit.path.push_back(*named);
    } else if (removes) {
        find_attachment(call, database, id, name);
    } else {
        check_document_id(database, id);
        // The answer of a conflict comes before the body is looked at.
        if (const auto* document = database.find(id); document && !document->tree.deleted())
            throw ApiError{409, "conflict", "Document update conflict.", {}};
    }
    if (removes && std::ranges::find(kept, name, &Attachment::name) == kept.end()) {
        if (edit.path.empty()) throw ApiError{409, "conflict", "Document update conflict.", {}};
        throw no_attachment();
    }
    if (!removes) {
        edit.attachments.push_back(from_body(call, database.compression, name));
        check_attachment_size(database, edit.attachments.back());
    }
    for (auto& attachment : kept)
        if (attachment.name != name) edit.attachments.push_back(std::move(attachment));
    set_body(edit, body);
    prepare_edit(server, call, database, edit);
    const auto edited = database.update_one(std::move(edit));
    if (edited.conflict) throw ApiError{409, "conflict", "Document update conflict.", {}};
    server.note_change(database);
    std::string json = "{\"ok\":true,\"id\":";
    base::append_json_string(json, id);
    json += ",\"rev\":\"" + to_text(edited.revision) + "\"}";
    if (removes) {
        call.respond_json(200, std::move(json));
        return;
    }
    call.respond_json(201, std::move(json),
                      {{"Location", call.base_url() + '/' + database.settings().name + '/' + url_encode(id) +
                                        '/' + url_encode(name)}});
}

}  // namespace

void attachment(Server& server, Call& call, Database& database, std::string_view id, std::string_view name) {
    if (call.method() == "GET")
        get(server, call, database, id, name);
    else if (call.method() == "PUT" || call.method() == "DELETE")
        change(server, call, database, id, name);
    else
        throw method_not_allowed("DELETE,GET,HEAD,PUT");
}

void partition_info(Call& call, const Database& database, std::string_view prefix) {
    if (call.method() != "GET") throw method_not_allowed("GET");
    const auto size = size_of_partition(database, prefix);
    std::string out = "{\"db_name\":";
    base::append_json_string(out, database.settings().name);
    out += fmt::format(",\"sizes\":{{\"active\":{},\"external\":{}}},\"partition\":",
                       size.bytes + 150 * size.documents, size.bytes);
    base::append_json_string(out, prefix.substr(0, prefix.size() - 1));
    out += fmt::format(",\"doc_count\":{},\"doc_del_count\":{}}}", size.documents, size.deleted);
    call.respond_json(200, std::move(out));
}

}  // namespace davenport::couchmock::api
