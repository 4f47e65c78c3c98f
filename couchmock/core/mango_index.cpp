#include "couchmock/core/mango_index.hpp"

#include "couchmock/core/document_text.hpp"
#include "couchmock/core/erlang_term.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

void read_design(std::vector<MangoIndex>& out, const Document& design) {
    const auto body = base::parse_json("{" + design.tree.at(design.tree.winner()).leaf->body + "}");
    if (!body || base::string_member(*body, "language") != "query") return;
    const auto* views = base::member(*body, "views");
    if (!views || !views->is_object()) return;
    for (const auto& [name, view] : views->get_object()) {
        const auto* options = base::member(view, "options");
        const auto* def = options ? base::member(*options, "def") : nullptr;
        const auto* fields = def ? base::member(*def, "fields") : nullptr;
        auto columns = fields ? read_columns(*fields) : std::nullopt;
        if (columns) out.push_back({std::string{design.id}, std::string{name}, std::move(*columns)});
    }
}

bool has(const std::vector<std::string>& list, std::string_view what) {
    return std::ranges::find(list, what) != list.end();
}

/// Rows of the index come in the order that is asked for, columns that the selector needs anyway left aside.
bool serves_sort(const MangoIndex& index, const std::vector<std::pair<std::string, bool>>& sort) {
    if (sort.empty()) return true;
    std::size_t matched = 0;
    for (const auto& [field, descending] : index.columns) {
        if (matched == sort.size()) break;
        if (field == sort[matched].first)
            ++matched;
        else if (matched > 0)
            return false;
    }
    return matched == sort.size();
}

}  // namespace

std::optional<std::vector<std::pair<std::string, bool>>> read_columns(const json::value& fields) {
    if (!fields.is_array()) return std::nullopt;
    std::vector<std::pair<std::string, bool>> out;
    for (const auto& field : fields.get_array()) {
        if (field.is_string()) {
            out.emplace_back(field.get_string(), false);
        } else if (field.is_object() && field.get_object().size() == 1) {
            const auto& [name, direction] = *field.get_object().begin();
            if (!direction.is_string()) return std::nullopt;
            const std::string_view text{direction.get_string()};
            if (text != "asc" && text != "desc") return std::nullopt;
            out.emplace_back(name, text == "desc");
        } else {
            return std::nullopt;
        }
    }
    return out;
}

std::vector<MangoIndex> indexes_of(const Database& database) {
    std::vector<MangoIndex> out{{{}, "_all_docs", {{"_id", false}}}};
    for (auto it = database.documents().lower_bound("_design/");
         it != database.documents().end() && it->first.starts_with("_design/"); ++it)
        if (!it->second.tree.deleted()) read_design(out, it->second);
    return out;
}

const MangoIndex* choose_index(const std::vector<MangoIndex>& indexes,
                               const std::vector<std::string>& required,
                               const std::vector<std::pair<std::string, bool>>& sort,
                               std::string_view wanted_design, std::string_view wanted_name) {
    const MangoIndex* best = nullptr;
    for (const auto& index : indexes) {
        const bool sorted_by_id = sort.empty() || (sort.size() == 1 && sort[0].first == "_id");
        if (index.is_special()) {
            if (sorted_by_id && !best) best = &index;
            continue;
        }
        const bool usable =
            !index.columns.empty() && std::ranges::all_of(index.columns, [&](const auto& column) {
                return has(required, column.first) ||
                       std::ranges::find(sort, column.first, &std::pair<std::string, bool>::first) !=
                           sort.end();
            });
        if (!usable || !serves_sort(index, sort)) continue;
        const bool wanted =
            index.design == wanted_design && (wanted_name.empty() || wanted_name == index.name);
        if (wanted) return &index;
        if (!best || best->is_special() || best->columns.size() > index.columns.size()) best = &index;
    }
    return best;
}

std::string automatic_index_name(const json::value& definition, std::string_view type,
                                 const std::string* name, const std::string* design) {
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
    option("ddoc", given_or_auto(design));
    option("def", [&] { bytes += text.term; });
    option("name", given_or_auto(name));
    option("partitioned", [&] { term::append_atom(bytes, "db_default"); });
    option("type", [&] { term::append_binary(bytes, type); });
    option("w", [&] { term::append_integer(bytes, std::int64_t{2}); });
    term::append_nil(bytes);

    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr);
    std::string out;
    for (unsigned int i = 0; i < size; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", digest[i]);
    return out;
}

}  // namespace davenport::couchmock
