#include "couchmock/core/scripts.hpp"

#include "couchmock/core/document_json.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <array>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// Heaps are large, and each design document that is in use has one: as many as CouchDB keeps processes.
constexpr std::size_t heaps_max = 100;

const Document& find_design(const Database& database, std::string_view design_id) {
    const auto* design = database.find(design_id);
    if (!design || design->tree.deleted()) throw not_found(design ? "deleted" : "missing");
    return *design;
}

void try_compile(javascript::Engine& engine, std::string_view kind, std::string_view view,
                 std::string_view source) {
    std::string text;
    base::append_json_string(text, source);
    try {
        engine.call("try_compile", {text});
    } catch (const javascript::Failure& failure) {
        if (failure.error != "compilation_error") throw;
        throw ApiError{400,
                       "compilation_error",
                       "Compilation of the " + std::string{kind} + " function in the '" + std::string{view} +
                           "' view failed: " + failure.reason,
                       {}};
    }
}

}  // namespace

json::value read_design(const Database& database, std::string_view design_id) {
    const auto& design = find_design(database, design_id);
    std::string text;
    append_document(text, design, design.tree.winner());
    return base::parse_json(text).value_or(json::object{});
}

ApiError to_api_error(const javascript::Failure& failure) {
    static constexpr std::pair<std::string_view, int> statuses[] = {
        {"bad_request", 400},    {"query_parse_error", 400}, {"unauthorized", 401},
        {"forbidden", 403},      {"not_found", 404},         {"method_not_allowed", 405},
        {"not_acceptable", 406}, {"conflict", 409},          {"gone", 410}};
    for (const auto& [error, status] : statuses)
        if (failure.error == error)
            return {status, failure.error, failure.reason, {}, failure.reason_is_json};
    return {500, failure.error, failure.reason, {}, false};
}

Scripts::EnginePtr Scripts::functions(const Database& database, std::string_view design_id, base::Now now) {
    const auto& design = find_design(database, design_id);
    const auto& revision = design.tree.at(design.tree.winner()).revision;
    auto& known = functions_[{&database, std::string{design_id}}];
    if (!known.engine || known.revision != revision) {
        std::string text;
        append_document(text, design, design.tree.winner());
        known.engine = std::make_shared<javascript::Engine>(std::move(text), limits_);
        known.revision = revision;
    }
    known.used = ++uses_;
    known.engine->set_limits(limits_);
    known.engine->set_now(base::unix_ms(now.wall));
    auto engine = known.engine;
    make_room();
    return engine;
}

void Scripts::make_room() {
    if (functions_.size() <= heaps_max) return;
    functions_.erase(
        std::ranges::min_element(functions_, {}, [](const auto& one) { return one.second.used; }));
}

ViewGroup& Scripts::views(const Database& database, std::string_view design_id, base::Now now) {
    const auto& design = find_design(database, design_id);
    const auto& revision = design.tree.at(design.tree.winner()).revision;
    auto& known = views_[{&database, std::string{design_id}}];
    if (!known.group || known.revision != revision) {
        const auto body = read_design(database, design_id);
        if (!known.group || known.group->signature() != ViewGroup::signature_of(body))
            known.group = std::make_unique<ViewGroup>(body, limits_);
        known.revision = revision;
    }
    known.group->engine().set_limits(limits_);
    known.group->engine().set_now(base::unix_ms(now.wall));
    return *known.group;
}

void Scripts::check_compiles(const json::value& design) const {
    if (base::string_member(design, "language").value_or("javascript") != "javascript") return;
    const auto* views = base::member(design, "views");
    if (!views || !views->is_object()) return;
    javascript::Engine engine{"{}", limits_};
    for (const auto& [name, view] : views->get_object()) {
        if (name == "lib") continue;
        if (const auto map = base::string_member(view, "map")) try_compile(engine, "map", name, *map);
        const auto reduce = base::string_member(view, "reduce");
        if (reduce && !reduce->starts_with('_')) try_compile(engine, "reduce", name, *reduce);
    }
}

void Scripts::forget(const Database& database) {
    std::erase_if(functions_, [&](const auto& one) { return one.first.first == &database; });
    std::erase_if(views_, [&](const auto& one) { return one.first.first == &database; });
}

void Scripts::clean_up(const Database& database) {
    std::erase_if(views_, [&](const auto& one) {
        if (one.first.first != &database) return false;
        const auto* design = database.find(one.first.second);
        return !design || design->tree.deleted();
    });
}

}  // namespace davenport::couchmock
