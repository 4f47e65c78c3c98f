#include "couchmock/core/mango_plan.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace davenport::couchmock {
namespace {

using Indexes = std::vector<const MangoIndex*>;

std::string_view bare(std::string_view design) {
    return design.starts_with("_design/") ? design.substr(8) : design;
}

bool is_named(const MangoIndex& index, const std::vector<std::string>& use_index) {
    if (use_index.empty() || index.is_special()) return false;
    return bare(index.design) == bare(use_index[0]) && (use_index.size() < 2 || index.name == use_index[1]);
}

/// The index has its rows in the order of `sort`, leaving aside columns that the selector makes constant.
bool serves_sort(const Columns& columns, const Columns& sort, const boost::json::value& selector) {
    if (sort.empty()) return true;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].first != sort.front().first) {
            if (!is_constant_field(selector, columns[i].first)) return false;
            continue;
        }
        if (columns.size() - i < sort.size()) return false;
        for (std::size_t k = 0; k < sort.size(); ++k)
            if (columns[i + k].first != sort[k].first) return false;
        return true;
    }
    return false;
}

/// Why an index can't be used; empty when it can.
std::string_view defect(const MangoIndex& index, const MangoQuery& query) {
    const auto& selector = query.selector.normalized();
    if (index.is_special()) {
        if (query.sort.empty()) return {};
        if (!std::ranges::binary_search(indexable_fields(selector), std::string{"_id"}))
            return "field_mismatch";
        return query.sort.size() == 1 && query.sort[0].first == "_id" ? "" : "sort_order_mismatch";
    }
    if (is_text_search(selector)) return "needs_text_search";
    std::vector<std::string> required;
    for (const auto& [field, descending] : index.columns) {
        const bool sorted =
            std::ranges::find(query.sort, field, &std::pair<std::string, bool>::first) != query.sort.end();
        if (!sorted && field != "_id" && field != "_rev") required.push_back(field);
    }
    if (!has_required_fields(selector, std::move(required))) return "field_mismatch";
    return serves_sort(index.columns, query.sort, selector) ? "" : "sort_order_mismatch";
}

[[noreturn]] void refuse_sort(bool database_partitioned, bool query_partitioned) {
    std::string reason{"No index exists for this sort, try indexing by the sort fields."};
    if (database_partitioned)
        reason = std::string{"No "} + (query_partitioned ? "partitioned" : "global") +
                 " index exists for this sort, try indexing by the sort fields.";
    throw ApiError{400, "no_usable_index", std::move(reason), {}};
}

[[noreturn]] void refuse_named(const std::vector<std::string>& use_index) {
    std::string reason = "You must specify an index with the `use_index` parameter.";
    if (!use_index.empty()) {
        reason = "_design/" + std::string{bare(use_index[0])};
        if (use_index.size() > 1) reason += ", " + use_index[1];
        reason += " specified by `use_index` could not be found or it is not suitable.";
    }
    throw ApiError{400, "invalid_index", std::move(reason), {}};
}

/// The ranges of the index's first columns that the selector restricts.
std::vector<FieldRange> prefix_of(const MangoIndex& index, const FieldRanges& ranges) {
    std::vector<FieldRange> out;
    for (const auto& [field, descending] : index.columns) {
        const auto it = std::ranges::find(ranges, field, &std::pair<std::string, FieldRange>::first);
        if (it == ranges.end()) break;
        out.push_back(it->second);
    }
    return out;
}

/// An index, and how many of the restricted fields lie outside of its prefix.
struct Fit {
    const MangoIndex* index;
    std::vector<FieldRange> prefix;
    std::size_t distance;
};

/// By CouchDB's rule: the nearest to the selector, then the fewest columns, then by name.
std::vector<Fit> by_fit(const Indexes& indexes, const FieldRanges& ranges) {
    std::vector<Fit> out;
    for (const auto* index : indexes) {
        auto prefix = prefix_of(*index, ranges);
        const auto distance = ranges.size() - prefix.size();
        out.push_back({index, std::move(prefix), distance});
    }
    std::ranges::stable_sort(out, [](const Fit& a, const Fit& b) {
        return std::tuple{a.distance, a.index->columns.size(), std::tie(a.index->design, a.index->name)} <
               std::tuple{b.distance, b.index->columns.size(), std::tie(b.index->design, b.index->name)};
    });
    return out;
}

bool contains(const Indexes& list, const MangoIndex* index) {
    return std::ranges::find(list, index) != list.end();
}

/// The stages that indexes go through until one is chosen; each is a part of the one before it.
struct Stages {
    Indexes all, whole, in_scope, usable, filtered, of_kind;
};

