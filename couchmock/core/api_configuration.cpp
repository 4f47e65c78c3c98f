#include "couchmock/core/api.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock::api {
namespace {

/// What CouchDB lets a page read, besides what every page may.
constexpr std::string_view exposed_headers =
    "content-type, cache-control, accept-ranges, etag, server, x-couch-request-id, x-couch-update-newrev, "
    "x-couchdb-body-time";
constexpr std::string_view all_methods = "CONNECT, COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT, TRACE";

bool is_in_list(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto one = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (one == item || one == "*") return true;
    }
    return false;
}

std::string section_json(const std::map<std::string, std::string>& section) {
    std::string out = "{";
    for (const auto& [key, value] : section) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, key);
        out += ':';
        base::append_json_string(out, value);
    }
    return out + '}';
}

void change_value(Server& server, Call& call, const std::string& section, const std::string& key) {
    std::string old;
    server.settings_changed = true;
    auto& values = server.settings[section];
    if (const auto it = values.find(key); it != values.end())
        old = it->second;
    else if (call.method() == "DELETE")
        throw not_found("unknown_config_value");
    if (call.method() == "DELETE") {
        values.erase(key);
    } else {
        const auto value = base::parse_json(call.body());
        if (!value) throw bad_request("invalid UTF-8 JSON");
        if (!value->is_string()) throw bad_request("Value must be a string");
        values[key] = value->get_string();
    }
    std::string json;
    base::append_json_string(json, old);
    call.respond_json(200, std::move(json));
}

}  // namespace

void configuration(Server& server, Call& call) {
    const auto& path = call.path();  // _node/NODE/_config[/section[/key]]
    if (path.size() == 5 && (call.method() == "PUT" || call.method() == "DELETE")) {
        change_value(server, call, path[3], path[4]);
        return;
    }
    if (call.method() != "GET") throw method_not_allowed(path.size() == 5 ? "GET,PUT,DELETE" : "GET");
    if (path.size() == 5) {
        const auto group = server.settings.find(path[3]);
        const bool known = group != server.settings.end() && group->second.contains(path[4]);
        if (!known) throw not_found("unknown_config_value");
        std::string json;
        base::append_json_string(json, group->second.at(path[4]));
        call.respond_json(200, std::move(json));
        return;
    }
    if (path.size() == 4) {
        const auto group = server.settings.find(path[3]);
        call.respond_json(200, group == server.settings.end() ? "{}" : section_json(group->second));
        return;
    }
    std::string out = "{";
    for (const auto& [name, section] : server.settings) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, name);
        out += ':' + section_json(section);
    }
    call.respond_json(200, out + '}');
}

bool cors(Server& server, Call& call) {
    const auto origin = call.header("origin");
    if (origin.empty() || server.setting("chttpd", "enable_cors") != "true") return false;
    if (!is_in_list(server.setting("cors", "origins"), origin)) return false;
    auto& headers = call.extra_headers;
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    if (server.setting("cors", "credentials") == "true")
        headers.emplace_back("Access-Control-Allow-Credentials", "true");
    const auto method = call.header("access-control-request-method");
    if (call.method() != "OPTIONS" || method.empty()) {
        headers.emplace_back("Access-Control-Expose-Headers", exposed_headers);
        return false;
    }
    auto answer = std::move(headers);
    const auto age = server.setting("cors", "max_age");
    answer.emplace_back("Access-Control-Max-Age", age.empty() ? "600" : std::string{age});
    const auto methods = server.setting("cors", "methods");
    answer.emplace_back("Access-Control-Allow-Methods", methods.empty() ? all_methods : methods);
    if (const auto asked = call.header("access-control-request-headers"); !asked.empty())
        answer.emplace_back("Access-Control-Allow-Headers", asked);
    call.respond(204, {}, std::move(answer));
    return true;
}

}  // namespace davenport::couchmock::api
