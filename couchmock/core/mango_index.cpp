#include "couchmock/core/mango_index.hpp"

#include "couchmock/core/call.hpp"
#include "couchmock/core/document_text.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/erlang_term.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// The fields of a definition that is stored: an object, name by name. Nothing for one that is none.
std::optional<Columns> stored_columns(const json::value& definition) {
    const auto* fields = base::member(definition, "fields");
    if (!fields || !fields->is_object()) return std::nullopt;
    Columns out;
    for (const auto& [name, direction] : fields->get_object())
        out.emplace_back(name, direction.is_string() && std::string_view{direction.get_string()} == "desc");
    return out;
}

/// What a partial index is for; older design documents say `selector`.
json::value partial_selector(const json::value& definition) {
    for (const auto* key : {"partial_filter_selector", "selector"})
        if (const auto* selector = base::member(definition, key))
            return selector->is_object() && selector->get_object().empty() ? json::value{} : *selector;
    return {};
}

void read_design(std::vector<MangoIndex>& out, const Document& design, bool partitioned) {
    const auto body = base::parse_json("{" + design.tree.at(design.tree.winner()).leaf->body + "}");
    if (!body || base::string_member(*body, "language") != "query") return;
    const auto* views = base::member(*body, "views");
    if (!views || !views->is_object()) return;
    if (const auto* options = base::member(*body, "options"))
        partitioned = base::bool_member(*options, "partitioned", partitioned);
    for (const auto& [name, view] : views->get_object()) {
        const auto* definition = base::member(view, "map");
        const auto* options = base::member(view, "options");
        auto columns = definition ? stored_columns(*definition) : std::nullopt;
        if (!columns || !options || !options->is_object()) continue;
        out.push_back({std::string{design.id}, std::string{name}, std::move(*columns), partitioned,
                       *definition, partial_selector(*definition)});
    }
}

std::pair<std::string, bool> read_column(const json::value& field) {
    if (field.is_string() && !field.get_string().empty()) return {std::string{field.get_string()}, false};
    if (field.is_object() && field.get_object().size() == 1) {
        const auto& [name, direction] = *field.get_object().begin();
        const auto text =
            direction.is_string() ? std::string_view{direction.get_string()} : std::string_view{};
        if (text == "asc" || text == "desc") return {std::string{name}, text == "desc"};
    }
    throw ApiError{400, "invalid_sort_field", "Invalid sort field: " + print_term_pretty(field), {}};
}

}  // namespace

bool MangoIndex::has_column(std::string_view field) const {
    return std::ranges::find(columns, field, &std::pair<std::string, bool>::first) != columns.end();
}

Columns read_columns(const json::value& fields) {
    if (!fields.is_array())
        throw ApiError{400,
                       "invalid_sort_json",
                       "Sort must be an array of sort specs, not: " + print_term_pretty(fields),
                       {}};
    Columns out;
    for (const auto& field : fields.get_array()) out.push_back(read_column(field));
    const auto against = [&](const auto& column) { return column.second != out.front().second; };
    if (std::ranges::any_of(out, against))
        throw ApiError{400,
                       "unsupported_mixed_sort",
                       "Sorts currently only support a single direction for all fields.",
                       {}};
    return out;
}

std::vector<MangoIndex> indexes_of(const Database& database) {
    std::vector<MangoIndex> out{{{}, "_all_docs", {{"_id", false}}, false, {}, {}}};
    for (auto it = database.documents().lower_bound("_design/");
         it != database.documents().end() && it->first.starts_with("_design/"); ++it)
        if (!it->second.tree.deleted()) read_design(out, it->second, database.settings().partitioned);
    std::ranges::sort(out, [](const auto& a, const auto& b) {
        return std::tie(a.design, a.name) < std::tie(b.design, b.name);
    });
    return out;
}

std::string index_json(const MangoIndex& index) {
    std::string out = "{\"ddoc\":";
    if (index.is_special())
        out += "null";
    else
        base::append_json_string(out, index.design);
    out += ",\"name\":";
    base::append_json_string(out, index.name);
    out += index.is_special() ? ",\"type\":\"special\""
                              : fmt::format(",\"type\":\"json\",\"partitioned\":{}", index.partitioned);
    out += ",\"def\":{\"fields\":[";
    for (const auto& [field, descending] : index.columns) {
        out += out.ends_with('[') ? "{" : ",{";
        base::append_json_string(out, field);
        out += descending ? ":\"desc\"}" : ":\"asc\"}";
    }
    out += ']';
    if (index.definition.is_object())
        for (const auto& [key, value] : index.definition.get_object()) {
            const bool is_all = value.is_object() && value.get_object().empty();
            if (key == "fields" || (key == "partial_filter_selector" && is_all)) continue;
            out += ',';
            base::append_json_string(out, key);
            out += ':' + base::write_json(value);
        }
    return out + "}}";
}

std::string automatic_index_name(const json::value& definition, std::string_view type,
                                 const IndexOptions& options) {
    namespace term = erlang_term;
    DocumentText text;
    read_document(base::write_json(definition), text);
    std::string bytes{static_cast<char>(131)};
    const auto option = [&](std::string_view key, auto&& value) {
        term::append_tuple_head(bytes, 2);
        term::append_atom(bytes, key);
        value();
    };
    const auto given_or_auto = [&](const std::string* given) {
        return [&bytes, given] {
            given ? term::append_binary(bytes, *given) : term::append_atom(bytes, "auto_name");
        };
    };
    term::append_tuple_head(bytes, 2);
    bytes += text.term;
    term::append_list_head(bytes, 6);
    option("ddoc", given_or_auto(options.design));
    option("def", [&] { bytes += text.term; });
    option("name", given_or_auto(options.name));
    option("partitioned", [&] {
        term::append_atom(bytes, !options.partitioned   ? "db_default"
                                 : *options.partitioned ? "true"
                                                        : "false");
    });
    option("type", [&] { term::append_binary(bytes, type); });
    option("w", [&] { term::append_integer(bytes, options.w); });
    term::append_nil(bytes);

    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr);
    std::string out;
    for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", digest[i]);
    return out;
}

}  // namespace davenport::couchmock
