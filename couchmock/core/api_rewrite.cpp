#include "couchmock/core/api_rewrite.hpp"

#include "couchmock/core/request_json.hpp"
#include "couchmock/core/rewrite_rules.hpp"
#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <utility>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr int rewrites_max = 100;  ///< rewrite_limit

/// How many rewrites led to the request at hand: one leads to another while the first is still answered.
thread_local int depth = 0;
struct Deeper {
    Deeper() { ++depth; }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
};

/// Answers another request in the place of this one.
void answer_instead(Server& server, Call& call, const base::HttpRequest& request) {
    const Deeper deeper;
    Call inner{call.exchange(), request, call.now(), call.effects()};
    inner.client = call.client;
    inner.request_id = call.request_id;
    route(server, inner);
}

/// `target` below the design document, its path without dots.
std::string below_design(const Call& call, std::string_view target) {
    const auto question = target.find('?');
    const auto prefix = '/' + url_encode(call.path()[0]) + "/_design/" + url_encode(call.path()[2]) + '/';
    auto out = without_dots(prefix + std::string{target.substr(0, question)});
    if (question != std::string_view::npos) out += target.substr(question);
    return out;
}

ApiError rewrite_error(std::string_view reason, int status = 500) {
    return {status, "rewrite_error", std::string{reason}, {}};
}

std::string text_member(const json::value& object, const char* name, std::string otherwise) {
    const auto* value = base::member(object, name);
    if (!value) return otherwise;
    if (!value->is_string()) throw rewrite_error("bad " + std::string{name});
    return std::string{value->get_string()};
}

/// An object of texts, as a function may give headers and a query.
Call::Query texts_of(const json::value& object, const char* name) {
    if (!object.is_object()) throw rewrite_error("bad " + std::string{name});
    Call::Query out;
    for (const auto& [key, value] : object.get_object()) {
        if (!value.is_string()) throw rewrite_error("object key/value must be strings " + std::string{key});
        out.emplace_back(key, value.get_string());
    }
    return out;
}

void by_function(Server& server, Call& call, Database& database, const std::string& design_id) {
    const auto engine = server.scripts->functions(database, design_id, call.now());
    const auto answer = engine->call("rewrite", {request_json(server, call, database, "null")});
    write_log(server, *engine);
    const auto wanted = base::parse_json(answer).value_or(nullptr);
    if (wanted.is_null()) throw rewrite_error("Invalid path.", 404);
    if (!wanted.is_object()) throw rewrite_error("bad rewrite");
    auto request = call.request();
    request.body = text_member(wanted, "body", request.body);
    if (const auto* headers = base::member(wanted, "headers"))
        for (auto& [name, value] : texts_of(*headers, "headers")) {
            std::erase_if(request.headers, [&own_name = name](const auto& own) {
                return base::equal_ignoring_case(own.first, own_name);
            });
            request.headers.emplace_back(name, value);
        }
    if (const auto* code = base::member(wanted, "code")) {
        if (!code->is_int64() || code->get_int64() < 200 || code->get_int64() >= 600)
            throw rewrite_error("bad code");
        const auto* headers = base::member(wanted, "headers");
        call.respond(static_cast<int>(code->get_int64()), std::move(request.body),
                     call.plain_headers(headers ? texts_of(*headers, "headers") : base::Headers{}));
        return;
    }
    request.method = text_member(wanted, "method", request.method);
    const auto path = text_member(wanted, "path", {});
    if (!base::member(wanted, "path")) throw rewrite_error("Rewrite result must produce a new path.");
    const auto* query = base::member(wanted, "query");
    std::string target = below_design(call, path);
    char mark = '?';
    for (const auto& [name, value] : query ? texts_of(*query, "query") : call.query()) {
        target += mark + url_encode(name) + '=' + url_encode(value);
        mark = '&';
    }
    request.target = std::move(target);
    answer_instead(server, call, request);
}

}  // namespace

void rewrite(Server& server, Call& call, Database& database, const std::string& design_id) {
    if (depth >= rewrites_max) throw bad_request("Exceeded rewrite recursion limit");
    const auto design = read_design(database, design_id);
    const auto* rewrites = base::member(design, "rewrites");
    if (!rewrites) throw rewrite_error("Invalid path.", 404);
    if (rewrites->is_string()) {
        if (!server.config.javascript) no_javascript("_rewrite");
        by_function(server, call, database, design_id);
        return;
    }
    if (!rewrites->is_array()) throw rewrite_error("Invalid path.", 404);
    const std::vector<std::string> path{call.path().begin() + 4, call.path().end()};
    if (server.setting_is("chttpd", "secure_rewrites", true) && leaves_database(rewrites->get_array()))
        throw ApiError{500, "insecure_rewrite_rule", "too many ../.. segments", {}};
    const auto target = rewritten_target(rewrites->get_array(), call.request().method, path, call.query());
    if (!target) throw not_found();
    auto request = call.request();
    request.target = below_design(call, *target);
    answer_instead(server, call, request);
}

}  // namespace davenport::couchmock::api
