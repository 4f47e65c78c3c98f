#include "couchmock/core/api.hpp"
#include "couchmock/core/document_json.hpp"
#include "couchmock/core/selector.hpp"
#include "node/base/json.hpp"

#include <algorithm>
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
    return {[ids](const Document& document) { return ids->contains(document.id); }, by_lookup};
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
    return {[selector](const Document& document) {
                std::string text;
                append_document(text, document, document.tree.winner());
                const auto value = base::parse_json(text);
                return value && selector->matches(*value);
            },
            false};
}

/// A filter function of a design document: found out about, and refused.
[[noreturn]] void by_function(const Database& database, const std::string& name, std::string_view kind) {
    const auto slash = name.find('/');
    if (slash == std::string::npos) throw bad_request("`filter` must be of the form `designname/filtername`");
    const auto* design = database.find("_design/" + name.substr(0, slash));
    if (!design || design->tree.deleted()) throw not_found(design ? "deleted" : "missing");
    const auto body = base::parse_json("{" + design->tree.at(design->tree.winner()).leaf->body + "}");
    const auto* group = body ? base::member(*body, kind) : nullptr;
    const auto function = name.substr(slash + 1);
    if (!group || !base::member(*group, function))
        throw not_found("missing json key: " + (group ? function : std::string{kind}));
    no_javascript(name);
}

}  // namespace

FeedFilter changes_filter(Call& call, const Database& database, const std::string& name,
                          const boost::json::value* body) {
    if (name == "_doc_ids") return by_ids(call, body);
    if (name == "_selector") return by_selector(body);
    if (name == "_design")
        return {[](const Document& document) { return document.id.starts_with("_design/"); }, true};
    if (name == "_view") {
        const auto* view = call.find("view");
        if (!view || view->empty()) throw bad_request("`view` filter parameter is not provided.");
        by_function(database, *view, "views");
    }
    by_function(database, name, "filters");
}

}  // namespace davenport::couchmock::api
