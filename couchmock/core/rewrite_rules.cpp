#include "couchmock/core/rewrite_rules.hpp"

#include "node/base/json.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <utility>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// What a rule's `:name` stands for, in the order they were found: the first of a name counts.
using Bindings = std::vector<std::pair<std::string, json::value>>;

const json::value* find(const Bindings& bindings, std::string_view name) {
    const auto it = std::ranges::find(bindings, name, &Bindings::value_type::first);
    return it == bindings.end() ? nullptr : &it->second;
}

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('/'));
        if (!part.empty()) parts.emplace_back(part);
        path.remove_prefix(std::min(path.size(), part.size() + 1));
    }
    return parts;
}

bool is_key(std::string_view name) {
    static constexpr std::array keys{"key", "startkey", "start_key", "endkey", "end_key", "keys"};
    return std::ranges::find(keys, name) != keys.end();
}

/// What of the path is left for a `*` at the pattern's end; nothing when they do not fit.
std::optional<std::span<const std::string>> match(const std::vector<std::string>& pattern,
                                                  std::span<const std::string> path, Bindings& bindings) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == "*" && i + 1 == pattern.size()) return path;
        if (path.empty()) return std::nullopt;
        if (pattern[i].starts_with(':'))
            bindings.insert(bindings.begin(), {pattern[i].substr(1), json::string(path.front())});
        else if (pattern[i] != path.front())
            return std::nullopt;
        path = path.subspan(1);
    }
    return path.empty() ? std::optional{path} : std::nullopt;
}

json::value formatted(const json::value& value, std::string_view format) {
    if (!value.is_string()) return value;
    const std::string_view text{value.get_string()};
    std::int64_t number = 0;
    if (format == "int") {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size()) return number;
    }
    if (format == "bool" && base::equal_ignoring_case(text, "true")) return true;
    if (format == "bool" && base::equal_ignoring_case(text, "false")) return false;
    return value;
}

json::value replaced(const json::value& value, const Bindings& bindings, const json::value* formats) {
    if (value.is_array()) {
        json::array out;
        for (const auto& element : value.get_array())
            out.push_back(element.is_string() ? replaced(element, bindings, formats) : element);
        return out;
    }
    if (!value.is_string()) return value;
    const std::string_view text{value.get_string()};
    if (text != "*" && !text.starts_with(':')) return value;
    const auto name = text == "*" ? text : text.substr(1);
    const auto* bound = find(bindings, name);
    const auto format = formats ? base::string_member(*formats, name) : std::nullopt;
    return formatted(bound ? *bound : value, format.value_or(""));
}

std::string query_text(const Bindings& bindings) {
    std::string out;
    for (const auto& [name, value] : bindings) {
        if (name == "*") continue;
        out += out.empty() ? '?' : '&';
        out += url_encode(name) + '=';
        out += url_encode(value.is_string() && !is_key(name) ? std::string{value.get_string()}
                                                             : base::write_json(value));
    }
    return out;
}

std::string target_path(std::string_view to, const Bindings& bindings, std::span<const std::string> rest) {
    std::string out;
    const auto add = [&](std::string_view part) { out += (out.empty() ? "" : "/") + url_encode(part); };
    for (const auto& part : split(to)) {
        if (part == "*") {
            for (const auto& more : rest) add(more);
            break;
        }
        const auto* bound =
            part.starts_with(':') ? find(bindings, std::string_view{part}.substr(1)) : nullptr;
        if (!part.starts_with(':'))
            add(part);
        else
            add(!bound               ? "undefined"
                : bound->is_string() ? std::string{bound->get_string()}
                                     : base::write_json(*bound));
    }
    return out;
}

}  // namespace

bool leaves_database(const json::array& rules) {
    return std::ranges::any_of(rules, [](const json::value& rule) {
        return std::ranges::any_of(std::array{"from", "to"}, [&](const char* part) {
            return std::ranges::count(split(base::string_member(rule, part).value_or("")),
                                      std::string{".."}) > 2;
        });
    });
}

std::optional<std::string> rewritten_target(const json::array& rules, std::string_view method,
                                            const std::vector<std::string>& path, const Call::Query& query) {
    Bindings asked;
    for (const auto& [name, value] : query) {
        if (!is_key(name)) {
            asked.emplace_back(name, json::string(value));
            continue;
        }
        auto key = base::parse_json(value);
        if (!key) throw bad_request("invalid UTF-8 JSON");
        asked.emplace_back(name, std::move(*key));
    }
    for (const auto& rule : rules) {
        const auto wanted = base::string_member(rule, "method").value_or("*");
        if (wanted != "*" && wanted != method) continue;
        Bindings bindings;
        const auto rest = match(split(base::string_member(rule, "from").value_or("*")), path, bindings);
        if (!rest) continue;
        bindings.insert(bindings.end(), asked.begin(), asked.end());
        const auto* arguments = base::member(rule, "query");
        const auto* formats = base::member(rule, "formats");
        Bindings own;
        if (arguments && arguments->is_object())
            for (const auto& [name, value] : arguments->get_object())
                own.emplace_back(name, replaced(value, bindings, formats));
        Bindings all;
        for (const auto& binding : bindings)
            if (!find(own, binding.first)) all.push_back(binding);
        all.insert(all.end(), own.begin(), own.end());
        const auto to = base::string_member(rule, "to");
        if (!to) throw ApiError{500, "error", "invalid_rewrite_target", {}};
        return target_path(*to, all, *rest) + query_text(all);
    }
    return std::nullopt;
}

std::string without_dots(std::string_view path) {
    std::vector<std::string> kept;
    for (auto& part : split(path)) {
        if (part == ".") continue;
        if (part == ".." && !kept.empty() && kept.back() != "..")
            kept.pop_back();
        else
            kept.push_back(std::move(part));
    }
    std::string out;
    for (const auto& part : kept) out += '/' + part;
    return out.empty() ? "/" : out;
}

}  // namespace davenport::couchmock
