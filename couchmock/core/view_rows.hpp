#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::couchmock {

/// One thing that a map function emitted.
struct ViewRow {
    std::string sort_key;  ///< collation.hpp
    std::string id;
    std::uint32_t nth = 0;  ///< among the rows of this document, for rows of one key
    std::uint32_t shard = 0;
    std::string key, value;  ///< JSON texts
    bool ordered = false;    ///< it has its place; kept by ViewRows
};

/// The rows of one view, in order: by key, then by document.
///
/// Rows come and go by document. What changed is taken in by commit(), in one pass where it is much.
class ViewRows {
public:
    /// Puts `rows` in the place of what the document had; all of them are its own.
    void replace(const std::string& id, std::vector<ViewRow> rows);
    /// Takes in what was replaced. Returns the first place whose row may be another now.
    std::size_t commit();

    [[nodiscard]] std::size_t size() const { return ordered_.size(); }
    [[nodiscard]] const ViewRow& at(std::size_t place) const { return *ordered_[place]; }
    /// The first place that is not below the key and the id.
    [[nodiscard]] std::size_t lower_bound(std::string_view sort_key, std::string_view id) const;
    /// The first place that is above the key and the id.
    [[nodiscard]] std::size_t upper_bound(std::string_view sort_key, std::string_view id) const;
    /// The first place behind all whose sort key begins with `prefix`.
    [[nodiscard]] std::size_t behind_prefix(std::string_view prefix) const;

private:
    using Rows = std::vector<std::unique_ptr<ViewRow>>;

    std::unordered_map<std::string, Rows> by_document_;
    std::vector<const ViewRow*> ordered_;
    std::vector<ViewRow*> added_;
    Rows removed_;  ///< still in `ordered_`
};

}  // namespace davenport::couchmock
