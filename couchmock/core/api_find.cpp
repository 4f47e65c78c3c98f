#include "couchmock/core/api.hpp"
#include "couchmock/core/collation.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/mango_index.hpp"
#include "couchmock/core/selector.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace davenport::couchmock::api {
namespace {

namespace json = boost::json;

constexpr std::string_view no_index_warning =
    "No matching index found, create an index to optimize query time.";
constexpr std::string_view scan_warning =
    "The number of documents examined is high in proportion to the number of results returned. Consider "
    "adding a more specific "
    "index to improve this.";

json::value read_object(Call& call) {
    auto value = base::parse_json(call.json_body());
    if (!value) throw bad_request("invalid UTF-8 JSON");
    if (!value->is_object()) throw bad_request("Request body must be a JSON object");
    return std::move(*value);
}

ApiError missing_key(std::string_view key) {
    return {400, "missing_required_key", "Missing required key: " + std::string{key}, {}};
}

std::uint64_t read_count(const json::value& body, std::string_view key, std::uint64_t otherwise) {
    const auto* value = base::member(body, key);
    if (!value) return otherwise;
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    std::string shown = base::write_json(*value);
    if (value->is_string()) {  // as Erlang prints a binary
        shown = "<<";
        for (const char c : value->get_string())
            fmt::format_to(std::back_inserter(shown), "{}{}", shown.size() > 2 ? "," : "",
                           static_cast<unsigned char>(c));
        shown += ">>";
    }
    throw ApiError{
        400, "invalid_non_neg_integer", shown + " is not an integer greater than or equal to zero", {}};
}

std::vector<std::string> read_names(const json::value& body, std::string_view key) {
    std::vector<std::string> out;
    const auto* list = base::member(body, key);
    if (!list) return out;
    if (list->is_string()) out.emplace_back(list->get_string());
    if (list->is_array())
        for (const auto& item : list->get_array())
            if (item.is_string()) out.emplace_back(item.get_string());
    return out;
}

struct Query {
    explicit Query(const json::value& wanted) : selector(wanted) {}
    Selector selector;
    std::vector<std::pair<std::string, bool>> sort;
    std::vector<std::string> fields;
    std::uint64_t limit = 25, skip = 0;
    std::string bookmark, prefix;
    std::vector<std::string> use_index;
    bool stats = false, conflicts = false;
};

Query read_query(const json::value& body, std::string_view prefix) {
    const auto* selector = base::member(body, "selector");
    if (!selector) throw missing_key("selector");
    if (!selector->is_object())
        throw ApiError{400, "invalid_selector_json", "Selector must be a JSON object", {}};
    Query query{*selector};
    if (const auto* sort = base::member(body, "sort"); sort) {
        auto columns = read_columns(*sort);
        if (!columns)
            throw ApiError{400,
                           "invalid_sort_json",
                           "Sort must be an array of sort specs, not: " + base::write_json(*sort),
                           {}};
        query.sort = std::move(*columns);
    }
    query.fields = read_names(body, "fields");
    query.use_index = read_names(body, "use_index");
    if (!query.use_index.empty() && !query.use_index[0].starts_with("_design/"))
        query.use_index[0].insert(0, "_design/");
    query.limit = read_count(body, "limit", 25);
    query.skip = read_count(body, "skip", 0);
    query.bookmark = base::string_member(body, "bookmark").value_or("");
    if (query.bookmark == "nil") query.bookmark.clear();
    query.stats = base::bool_member(body, "execution_stats");
    query.conflicts = base::bool_member(body, "conflicts");
    query.prefix = prefix;
    return query;
}

const MangoIndex& index_for(const std::vector<MangoIndex>& indexes, const Query& query) {
    const auto design = query.use_index.empty() ? std::string_view{} : std::string_view{query.use_index[0]};
    const auto name = query.use_index.size() < 2 ? std::string_view{} : std::string_view{query.use_index[1]};
    const auto* index = choose_index(indexes, query.selector.required_fields(), query.sort, design, name);
    if (!index)
        throw ApiError{
            400, "no_usable_index", "No index exists for this sort, try indexing by the sort fields.", {}};
    return *index;
}

struct Found {
    const Document* document;
    json::value value;
};

std::vector<Found> search(const Database& database, const Query& query, const MangoIndex& index,
                          std::uint64_t& examined) {
    std::vector<Found> found;
    std::vector<std::vector<std::string>> paths;
    for (const auto& [field, descending] : index.columns) paths.push_back(split_field(field));
    for (auto cursor = database.live().at(0); cursor.get(); cursor.next()) {
        const auto& document = *cursor.get();
        if (document.id.starts_with("_design/") || !document.id.starts_with(query.prefix)) continue;
        std::string text;
        append_document(text, document, document.tree.winner(), {.conflicts = query.conflicts});
        auto value = base::parse_json(text);
        if (!value) continue;
        if (!std::ranges::all_of(paths,
                                 [&](const auto& path) { return find_field(*value, path) != nullptr; }))
            continue;
        ++examined;
        if (query.selector.matches(*value)) found.push_back({&document, std::move(*value)});
    }
    if (!index.is_special())
        std::ranges::stable_sort(found, [&](const Found& a, const Found& b) {
            for (const auto& path : paths)
                if (const int order = compare_json(*find_field(a.value, path), *find_field(b.value, path));
                    order != 0)
                    return order < 0;
            return a.document->id < b.document->id;
        });
    if (!query.sort.empty() && query.sort.front().second) std::ranges::reverse(found);
    return found;
}

json::value project(const json::value& document, const std::vector<std::string>& fields) {
    if (fields.empty()) return document;
    json::object out;
    for (const auto& field : fields) {
        const auto path = split_field(field);
        const auto* value = find_field(document, path);
        if (!value) continue;
        auto* into = &out;
        for (std::size_t i = 0; i + 1 < path.size(); ++i) {
            auto& inner = (*into)[path[i]];
            if (!inner.is_object()) inner = json::object{};
            into = &inner.get_object();
        }
        (*into)[path.back()] = *value;
    }
    return out;
}

std::string bookmark_for(std::string_view id) {
    auto text = base::base64_encode(id);
    while (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return "g1AAAA" + text;
}

void find(Server& server, Call& call, const Database& database, std::string_view prefix) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto query = read_query(read_object(call), prefix);
    const auto indexes = indexes_of(database);
    const auto& index = index_for(indexes, query);
    std::uint64_t examined = 0;
    auto found = search(database, query, index, examined);
    std::size_t first = query.skip;
    if (!query.bookmark.empty()) {
        const auto it = std::ranges::find_if(
            found, [&](const Found& one) { return bookmark_for(one.document->id) == query.bookmark; });
        if (it == found.end() && !query.bookmark.starts_with("g1AAAA"))
            throw ApiError{400, "invalid_bookmark", "Invalid bookmark value: \"" + query.bookmark + '"', {}};
        first += it == found.end() ? found.size() : static_cast<std::size_t>(it - found.begin()) + 1;
    }
    std::string out = "{\"docs\":[";
    std::string bookmark = query.bookmark.empty() ? "nil" : query.bookmark;
    std::uint64_t returned = 0;
    for (auto i = first; i < found.size() && returned < query.limit; ++i, ++returned) {
        out += returned ? ",\r\n" : "\r\n";
        base::append_json(out, project(found[i].value, query.fields));
        bookmark = bookmark_for(found[i].document->id);
    }
    out += "\r\n],\r\n\"bookmark\": \"" + bookmark + '"';
    std::string warning;
    const auto warn = [&](std::string_view text) {
        if (!warning.empty()) warning += '\n';
        warning += text;
    };
    if (!query.use_index.empty() && index.design != query.use_index[0])
        warn(query.use_index[0] + " was not used because it does not contain a valid index for this query.");
    if (index.is_special()) warn(no_index_warning);
    if (examined > 10 * std::max<std::uint64_t>(returned, 1)) warn(scan_warning);
    if (query.stats)
        out += fmt::format(
            ",\r\n\"execution_stats\": {{\"total_keys_examined\":0,\"total_docs_examined\":{},"
            "\"total_quorum_docs_examined\":0,\"results_returned\":{},\"execution_time_ms\":0.1}}",
            examined, returned);
    if (!warning.empty()) {
        out += ",\r\n\"warning\": ";
        base::append_json_string(out, warning);
    }
    server.send_chunked(call, out + "}\r\n\n");
}

std::string columns_json(const MangoIndex& index) {
    std::string out = "[";
    for (const auto& [field, descending] : index.columns) {
        if (out.size() > 1) out += ',';
        out += '{';
        base::append_json_string(out, field);
        out += descending ? ":\"desc\"}" : ":\"asc\"}";
    }
    return out + ']';
}

std::string index_json(const MangoIndex& index, const Database& database) {
    std::string out = "{\"ddoc\":";
    if (index.is_special())
        out += "null";
    else
        base::append_json_string(out, index.design);
    out += ",\"name\":";
    base::append_json_string(out, index.name);
    out += index.is_special()
               ? ",\"type\":\"special\""
               : fmt::format(",\"type\":\"json\",\"partitioned\":{}", database.settings().partitioned);
    return out + ",\"def\":{\"fields\":" + columns_json(index) + "}}";
}

void explain(Call& call, const Database& database, std::string_view prefix) {
    if (call.method() != "POST") throw method_not_allowed("POST");
    const auto body = read_object(call);
    const auto query = read_query(body, prefix);
    const auto indexes = indexes_of(database);
    const auto& index = index_for(indexes, query);
    std::string out = "{\"dbname\":";
    base::append_json_string(out, database.settings().name);
    out += ",\"index\":" + index_json(index, database) + ",\"partitioned\":false,\"selector\":";
    base::append_json(out, query.selector.normalized());
    const auto* fields = base::member(body, "fields");
    const auto fields_json =
        fields && fields->is_array() && !fields->get_array().empty() ? base::write_json(*fields) : "[]";
    const auto* use_index = base::member(body, "use_index");
    out += fmt::format(
        ",\"opts\":{{\"use_index\":{},\"bookmark\":\"nil\",\"limit\":{},\"skip\":{},\"sort\":{},\"fields\":{}"
        ",\"partition\":\"\","
        "\"r\":1,\"conflicts\":{},\"stale\":false,\"update\":true,\"stable\":false,\"execution_stats\":{},"
        "\"allow_fallback\":true}},"
        "\"limit\":{},\"skip\":{},\"fields\":{},\"mrargs\":{{}},\"covering\":false}}",
        use_index ? base::write_json(*use_index) : "[]", query.limit, query.skip,
        base::member(body, "sort") ? base::write_json(*base::member(body, "sort")) : "{}", fields_json,
        query.conflicts, query.stats, query.limit, query.skip, fields_json);
    call.respond_json(200, std::move(out));
}

}  // namespace

bool find_path(Server& server, Call& call, Database& database, std::string_view name,
               std::string_view prefix) {
    if (name == "_find")
        find(server, call, database, prefix);
    else if (name == "_explain")
        explain(call, database, prefix);
    else if (name == "_index")
        index_path(server, call, database);
    else
        return false;
    return true;
}

std::string list_indexes(const Database& database) {
    const auto indexes = indexes_of(database);
    std::string out = fmt::format("{{\"total_rows\":{},\"indexes\":[", indexes.size());
    for (const auto& index : indexes) {
        if (out.back() != '[') out += ',';
        out += index_json(index, database);
    }
    return out + "]}";
}

}  // namespace davenport::couchmock::api
