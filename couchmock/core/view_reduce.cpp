#include "couchmock/core/view_reduce.hpp"

#include "couchmock/core/builtin_reduce.hpp"
#include "couchmock/core/document_text.hpp"
#include "couchmock/core/number_reduce.hpp"
#include "couchmock/javascript/engine.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace davenport::couchmock {
namespace {

namespace json = boost::json;

/// A reduction longer than this has to be half of what it was made of (query_server_config/reduce_limit).
constexpr std::size_t overflow_threshold = 4096;

json::value parse(std::string_view text) { return base::parse_json(text).value_or(nullptr); }

constexpr std::string_view overflow_head = R"({"reduce_overflow_error":)";
bool is_overflow(std::string_view reduction) { return reduction.starts_with(overflow_head); }

std::size_t read_rank(std::string_view name) {
    std::size_t rank = 1;
    const auto digits = name.substr(name.rfind('_') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    return rank;
}

}  // namespace

Reducer::Reducer(std::string source, javascript::Engine& engine)
    : source_(std::move(source)), engine_(engine) {
    static constexpr std::pair<std::string_view, Kind> names[] = {
        {"_sum", Kind::sum},     {"_count", Kind::count},
        {"_stats", Kind::stats}, {"_approx_count_distinct", Kind::approx_count_distinct},
        {"_top_", Kind::top},    {"_bottom_", Kind::bottom},
        {"_first", Kind::first}, {"_last", Kind::last}};
    for (const auto& [name, kind] : names)
        if (source_.starts_with(name)) kind_ = kind;
    if (kind_ == Kind::top || kind_ == Kind::bottom) rank_ = read_rank(source_);
}

std::string Reducer::call_own(std::string_view keys, const std::string& values, bool again,
                              std::size_t count) const {
    std::string source;
    base::append_json_string(source, source_);
    const auto answer = engine_.call("reduce", {source, keys, values, again ? "true" : "false"});
    if (answer.size() < 2 || answer.front() != '[')
        return "null";  // a prototype's toJSON made something else
    const auto size = answer.size();
    // The query server is sent ["reduce",["SOURCE"],[[[KEY,ID],VALUE],...]] or
    // ["rereduce",["SOURCE"],VALUES], and takes the length of the source away from that of the line.
    const auto escapes = source.size() - 2 - source_.size();
    const auto input =
        again ? values.size() + 18 + escapes : keys.size() + values.size() + 2 * count + 15 + escapes;
    if (size > overflow_threshold && size * 2 > input)
        return fmt::format(
            R"({{"reduce_overflow_error":"Reduce output must shrink more rapidly: input size: )"
            R"({} output size: {}"}})",
            input, size);
    return answer.substr(1, size - 2);
}

std::string Reducer::reduce(ViewRows::Slice rows) const {
    std::vector<std::string_view> texts;
    if (kind_ == Kind::sum || kind_ == Kind::stats)
        for (const auto* row : rows) texts.emplace_back(row->value);
    const auto values = [&] {
        std::vector<json::value> out;
        for (const auto* row : rows) out.push_back(parse(row->value));
        return out;
    };
    switch (kind_) {
        case Kind::count:
            return std::to_string(rows.size());
        case Kind::sum:
            if (auto sum = sum_of_numbers(texts)) return *sum;
            return base::write_json(sum_values(values()));
        case Kind::stats:
            if (auto stats = stats_of_numbers(texts)) return *stats;
            return base::write_json(stats_of(values()));
        case Kind::top:
        case Kind::bottom:
            return base::write_json(ranked(values(), kind_ == Kind::top, rank_));
        case Kind::first:
            return rows.front()->value;
        case Kind::last:
            return rows.back()->value;
        case Kind::approx_count_distinct: {
            DistinctCounter counter;
            for (std::size_t i = 0; i < rows.size(); ++i)
                if (i == 0 || rows[i]->sort_key != rows[i - 1]->sort_key) counter.insert(parse(rows[i]->key));
            return counter.registers();
        }
        case Kind::own:
            break;
    }
    std::string keys = "[";
    std::string list = "[";
    for (const auto* row : rows) {
        if (list.size() > 1) keys += ',', list += ',';
        keys += '[' + row->key + ',';
        base::append_json_string(keys, row->id);
        keys += ']';
        list += row->value;
    }
    return call_own(keys + ']', list + ']', false, rows.size());
}

std::string Reducer::rereduce(const std::vector<std::string>& reductions) const {
    const std::vector<std::string_view> texts{reductions.begin(), reductions.end()};
    const auto values = [&] {
        std::vector<json::value> out;
        for (const auto& reduction : reductions) out.push_back(parse(stats_as_json(reduction)));
        return out;
    };
    switch (kind_) {
        case Kind::count:
        case Kind::sum:
            if (auto sum = sum_of_numbers(texts)) return *sum;
            return base::write_json(sum_values(values()));
        case Kind::stats:
            if (auto stats = stats_of_numbers(texts)) return *stats;
            return base::write_json(stats_of(values()));
        case Kind::top:
        case Kind::bottom: {
            std::vector<json::value> all;
            for (const auto& list : values())
                if (list.is_array()) all.insert(all.end(), list.get_array().begin(), list.get_array().end());
            return base::write_json(ranked(std::move(all), kind_ == Kind::top, rank_));
        }
        case Kind::first:
            return reductions.front();
        case Kind::last:
            return reductions.back();
        case Kind::approx_count_distinct: {
            DistinctCounter counter;
            for (const auto& reduction : reductions) counter.merge(reduction);
            return counter.registers();
        }
        case Kind::own:
            break;
    }
    std::string list = "[";
    for (const auto& reduction : reductions) {
        if (is_overflow(reduction)) return reduction;
        if (list.size() > 1) list += ',';
        list += reduction;
    }
    return call_own("null", list + ']', true, reductions.size());
}

std::string Reducer::finish(const std::string& reduction) const {
    if (kind_ == Kind::approx_count_distinct) return std::to_string(DistinctCounter{reduction}.count());
    if (kind_ == Kind::count) return reduction;
    auto text = stats_as_json(reduction);
    if (text != reduction) return text;
    return compact_json(text).value_or(text);
}

std::optional<std::string_view> Reducer::overflow_of(std::string_view finished) {
    if (!is_overflow(finished)) return {};
    return finished.substr(overflow_head.size(), finished.size() - overflow_head.size() - 1);
}

std::string Reducer::reduce_range(const ViewRows& rows, std::size_t first, std::size_t last) const {
    const auto parts = rows.summaries(first, last,
                                      {.of_rows = [this](ViewRows::Slice slice) { return reduce(slice); },
                                       .of_parts = [this](const auto& texts) { return rereduce(texts); }});
    // Shards answer, and what they answer is reduced again: also where there is one alone.
    return finish(rereduce(parts));
}

}  // namespace davenport::couchmock
