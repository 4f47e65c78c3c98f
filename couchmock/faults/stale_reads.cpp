#include "couchmock/faults/stale_reads.hpp"

#include "couchmock/faults/error_answer.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace davenport::couchmock {
namespace {

/// The texts in a member of the body that is a list: the documents' ids, or the keys themselves.
std::vector<std::string> texts_in(std::string_view body, std::string_view list, std::string_view member) {
    std::vector<std::string> out;
    const auto parsed = base::parse_json(body);
    const auto* items = parsed ? base::member(*parsed, list) : nullptr;
    if (!items || !items->is_array()) return out;
    for (const auto& item : items->get_array()) {
        if (member.empty() && item.is_string()) out.emplace_back(std::string_view{item.get_string()});
        if (member.empty()) continue;
        if (const auto text = base::string_member(item, member)) out.emplace_back(*text);
    }
    return out;
}

bool asks_for_keys(const RequestInfo& info) {
    return info.method == "POST" && info.path == '/' + info.database + "/_all_docs";
}

}  // namespace

void note_written(WrittenAt& written, const RequestInfo& info, std::string_view body, base::Time now) {
    if (!info.is_bulk) {
        if (!info.document.empty() && !info.document.starts_with('_')) written[info.document] = now;
        return;
    }
    for (auto& id : texts_in(body, "docs", "_id")) written[std::move(id)] = now;
}

bool hides(const WrittenAt& written, const RequestInfo& info, std::string_view body, base::Time horizon) {
    const auto is_new = [&](const std::string& id) {
        const auto found = written.find(id);
        return found != written.end() && found->second > horizon;
    };
    if (asks_for_keys(info)) {
        const auto keys = texts_in(body, "keys", {});
        return !keys.empty() && std::ranges::all_of(keys, is_new);
    }
    return (info.method == "GET" || info.method == "HEAD") && is_new(info.document);
}

base::HttpResponse not_found(const RequestInfo& info, std::string_view body) {
    if (!asks_for_keys(info)) return error_answer(404);
    std::string rows;
    for (const auto& key : texts_in(body, "keys", {})) {
        rows += rows.empty() ? R"({"key":)" : R"(,{"key":)";
        base::append_json_string(rows, key);
        rows += R"(,"error":"not_found"})";
    }
    return {200,
            {{"Content-Type", "application/json"}},
            R"({"total_rows":0,"offset":null,"rows":[)" + rows + "]}\n"};
}

}  // namespace davenport::couchmock
