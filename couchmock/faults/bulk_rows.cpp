#include "couchmock/faults/bulk_rows.hpp"

#include "couchmock/core/json_slices.hpp"
#include "node/base/json.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::couchmock {
namespace {

/// The body without the documents that `keep` (place, text) does not want; what else is in it stays as it is.
void keep_documents(std::string& body, const std::function<bool(std::size_t, std::string_view)>& keep) {
    const auto members = slice_object(body);
    if (!members) return;
    std::string out = "{";
    for (const auto& [name, value] : *members) {
        if (out.size() > 1) out += ',';
        base::append_json_string(out, name);
        out += ':';
        const auto docs = name == "docs" ? slice_array(value) : std::nullopt;
        if (!docs) {
            out += value;
            continue;
        }
        std::vector<std::string_view> kept;
        for (std::size_t i = 0; i < docs->size(); ++i)
            if (keep(i, (*docs)[i])) kept.push_back((*docs)[i]);
        out += fmt::format("[{}]", fmt::join(kept, ","));
    }
    body = out + '}';
}

}  // namespace

void keep_first(std::string& body, std::uint64_t rows) {
    keep_documents(body, [rows](std::size_t place, std::string_view) { return place < rows; });
}

BulkRows take_out(std::string& body, std::string_view error,
                  const std::function<bool(std::string_view id)>& hit) {
    BulkRows out;
    keep_documents(body, [&](std::size_t place, std::string_view text) {
        const auto document = base::parse_json(text);
        const auto id = document ? base::string_member(*document, "_id") : std::nullopt;
        if (!id || !hit(*id)) return true;
        std::string row = R"({"id":)";
        base::append_json_string(row, *id);
        row += R"(,"error":)";
        base::append_json_string(row, error);
        out.emplace_back(place, row + R"(,"reason":"The document was not stored."})");
        return false;
    });
    return out;
}

void put_back(std::string& answer, const BulkRows& rows) {
    const auto given = slice_array(answer);
    if (!given) return;
    std::vector<std::string_view> all{given->begin(), given->end()};
    for (const auto& [place, row] : rows)
        all.insert(all.begin() + static_cast<std::ptrdiff_t>(std::min(place, all.size())), row);
    answer = fmt::format("[{}]\n", fmt::join(all, ","));
}

}  // namespace davenport::couchmock