MangoCandidate judge(const MangoIndex* index, const Stages& stages, const std::vector<Fit>& fits,
                     const MangoQuery& query) {
    const auto larger = [](const Indexes& a, const Indexes& b) { return a.size() > b.size() ? 1u : 0u; };
    const std::size_t unfavored = std::max<std::size_t>(1, fits.size());
    const auto excluded = unfavored + larger(stages.filtered, stages.of_kind);
    const auto not_usable = excluded + larger(stages.usable, stages.filtered);
    const auto out_of_scope = not_usable + larger(stages.in_scope, stages.usable);
    const auto partial = out_of_scope + larger(stages.whole, stages.in_scope);
    if (!contains(stages.whole, index) && !contains(stages.in_scope, index))
        return {index, false, "is_partial", partial};
    if (!contains(stages.in_scope, index)) return {index, false, "scope_mismatch", out_of_scope};
    if (!contains(stages.usable, index)) return {index, false, defect(*index, query), not_usable};
    if (!contains(stages.filtered, index)) return {index, true, "excluded_by_user", excluded};
    if (!contains(stages.of_kind, index)) return {index, true, "unfavored_type", unfavored};
    const auto it = std::ranges::find(fits, index, &Fit::index);
    const auto reason = it->distance > 0 ? "less_overlap"
                        : index->columns.size() > fits.front().index->columns.size()
                            ? "too_many_fields"
                            : "alphabetically_comes_after";
    return {index, true, reason, static_cast<std::size_t>(it - fits.begin())};
}

Indexes filter(const Indexes& list, auto&& predicate) {
    Indexes out;
    for (const auto* index : list)
        if (predicate(*index)) out.push_back(index);
    return out;
}

}  // namespace

bool MangoPlan::covers(const MangoQuery& query) const {
    if (!index || index->is_special() || query.fields.empty()) return false;
    const auto is_in = [&](const std::string& field) { return field == "_id" || index->has_column(field); };
    return std::ranges::all_of(query.fields, is_in) &&
           std::ranges::all_of(fields_of(query.selector.normalized()), is_in);
}

MangoPlan plan_query(const std::vector<MangoIndex>& indexes, const MangoQuery& query,
                     bool database_partitioned, bool explains) {
    const bool partition = !query.partition.empty();
    const auto named = [&](const MangoIndex& index) { return is_named(index, query.use_index); };
    Stages stages;
    for (const auto& index : indexes) stages.all.push_back(&index);
    stages.whole = filter(stages.all, [](const MangoIndex& index) { return index.partial.is_null(); });
    stages.in_scope = filter(stages.all, [&](const MangoIndex& index) {
        return (index.partial.is_null() || named(index)) &&
               (index.is_special() || index.partitioned == partition);
    });
    stages.usable =
        filter(stages.in_scope, [&](const MangoIndex& index) { return defect(index, query).empty(); });
    if (stages.usable.empty() && !explains) refuse_sort(database_partitioned, partition);
    stages.filtered = filter(stages.usable, named);
    if (stages.filtered.empty()) {
        if (!query.allow_fallback && !(query.use_index.empty() && stages.usable.size() > 1))
            refuse_named(query.use_index);
        stages.filtered = stages.usable;
    }
    stages.of_kind = filter(stages.filtered, [](const MangoIndex& index) { return !index.is_special(); });
    if (stages.of_kind.empty()) stages.of_kind = stages.filtered;

    MangoPlan plan;
    auto ranges = field_ranges(query.selector.normalized());
    const bool special = !stages.of_kind.empty() && stages.of_kind.front()->is_special();
    if (special) ranges.emplace_back("_id", FieldRange{});
    const auto fits = by_fit(stages.of_kind, ranges);
    if (!fits.empty()) {
        plan.index = fits.front().index;
        plan.ranges = fits.front().prefix;
        plan.nothing = is_no_operation(query.selector.normalized()) ||
                       std::ranges::any_of(plan.ranges, &FieldRange::empty);
    }
    for (auto it = stages.all.rbegin(); it != stages.all.rend(); ++it)
        if (*it != plan.index) plan.candidates.push_back(judge(*it, stages, fits, query));
    return plan;
}

std::string unused_index_warning(const MangoPlan& plan, const MangoQuery& query) {
    if (query.use_index.empty() || !plan.index || is_named(*plan.index, query.use_index)) return {};
    std::string out = "_design/" + std::string{bare(query.use_index[0])};
    if (query.use_index.size() > 1) out += ", " + query.use_index[1];
    return out + (query.use_index.size() > 1
                      ? " was not used because it is not a valid index for this query."
                      : " was not used because it does not contain a valid index for this query.");
}

}  // namespace davenport::couchmock
