#include "couchmock/core/api_show.hpp"

#include "couchmock/core/document_json.hpp"
#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/request_json.hpp"
#include "couchmock/core/view_answer.hpp"
#include "node/base/http.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr std::size_t name_at = 4;  ///< where the function's name stands in a path

/// Throws the 404 when the design document has no such function.
void require_function(const Database& database, const std::string& design_id, const char* kind,
                      const std::string& name) {
    const auto design = read_design(database, design_id);
    const auto* group = base::member(design, kind);
    if (!group || !base::member(*group, name))
        throw not_found("missing json key: " + (group ? name : std::string{kind}));
}

std::string in_json(std::string_view text) {
    std::string out;
    base::append_json_string(out, text);
    return out;
}

/// The document that the path names behind the function.
struct Named {
    std::string id = "null", text = "null";  ///< JSON
    const Document* document = nullptr;
};
Named named_document(const Call& call, const Database& database) {
    const auto& path = call.path();
    if (path.size() <= name_at + 1) return {};
    std::string id;
    for (auto i = name_at + 1; i < path.size(); ++i) id += (id.empty() ? "" : "/") + path[i];
    if (id.empty()) return {};
    Named out{in_json(id), "null", nullptr};
    const auto* found = database.find(id);
    if (!found || found->tree.deleted()) return out;
    out.document = found;
    out.text = script_document(*found, found->tree.winner(), {.conflicts = true});
    return out;
}

/// The function's result: `size` things, unless somebody's toJSON made something else of them.
json::array ask(Server& server, const Call& call, const Database& database, const std::string& design_id,
                std::string_view function, std::initializer_list<std::string_view> arguments,
                std::size_t size) {
    const auto engine = server.scripts->functions(database, design_id, call.now());
    auto answer = engine->call(function, arguments);
    write_log(server, *engine);
    auto result = base::parse_json(answer).value_or(nullptr);
    if (!result.is_array() || result.get_array().size() != size)
        throw ApiError{500, "render_error", "the function's answer is no JSON", {}};
    return std::move(result.get_array());
}

/// What a function wants to be answered (chttpd_external:parse_external_response).
struct Answer {
    int status = 200;
    std::string body;
    std::string type = "application/json";
    base::Headers headers;
    bool is_json = false;
};

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string{value.get_string()} : base::write_json(value);
}

Answer read_answer(const json::value& wanted, int status) {
    Answer out;
    out.status = status;
    if (!wanted.is_object()) return out;
    for (const auto& [name, value] : wanted.get_object()) {
        if (name == "code" && value.is_int64() && value.get_int64() >= 200 && value.get_int64() < 600) {
            out.status = static_cast<int>(value.get_int64());
        } else if (name == "json") {
            out.body = base::write_json(value);
            out.type = "application/json";
            out.is_json = true;
        } else if (name == "body") {
            out.body = text_of(value);
            out.type = "text/html; charset=utf-8";
        } else if (name == "base64") {
            out.body = base::base64_decode(text_of(value)).value_or("");
            out.type = "application/binary";
        } else if (name == "headers" && value.is_object()) {
            for (const auto& [header, text] : value.get_object())
                out.headers.emplace_back(header, text_of(text));
        } else if (name != "stop") {
            throw ApiError{500,
                           "external_response_error",
                           "Invalid data from external server: {" + print_term_pretty(json::string(name)) +
                               ',' + print_term_pretty(value) + '}',
                           {}};
        }
    }
    return out;
}

void set_header(base::Headers& headers, std::string_view name, std::string value) {
    std::erase_if(headers, [&](const auto& header) { return base::equal_ignoring_case(header.first, name); });
    headers.emplace_back(name, std::move(value));
}

void finish_headers(Answer& answer) {
    if (!base::has_header(answer.headers, "content-type"))
        answer.headers.emplace_back("Content-Type", answer.type);
    if (answer.is_json && !base::has_header(answer.headers, "cache-control"))
        answer.headers.emplace_back("Cache-Control", "must-revalidate");
    if (!answer.is_json) set_header(answer.headers, "Content-Security-Policy", "sandbox");
}

void send(Call& call, Answer answer) {
    finish_headers(answer);
    if (answer.is_json) answer.body += '\n';
    call.respond(answer.status, std::move(answer.body), call.plain_headers(std::move(answer.headers)));
}

/// What a list function is told: of the rows, and the rows, as JSON.
struct Listed {
    std::string head, rows;
};

Listed all_documents(Database& database, const ListQuery& query) {
    auto answer = base::parse_json(all_docs_answer(database, query)).value_or(json::object{});
    auto& members = answer.as_object();
    const auto rows = base::write_json(members["rows"]);
    members.erase("rows");
    return {base::write_json(answer), rows};
}

