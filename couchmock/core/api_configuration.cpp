#include "couchmock/core/accounts.hpp"
#include "couchmock/core/api.hpp"
#include "couchmock/core/config_rules.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

/// What CouchDB lets a page read, besides what every page may.
constexpr std::string_view exposed_headers =
    "content-type, cache-control, accept-ranges, etag, server, x-couch-request-id, x-couch-update-newrev, "
    "x-couchdb-body-time";
constexpr std::string_view all_headers =
    "accept, accept-language, authorization, content-length, content-range, content-type, destination, "
    "expires, "
    "if-match, last-modified, origin, pragma, x-couch-full-commit, x-couch-id, x-couch-persist, "
    "x-couchdb-www-authenticate, x-http-method-override, x-requested-with, x-couchdb-vhost-path";
constexpr std::string_view all_methods = "CONNECT, COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT, TRACE";

std::vector<std::string> split_list(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto one = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (!one.empty()) out.emplace_back(one);
    }
    return out;
}

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::ranges::find(list, item) != list.end();
}

std::string lower(std::string_view text) {
    std::string out{text};
    for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
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

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return c == '\t' || c == ' ' || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
    });
}

/// As config:validate_config_update has it.
void check_text(const std::string& section, const std::string& key, std::string_view value) {
    const auto is_name = [](std::string_view text) {
        return is_printable(text) && text.find_first_of("[]") == std::string_view::npos;
    };
    if (!is_name(section)) throw bad_request("Invalid configuration section");
    if (!is_name(key)) throw bad_request("Invalid configuration key");
    if (!is_printable(value)) throw bad_request("Invalid configuration value");
}

std::string trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) return {};
    return std::string{text.substr(from, text.find_last_not_of(" \t\r\n") + 1 - from)};
}

void refuse_idle(const std::string& section, const std::string& key) {
    if (rule_of(section, key) != ConfigRule::refused) return;
    throw ApiError{501,
                   "not_implemented",
                   "couchmock does not act on [" + section + "] " + key +
                       "; leave it out, or ask a CouchDB (README.md lists what it acts on).",
                   {}};
}

/// An administrator's password is kept hashed, and shown so.
std::string hashed_admin(Server& server, std::string_view password) {
    if (password.starts_with("-pbkdf2")) return std::string{password};
    const auto salt = server.new_uuid();
    const auto iterations = server.password_iterations();
    return fmt::format("-pbkdf2:sha256-{},{},{}", hash_password(password, salt, iterations), salt,
                       iterations);
}

void change_value(Server& server, Call& call, const std::string& section, const std::string& key) {
    if (is_blacklisted(section))
        throw ApiError{403, "forbidden", "Config section blacklisted for modification over HTTP API.", {}};
    std::string old;
    const auto group = server.settings.find(section);
    const auto known =
        group != server.settings.end() ? group->second.find(key) : decltype(group->second.end()){};
    const bool is_set = group != server.settings.end() && known != group->second.end();
    if (is_set) old = known->second;
    if (call.method() == "DELETE") {
        if (!is_set) throw not_found("unknown_config_value");
        group->second.erase(known);
        if (group->second.empty()) server.settings.erase(group);
    } else {
        const auto body = base::parse_json(call.body());
        if (!body) throw bad_request("invalid UTF-8 JSON");
        if (!body->is_string()) throw bad_request("a JSON string expected");
        auto value = trimmed(body->get_string());
        check_text(section, key, value);
        refuse_idle(section, key);
        if (section == "admins") value = hashed_admin(server, value);
        server.settings[section][key] = std::move(value);
    }
    server.settings_changed = true;
    server.apply_settings();
    std::string json;
    base::append_json_string(json, old);
    call.respond_json(200, std::move(json));
}

std::vector<std::string> allowed(const Server& server, std::string_view key, std::string_view otherwise) {
    const auto set = server.setting("cors", key);
    return split_list(set.empty() ? otherwise : set);
}

/// A browser asks whether it may ask; what it may not is treated as any other request.
bool is_preflight(const Server& server, const Call& call) {
    const auto method = call.header("access-control-request-method");
    if (call.request().method != "OPTIONS" || method.empty()) return false;
    if (!contains(allowed(server, "methods", all_methods), method)) return false;
    const auto names = allowed(server, "headers", all_headers);
    return std::ranges::all_of(
        split_list(lower(call.header("access-control-request-headers"))), [&](const std::string& asked) {
            return std::ranges::any_of(names, [&](const auto& name) { return lower(name) == asked; });
        });
}

}  // namespace

void configuration(Server& server, Call& call) {
    const auto& path = call.path();  // _node/NODE/_config[/section[/key]]
    if (path.size() > 5) throw not_found();
    if (path.size() == 4 && path[3] == "_reload") {
        if (call.method() != "POST") throw method_not_allowed("POST");
        call.respond_json(200, R"({"ok":true})");
        return;
    }
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
    if (origin.empty() || !server.setting_is("chttpd", "enable_cors", false)) return false;
    const auto origins = split_list(server.setting("cors", "origins"));
    if (!contains(origins, "*") && !contains(origins, origin)) return false;
    auto& headers = call.extra_headers;
    headers.emplace_back("Access-Control-Allow-Origin", origin);
    if (server.setting("cors", "credentials") == "true" && origin != "*")
        headers.emplace_back("Access-Control-Allow-Credentials", "true");
    if (!is_preflight(server, call)) {
        headers.emplace_back("Access-Control-Expose-Headers", exposed_headers);
        return false;
    }
    const auto age = server.setting("cors", "max_age");
    headers.emplace_back("Access-Control-Max-Age", age.empty() ? "600" : std::string{age});
    std::string methods;
    for (const auto& method : allowed(server, "methods", all_methods))
        methods += (methods.empty() ? "" : ", ") + method;
    headers.emplace_back("Access-Control-Allow-Methods", std::move(methods));
    headers.emplace_back("Access-Control-Allow-Headers", call.header("access-control-request-headers"));
    call.respond(204, {}, call.plain_headers({}));
    return true;
}

}  // namespace davenport::couchmock::api
