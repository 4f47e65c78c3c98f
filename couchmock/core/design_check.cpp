#include "couchmock/core/design_check.hpp"

#include "node/base/json.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

bool is_of_type(const json::value& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "array") return value.is_array();
    const auto split = type.find(" or ");
    return split != std::string_view::npos &&
           (is_of_type(value, type.substr(0, split)) || is_of_type(value, type.substr(split + 4)));
}

std::optional<std::string> refuse_field(std::string_view path, const json::value* value,
                                        std::string_view type) {
    if (!value || is_of_type(*value, type)) return std::nullopt;
    return '`' + std::string{path} + "` field must have " + std::string{type} + " type";
}

/// Functions by name: a group of them, each text or an object of texts.
std::optional<std::string> refuse_group(const json::value& body, std::string_view group) {
    const auto* functions = base::member(body, group);
    if (auto reason = refuse_field(group, functions, "object")) return reason;
    if (!functions) return std::nullopt;
    for (const auto& [name, function] : functions->get_object())
        if (auto reason =
                refuse_field(std::string{group} + '.' + std::string{name}, &function, "object or string"))
            return reason;
    return std::nullopt;
}

std::optional<std::string> refuse_options(const json::value& body) {
    const auto* options = base::member(body, "options");
    if (auto reason = refuse_field("options", options, "object")) return reason;
    if (!options) return std::nullopt;
    for (const auto* key : {"include_design", "local_seq", "partitioned"})
        if (auto reason = refuse_field(std::string{"options."} + key, base::member(*options, key), "boolean"))
            return reason;
    return std::nullopt;
}

std::optional<std::string> refuse_reduce(const json::value* reduce) {
    if (!reduce || !reduce->is_string()) return std::nullopt;
    const std::string_view text{reduce->get_string()};
    if (!text.starts_with('_')) return std::nullopt;
    for (const std::string_view name : {"_top_", "_bottom_"}) {
        if (!text.starts_with(name)) continue;
        const auto digits = text.substr(name.size());
        int rank = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
        if (end != digits.data() + digits.size() || digits.empty()) return "invalid rank reducer";
        if (error != std::errc{} || rank < 1 || rank > 100) return "rank value must be between 1 and 100";
        return std::nullopt;
    }
    static constexpr std::array built_in{"_sum",   "_count", "_stats", "_approx_count_distinct",
                                         "_first", "_last"};
    for (const std::string_view name : built_in)
        if (text.starts_with(name)) return std::nullopt;
    return '`' + std::string{text} + "` is not a supported reduce function.";
}

std::optional<std::string> refuse_views(const json::value& body) {
    const auto* views = base::member(body, "views");
    if (auto reason = refuse_field("views", views, "object")) return reason;
    if (!views) return std::nullopt;
    const bool is_query = base::string_member(body, "language") == "query";
    if (auto reason = refuse_field("views.lib", base::member(*views, "lib"), "object")) return reason;
    for (const auto& [name, view] : views->get_object()) {
        const auto path = "views." + std::string{name};
        if (auto reason = refuse_field(path, &view, "object")) return reason;
        if (auto reason =
                refuse_field(path + ".map", base::member(view, "map"), is_query ? "object" : "string"))
            return reason;
        if (auto reason = refuse_field(path + ".reduce", base::member(view, "reduce"), "string"))
            return reason;
    }
    for (const auto& [name, view] : views->get_object())
        if (name != "lib" && !base::member(view, "map"))
            return "View `" + std::string{name} + "` must contain map function";
    for (const auto& [name, view] : views->get_object())
        if (auto reason = refuse_reduce(base::member(view, "reduce"))) return reason;
    return std::nullopt;
}

}  // namespace

std::optional<std::string> refuse_design_document(const json::value& body, bool database_partitioned) {
    if (auto reason = refuse_group(body, "filters")) return reason;
    if (auto reason = refuse_field("language", base::member(body, "language"), "string")) return reason;
    if (auto reason = refuse_group(body, "lists")) return reason;
    if (auto reason = refuse_options(body)) return reason;
    if (auto reason = refuse_field("rewrites", base::member(body, "rewrites"), "string or array"))
        return reason;
    for (const auto* group : {"shows", "updates"})
        if (auto reason = refuse_group(body, group)) return reason;
    if (auto reason =
            refuse_field("validate_doc_update", base::member(body, "validate_doc_update"), "string"))
        return reason;
    if (auto reason = refuse_views(body)) return reason;
    const auto* options = base::member(body, "options");
    if (options && base::bool_member(*options, "partitioned") && !database_partitioned)
        return "partitioned option cannot be true in a non-partitioned database.";
    return std::nullopt;
}

}  // namespace davenport::couchmock
