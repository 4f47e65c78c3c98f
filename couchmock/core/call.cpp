#include "couchmock/core/call.hpp"

#include "couchmock/core/document_json.hpp"
#include "node/base/json.hpp"
#include "node/base/random.hpp"
#include "node/base/text.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    if (text.find_first_of("%+") == std::string_view::npos) return std::string{text};
    return base::percent_decode(text, plus_is_space);
}

}  // namespace

ApiError bad_request(std::string_view reason) { return {400, "bad_request", std::string{reason}, {}}; }
ApiError not_found(std::string_view reason) { return {404, "not_found", std::string{reason}, {}}; }
ApiError method_not_allowed(std::string_view allowed) {
    return {405,
            "method_not_allowed",
            "Only " + std::string{allowed} + " allowed",
            {{"Allow", std::string{allowed}}}};
}

bool User::has_role(std::string_view role) const { return std::ranges::find(roles, role) != roles.end(); }

Call::Call(ExchangeId exchange, const base::HttpRequest& request, base::Now now, Effects& effects,
           bool plus_is_space)
    : exchange_(exchange), request_(request), now_(now), effects_(effects), method_(request.method) {
    if (method_ == "POST")
        if (const auto meant = header("x-http-method-override"); !meant.empty()) method_ = meant;
    if (method_ == "HEAD") method_ = "GET";
    std::string_view target = request.target;
    target = target.substr(0, target.find('#'));
    const auto question = target.find('?');
    auto path = target.substr(0, question);
    while (!path.empty()) {
        if (path.front() == '/') path.remove_prefix(1);
        const auto slash = path.find('/');
        if (const auto piece = path.substr(0, slash); !piece.empty()) {
            auto decoded = decode(piece, plus_is_space);
            well_formed_ = well_formed_ && decoded;
            path_.push_back(decoded ? std::move(*decoded) : std::string{piece});
        }
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash);
    }
    auto query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
    while (!query.empty()) {
        const auto amp = query.find('&');
        const auto pair = query.substr(0, amp);
        query = amp == std::string_view::npos ? std::string_view{} : query.substr(amp + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos ? std::string{} : decode(pair.substr(equals + 1), true);
        well_formed_ = well_formed_ && name && value;
        if (name && value) query_.emplace_back(std::move(*name), std::move(*value));
    }
}

const std::string* Call::find(std::string_view name) const {
    for (const auto& [key, value] : query_)
        if (key == name) return &value;
    return nullptr;
}

bool Call::is_true(std::string_view name) const {
    const auto* value = find(name);
    return value && *value == "true";
}

const std::string& Call::body() {
    body_read_ = true;
    const auto coding = header("content-encoding");
    const bool is_named = !coding.empty() || base::has_header(request_.headers, "content-encoding");
    if (!is_named || coding == "identity") return request_.body;
    if (coding != "gzip")
        throw ApiError{
            415, "bad_content_type", std::string{coding} + " is not a supported content encoding.", {}};
    if (!decoded_body_) decoded_body_ = gunzip(request_.body);
    if (!decoded_body_) throw bad_request("Request body is not properly gzipped.");
    return *decoded_body_;
}

void Call::require_json_type() const {
    auto type = header("content-type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    if (type == "application/json") return;
    throw ApiError{415, "bad_content_type", "Content-Type must be application/json", {}};
}

const std::string& Call::json_body() {
    require_json_type();
    return body();
}

base::Headers Call::common_headers(base::Headers headers) const {
    base::Headers all;
    all.reserve(headers.size() + extra_headers.size() + 8);
    if (!base::has_header(headers, "cache-control")) all.emplace_back("Cache-Control", "must-revalidate");
    if (!base::has_header(headers, "content-type")) all.emplace_back("Content-Type", "application/json");
    for (auto& header : headers) all.push_back(std::move(header));
    for (const auto& header : extra_headers) all.push_back(header);
    if (!body_read_ && !request_.body.empty())
        all.emplace_back("Connection", "close");  // as a server that left it unread
    add_server_headers(all);
    return all;
}

base::Headers Call::plain_headers(base::Headers headers) const {
    for (const auto& header : extra_headers) headers.push_back(header);
    add_server_headers(headers);
    return headers;
}

void Call::add_server_headers(base::Headers& headers) const {
    headers.emplace_back("Server", server_name);
    if (!names_request) return;
    headers.emplace_back("X-Couch-Request-ID", request_id);
    headers.emplace_back("X-CouchDB-Body-Time", "0");
}

void Call::respond(int status, std::string body, base::Headers headers) {
    if (is_head()) {
        if (!base::has_header(headers, "content-length"))
            headers.emplace_back("Content-Length", std::to_string(body.size()));
        body.clear();
    }
    effects_.emplace_back(Respond{exchange_, {status, std::move(headers), std::move(body)}});
}

void Call::respond_json(int status, std::string json, base::Headers headers) {
    json += '\n';
    respond(status, std::move(json), common_headers(std::move(headers)));
}

void Call::respond_empty(int status, base::Headers headers) {
    respond(status, {}, common_headers(std::move(headers)));
}

void Call::respond_error(const ApiError& error) {
    std::string json = "{\"error\":";
    base::append_json_string(json, error.error);
    json += ",\"reason\":";
    if (error.reason_is_json)
        json += error.reason;
    else
        base::append_json_string(json, base::repair_utf8(error.reason));  // it may quote what a client sent
    auto headers = error.headers;
    if (error.stack_hash != 0) {
        const auto hash = std::to_string(error.stack_hash);
        json += ",\"ref\":" + hash;
        headers.emplace_back("X-Couch-Stack-Hash", hash);
    }
    json += '}';
    respond_json(error.status, std::move(json), std::move(headers));
}

void Call::begin_chunked(int status, base::Headers headers) {
    effects_.emplace_back(RespondHead{exchange_, status, common_headers(std::move(headers))});
}

std::string Call::base_url() const {
    auto host = header(forwarded.host);  // what a proxy was called (couch_httpd:absolute_uri)
    if (host.empty()) host = header("host");
    const bool tls = header(forwarded.tls) == "on" || header(forwarded.scheme) == "https";
    return (tls ? "https://" : "http://") + (host.empty() ? std::string{"localhost"} : std::string{host});
}

std::string url_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || c == '.' || c == ':';
        const auto byte = static_cast<unsigned char>(c);
        if (plain)
            out += c;
        else
            out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

std::string opaque_etag(std::string_view of) {
    static constexpr char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string out{'"'};
    for (auto hash : {base::fnv1a(of), base::fnv1a(of, 0x9ae16a3b2f90404full)})
        for (int i = 0; i < 12; ++i, hash /= 36) out += digits[hash % 36];
    return out + '"';
}

bool answer_not_modified(Call& call, std::string_view etag) {
    auto known = call.header("if-none-match");
    if (known.empty()) return false;
    while (!known.empty()) {
        const auto comma = known.find(',');
        auto one = known.substr(0, comma);
        known = comma == std::string_view::npos ? std::string_view{} : known.substr(comma + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one.starts_with("W/")) one.remove_prefix(2);
        if (one != etag) continue;  // CouchDB does not know "*" here
        call.respond(304, {}, call.plain_headers({{"ETag", std::string{etag}}}));
        return true;
    }
    return false;
}

std::string in_quotes(std::string_view text) {
    std::string out{'"'};
    out += text;
    out += '"';
    return out;
}

}  // namespace davenport::couchmock
