#include "couchmock/core/mango_query.hpp"

#include "couchmock/core/edit_reader.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "node/base/json.hpp"

#include <algorithm>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

ApiError mango_error(std::string_view error, std::string reason) {
    return {400, std::string{error}, std::move(reason), {}};
}

ApiError invalid_index_name(const json::value& value) {
    return mango_error("invalid_index_name", "Invalid index name: " + print_term(value));
}

std::vector<std::string> split_name(const json::value& value) {
    std::vector<std::string> parts(1);
    for (const char c : value.get_string())
        if (c == '/')
            parts.emplace_back();
        else
            parts.back() += c;
    if (parts.size() > 1 && parts.front() == "_design") parts.erase(parts.begin());
    if (parts.size() > 2) throw invalid_index_name(value);
    return parts;
}

std::string read_bookmark(const json::value* value) {
    if (!value || value->is_null()) return {};
    if (value->is_string()) return std::string{value->get_string()};
    throw mango_error("invalid_bookmark", "Invalid bookmark value: " + base::write_json(*value));
}

std::vector<std::string> read_fields(const json::value* value) {
    std::vector<std::string> out;
    if (!value) return out;
    if (!value->is_array())
        throw mango_error("invalid_fields", "Fields must be an array of strings, not: " + print_term(*value));
    for (const auto& field : value->get_array()) {
        if (!field.is_string())
            throw mango_error("invalid_field", "Invalid JSON for field spec: " + print_term(field));
        out.emplace_back(field.get_string());
    }
    return out;
}

bool read_stale(const json::value* value) {
    if (!value) return false;
    if (value->is_bool() && !value->get_bool()) return false;
    const auto text = value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
    if (text == "ok") return true;
    if (text == "false") return false;
    throw ApiError{500,
                   "unknown_error",
                   "Unknown Error: mango_opts :: {invalid_ok_or_false_value," + print_term(*value) + "}",
                   {}};
}

/// The body names a partition, or the path does; both have to be of one mind.
std::string read_partition(const json::value* value, std::string_view outside) {
    if (!value) return std::string{outside};
    if (!value->is_string()) throw ApiError{400, "illegal_partition", "Partition must be a string", {}};
    const std::string_view text{value->get_string()};
    if (!outside.empty() && text != outside)
        throw ApiError{500,
                       "unknown_error",
                       "Unknown Error: mango_httpd :: {bad_partition," + print_term(*value) + "}",
                       {}};
    if (!text.empty()) check_partition(text);
    return std::string{text};
}

}  // namespace

const json::value* MangoOptions::find(std::string_view key) {
    known_.emplace_back(key);
    return base::member(body_, key);
}

const json::value& MangoOptions::require(std::string_view key) {
    const auto* value = find(key);
    if (!value) throw mango_error("missing_required_key", "Missing required key: " + std::string{key});
    return *value;
}

std::uint64_t MangoOptions::count(std::string_view key, std::uint64_t otherwise) {
    const auto* value = find(key);
    if (!value) return otherwise;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    throw mango_error("invalid_non_neg_integer",
                      print_term(*value) + " is not an integer greater than or equal to zero");
}

std::int64_t MangoOptions::positive(std::string_view key, std::int64_t otherwise) {
    const auto* value = find(key);
    if (!value) return otherwise;
    if (value->is_int64() && value->get_int64() > 0) return value->get_int64();
    throw mango_error("invalid_pos_integer", print_term(*value) + " is not an integer greater than zero");
}

bool MangoOptions::boolean(std::string_view key, bool otherwise) {
    const auto* value = find(key);
    if (!value) return otherwise;
    if (value->is_bool()) return value->get_bool();
    throw mango_error("invalid_boolean", "Invalid boolean value: " + print_term(*value));
}

void MangoOptions::finish() const {
    for (const auto& [key, value] : body_.get_object())
        if (std::ranges::find(known_, std::string_view{key}) == known_.end())
            throw mango_error("invalid_key", "Invalid key " + std::string{key} + " for this request.");
}

std::vector<std::string> read_index_name(const json::value& value) {
    if (value.is_string()) return split_name(value);
    if (value.is_null()) return {};
    std::vector<std::string> out;
    if (!value.is_array() || value.get_array().size() > 2) throw invalid_index_name(value);
    for (const auto& part : value.get_array()) {
        if (!part.is_string()) throw invalid_index_name(value);
        out.emplace_back(part.get_string());
    }
    return out;
}

MangoQuery read_mango_query(const json::value& body, std::string_view partition,
                            std::uint64_t default_limit) {
    MangoOptions options{body};
    const auto& wanted = options.require("selector");
    if (!wanted.is_object())
        throw mango_error("invalid_selector_json",
                          "Selector must be a JSON object, not: " + print_term(wanted));
    MangoQuery query{.selector = Selector{wanted}};
    if (const auto* name = options.find("use_index")) query.use_index = read_index_name(*name);
    query.bookmark = read_bookmark(options.find("bookmark"));
    query.limit = options.count("limit", default_limit);
    query.skip = options.count("skip", 0);
    if (const auto* sort = options.find("sort")) query.sort = read_columns(*sort);
    query.fields = read_fields(options.find("fields"));
    query.partition = read_partition(options.find("partition"), partition);
    query.r = options.positive("r", 1);
    query.conflicts = options.boolean("conflicts", false);
    query.stale = read_stale(options.find("stale"));
    query.update = options.boolean("update", true);
    query.stable = options.boolean("stable", false);
    query.execution_stats = options.boolean("execution_stats", false);
    query.allow_fallback = options.boolean("allow_fallback", true);
    options.finish();
    return query;
}

}  // namespace davenport::couchmock
