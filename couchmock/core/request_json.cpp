#include "couchmock/core/request_json.hpp"

#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <utility>

namespace davenport::couchmock {
namespace {

/// An object, written member by member.
class ObjectWriter {
public:
    void add(std::string_view name, std::string_view json) {
        text_ += text_.size() > 1 ? "," : "";
        base::append_json_string(text_, base::repair_utf8(name));
        text_ += ':';
        text_ += json;
    }
    void add_text(std::string_view name, std::string_view text) {
        std::string json;
        base::append_json_string(json, base::repair_utf8(text));
        add(name, json);
    }
    [[nodiscard]] std::string done() const { return text_ + '}'; }

private:
    std::string text_{'{'};
};

std::string list_json(const std::vector<std::string>& texts) {
    std::string out{'['};
    for (const auto& text : texts) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, base::repair_utf8(text));
    }
    return out + ']';
}

/// Keys are JSON in a query, and functions see what they mean.
bool is_json_parameter(std::string_view name) {
    return name == "startkey" || name == "endkey" || name == "key" || name == "descending";
}

std::string query_json(const Call& call) {
    ObjectWriter out;
    for (const auto& [name, value] : call.query()) {
        const auto json = is_json_parameter(name) ? base::parse_json(value) : std::nullopt;
        json ? out.add(name, base::write_json(*json)) : out.add_text(name, value);
    }
    return out.done();
}

/// Erlang's HTTP reader writes every name so.
std::string capitalized(std::string_view name) {
    std::string out{name};
    bool first = true;
    for (auto& c : out) {
        if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (!first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        first = c == '-';
    }
    return out;
}

/// What names or proves who asks is kept from functions ([chttpd] scrub_json_request).
std::string headers_json(const Call& call) {
    ObjectWriter out;
    for (const auto& [name, value] : call.request().headers)
        if (!base::equal_ignoring_case(name, "authorization") && !base::equal_ignoring_case(name, "cookie") &&
            !base::equal_ignoring_case(name, "x-auth-couchdb-username") &&
            !base::equal_ignoring_case(name, "x-auth-couchdb-roles") &&
            !base::equal_ignoring_case(name, "x-auth-couchdb-token"))
            out.add_text(capitalized(name), value);
    return out.done();
}

std::string form_json(Call& call) {
    ObjectWriter out;
    const bool is_form = call.header("content-type").starts_with("application/x-www-form-urlencoded") &&
                         (call.method() == "POST" || call.method() == "PUT");
    std::string_view rest = is_form ? std::string_view{call.raw_body()} : std::string_view{};
    while (!rest.empty()) {
        const auto pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        const auto text = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        out.add_text(base::percent_decode(pair.substr(0, equals), true).value_or(""),
                     base::percent_decode(text, true).value_or(""));
    }
    return out.done();
}

}  // namespace

std::string user_context_json(const User& user, const Database& database) {
    ObjectWriter out;
    out.add_text("db", database.settings().name);
    user.name.empty() ? out.add("name", "null") : out.add_text("name", user.name);
    out.add("roles", list_json(user.roles));
    return out.done();
}

std::string security_json(const Database& database) {
    return database.security.empty() ? R"({"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}})"
                                     : database.security;
}

std::string script_document(const Document& document, std::size_t node, const DocumentView& view) {
    auto with_revisions = view;
    with_revisions.revs = true;
    std::string out;
    append_document(out, document, node, with_revisions);
    return out;
}

std::string replication_request_json(std::string_view query) {
    ObjectWriter out;
    out.add("query", query);
    return out.done();
}

std::string request_json(Server& server, Call& call, Database& database, std::string_view document_id) {
    ObjectWriter out;
    const auto& target = call.request().target;
    out.add("info", api::database_info(server, database, whole_cluster));
    out.add_text("uuid", server.new_document_id(call.now()));
    out.add("id", document_id);
    out.add_text("method", call.request().method);
    out.add("requested_path", list_json(call.path()));
    out.add("path", list_json(call.path()));
    out.add_text("raw_path", target);
    out.add("query", query_json(call));
    out.add("headers", headers_json(call));
    call.raw_body().empty() ? out.add_text("body", call.method() == "GET" ? "undefined" : "")
                            : out.add_text("body", call.raw_body());
    out.add_text("peer", call.client.substr(0, call.client.rfind(':')));
    out.add("form", form_json(call));
    out.add("cookie", "{}");
    out.add("userCtx", user_context_json(call.user, database));
    out.add("secObj", security_json(database));
    return out.done();
}

}  // namespace davenport::couchmock
