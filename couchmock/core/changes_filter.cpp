#include "couchmock/core/api_design.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/erlang_print.hpp"
#include "couchmock/core/request_json.hpp"
#include "couchmock/core/selector.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

namespace davenport::couchmock::api {
namespace {

/// Above this many ids CouchDB reads the feed instead of looking the documents up, and counts otherwise.
constexpr std::size_t lookup_max = 100;

FeedFilter by_ids(Call& call, const boost::json::value* body) {
    std::optional<boost::json::value> read;
    const auto* list = body ? base::member(*body, "doc_ids") : nullptr;
    if (!list) {
        if (const auto* text = call.find("doc_ids")) {
            read = base::parse_json(*text);
            if (!read) throw bad_request("invalid UTF-8 JSON");
            list = &*read;
        }
    }
    const auto is_string = [](const auto& item) { return item.is_string(); };
    if (!list || !list->is_array() || !std::ranges::all_of(list->get_array(), is_string))
        throw bad_request("`doc_ids` filter parameter is not a list of doc ids.");
    auto ids = std::make_shared<std::set<std::string, std::less<>>>();
    for (const auto& id : list->get_array()) ids->emplace(id.get_string());
    const bool by_lookup = ids->size() <= lookup_max;
    FeedFilter filter;
    filter.passes = [ids](const Document& document) { return ids->contains(document.id); };
    filter.by_lookup = by_lookup;
    return filter;
}

/// `fields` of a selector: what is shown of the documents.
std::function<std::string(const std::string&)> read_projection(const boost::json::value& body) {
    const auto* list = base::member(body, "fields");
    if (!list || list->is_null()) return {};
    if (!list->is_array()) throw bad_request("Selector error: fields must be JSON array");
    auto fields = std::make_shared<std::vector<std::string>>();
    for (const auto& field : list->get_array()) {
        if (!field.is_string()) throw bad_request("Invalid JSON for field spec: " + print_term(field));
        fields->emplace_back(field.get_string());
    }
    return [fields](const std::string& json) {
        const auto document = base::parse_json(json);
        return document ? base::write_json(project(*document, *fields)) : json;
    };
}

FeedFilter by_selector(const boost::json::value* body) {
    if (!body) throw bad_request("Selector must be specified in POST payload");
    const auto* wanted = base::member(*body, "selector");
    if (!wanted || !wanted->is_object()) throw bad_request("Selector error: expected a JSON object");
    std::shared_ptr<Selector> selector;
    try {
        selector = std::make_shared<Selector>(*wanted);
    } catch (const ApiError& error) {
        throw bad_request(error.reason);
    }
    FeedFilter filter;
    filter.passes_leaf = [selector](const Document& document, std::size_t leaf) {
        std::string text;
        append_document(text, document, leaf);
        const auto value = base::parse_json(text);
        return value && selector->matches(*value);
    };
    filter.project = read_projection(*body);
    return filter;
}

/// "design/function" taken apart.
std::vector<std::string> parts_of(std::string_view name) {
    std::vector<std::string> parts;
    while (!name.empty()) {
        const auto slash = name.find('/');
        if (const auto part = name.substr(0, slash); !part.empty())
            parts.push_back(base::percent_decode(part, true).value_or(std::string{part}));
        name = slash == std::string_view::npos ? std::string_view{} : name.substr(slash + 1);
    }
    return parts;
}

/// A function of a design document that judges documents, one by one. `kind`: "filters" or "views".
FeedFilter by_function(Server& server, const Call& call, const Database& database,
                       const std::vector<std::string>& parts, std::string_view kind,
                       const std::function<std::string()>& request) {
    const auto design = read_design(database, "_design/" + parts[0]);
    const auto* group = base::member(design, kind);
    if (!group || !base::member(*group, parts[1]))
        throw not_found("missing json key: " + (group ? parts[1] : std::string{kind}));
    if (!server.config.javascript) no_javascript(parts[0] + '/' + parts[1]);
    const auto engine = server.scripts->functions(database, "_design/" + parts[0], call.now());
    std::string name;
    base::append_json_string(name, parts[1]);
    const auto function = kind == "views" ? "filter_view" : "filter";
    const auto asked = kind == "views" ? std::string{"null"} : request();
    FeedFilter filter;
    filter.passes_leaf = [&server, engine, name, function, asked](const Document& document,
                                                                  std::size_t leaf) {
        const auto list = '[' + script_document(document, leaf) + ']';
        const auto answer = engine->call(function, {name, list, asked});
        write_log(server, *engine);
        return answer == "[true]";
    };
    return filter;
}

}  // namespace

FeedFilter function_filter(Server& server, const Call& call, const Database& database, std::string_view name,
                           const std::function<std::string()>& request) {
    const auto parts = parts_of(name);
    if (parts.empty()) return {};
    if (parts.size() != 2) throw bad_request("`filter` must be of the form `designname/filtername`");
    return by_function(server, call, database, parts, "filters", request);
}

FeedFilter changes_filter(Server& server, Call& call, Database& database, const std::string& name,
                          const boost::json::value* body) {
    if (name == "_doc_ids") return by_ids(call, body);
    if (name == "_selector") return by_selector(body);
    if (name == "_design") {
        FeedFilter filter;
        filter.passes = [](const Document& document) { return document.id.starts_with("_design/"); };
        filter.by_lookup = true;
        return filter;
    }
    if (name == "_view") {
        const auto* view = call.find("view");
        if (!view || view->empty()) throw bad_request("`view` filter parameter is not provided.");
        const auto parts = parts_of(*view);
        if (parts.empty()) throw bad_request("`view` must be of the form `designname/viewname`");
        if (parts.size() != 2) throw ApiError{500, "case_clause", "badarg", {}};
        return by_function(server, call, database, parts, "views", {});
    }
    if (name.starts_with('_')) throw bad_request("unknown builtin filter name");
    return function_filter(server, call, database, name,
                           [&] { return request_json(server, call, database, "null"); });
}

}  // namespace davenport::couchmock::api