Listed rows_of_view(Server& server, const Call& call, const Database& database, const std::string& design_id,
                    const std::string& name, ViewQuery& query) {
    const auto target = open_view(server, call, database, design_id, name, query.list.partition);
    prepare_view(server, target, query);
    const ViewReader reader{database, target.view, query, target.partition};
    const auto found = reader.head();
    Listed out{"{", "["};
    if (found.total)
        fmt::format_to(std::back_inserter(out.head), R"("total_rows":{},"offset":{})", *found.total,
                       *found.offset);
    if (query.list.update_seq)
        out.head += std::string{found.total ? "," : ""} + "\"update_seq\":\"" +
                    database.sequence(target.group.position()) + '"';
    out.head += '}';
    reader.read([&](const std::string& row) {
        if (out.rows.size() > 1) out.rows += ',';
        out.rows += row;
    });
    out.rows += ']';
    return out;
}

std::string revision_of(const Document* document) {
    return document ? to_text(document->tree.at(document->tree.winner()).revision) : "nil";
}

}  // namespace

void show(Server& server, Call& call, Database& database, const std::string& design_id) {
    const auto& path = call.path();
    if (path.size() <= name_at || path[name_at].empty())
        throw ApiError{404, "show_error", "Invalid path.", {}};
    require_function(database, design_id, "shows", path[name_at]);
    const auto named = named_document(call, database);
    std::string roles;
    for (const auto& role : call.user.roles) roles += role + ',';
    const auto etag = opaque_etag(revision_of(database.find(design_id)) + '/' + revision_of(named.document) +
                                  '/' + std::string{call.header("accept")} + '/' + roles);
    if (answer_not_modified(call, etag)) return;
    const auto request = request_json(server, call, database, named.id);
    const auto result =
        ask(server, call, database, design_id, "show", {in_json(path[name_at]), named.text, request}, 1);
    auto answer = read_answer(result.front(), 200);
    set_header(answer.headers, "ETag", etag);
    set_header(answer.headers, "Vary", "Accept");
    send(call, std::move(answer));
}

void update(Server& server, Call& call, Database& database, const std::string& design_id) {
    const auto& path = call.path();
    if (path.size() <= name_at || path[name_at].empty())
        throw ApiError{404, "update_error", "Invalid path.", {}};
    require_function(database, design_id, "updates", path[name_at]);
    const auto named = named_document(call, database);
    const auto request = request_json(server, call, database, named.id);
    const auto result =
        ask(server, call, database, design_id, "update", {in_json(path[name_at]), named.text, request}, 2);
    if (!result[0].is_object()) {
        send(call, read_answer(result[1], 200));
        return;
    }
    auto edit = read_edit(database, base::write_json(result[0]));
    check_document_id(database, edit.id);
    const auto id = edit.id;
    prepare_edit(server, call, database, edit);
    const auto edited = database.update_one(std::move(edit));
    if (edited.conflict) throw ApiError{409, "conflict", "Document update conflict.", {}};
    server.note_change(database);
    auto answer = read_answer(result[1], 201);
    set_header(answer.headers, "X-Couch-Update-NewRev", to_text(edited.revision));
    set_header(answer.headers, "X-Couch-Id", url_encode(id));
    send(call, std::move(answer));
}

void list(Server& server, Call& call, Database& database, const std::string& design_id) {
    const auto& path = call.path();
    const auto method = call.method();
    if (method != "GET" && method != "POST" && method != "OPTIONS") throw method_not_allowed("GET,POST,HEAD");
    const bool other_design = path.size() == name_at + 3;
    if (path.size() != name_at + 2 && !other_design) throw ApiError{404, "list_error", "Invalid path.", {}};
    std::optional<json::value> body;
    if (method == "POST") {
        body = base::parse_json(call.json_body());
        if (!body) throw bad_request("invalid UTF-8 JSON");
        if (!body->is_object()) throw bad_request("Request body must be a JSON object");
    }
    require_function(database, design_id, "lists", path[name_at]);
    auto query = read_view_query(call, body ? &*body : nullptr);
    const auto view_design = other_design ? "_design/" + path[name_at + 1] : design_id;
    const auto listed = path.back() == "_all_docs"
                            ? all_documents(database, query.list)
                            : rows_of_view(server, call, database, view_design, path.back(), query);
    const auto request = request_json(server, call, database, "null");
    const auto result = ask(server, call, database, design_id, "list",
                            {in_json(path[name_at]), listed.head, request, listed.rows}, 2);
    auto answer = read_answer(result[0], 200);
    finish_headers(answer);
    call.effects().emplace_back(
        RespondHead{call.exchange(), answer.status, call.plain_headers(std::move(answer.headers))});
    server.bodies.send(call.exchange(), text_of(result[1]));
}

}  // namespace davenport::couchmock::api
