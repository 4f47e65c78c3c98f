#include "couchmock/core/view_rows.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace davenport::couchmock {
namespace {

/// Up to so many changes are put in their places one by one.
constexpr std::size_t few = 32;

bool before(const ViewRow* a, const ViewRow* b) {
    if (const int order = a->sort_key.compare(b->sort_key); order != 0) return order < 0;
    if (const int order = a->id.compare(b->id); order != 0) return order < 0;
    return a->nth < b->nth;
}

/// Sorts many rows. The first bytes in which their keys differ are compared beside each other: to follow two
/// pointers for each comparison costs several times as much.
void sort_rows(std::vector<ViewRow*>& rows) {
    if (rows.size() <= few) {
        std::ranges::sort(rows, before);
        return;
    }
    std::string_view common = rows.front()->sort_key;
    for (const auto* row : rows) {
        const auto end = std::ranges::mismatch(common, row->sort_key).in1;
        common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
    }
    struct Headed {
        std::uint64_t head;
        ViewRow* row;
    };
    std::vector<Headed> headed;
    headed.reserve(rows.size());
    for (auto* row : rows) {
        std::uint64_t head = 0;
        for (std::size_t i = common.size(); i < common.size() + 8; ++i)
            head = head << 8 | (i < row->sort_key.size() ? static_cast<unsigned char>(row->sort_key[i]) : 0u);
        headed.push_back({head, row});
    }
    std::ranges::sort(headed, [](const Headed& a, const Headed& b) {
        return a.head != b.head ? a.head < b.head : before(a.row, b.row);
    });
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = headed[i].row;
}

}  // namespace

void ViewRows::replace(const std::string& id, std::vector<ViewRow> rows) {
    const auto known = by_document_.find(id);
    if (known == by_document_.end() && rows.empty()) return;
    auto& own = known == by_document_.end() ? by_document_[id] : known->second;
    for (auto& row : own) {
        if (row->ordered)
            removed_.push_back(std::move(row));
        else  // the document changed twice before a commit
            std::erase(added_, row.get());
    }
    own.clear();
    for (auto& row : rows) {
        own.push_back(std::make_unique<ViewRow>(std::move(row)));
        added_.push_back(own.back().get());
    }
    if (own.empty()) by_document_.erase(id);
}

std::size_t ViewRows::commit() {
    sort_rows(added_);
    std::size_t first = ordered_.size();
    const auto place_of = [&](const ViewRow* row) {
        return std::lower_bound(ordered_.begin(), ordered_.end(), row, before);
    };
    for (const auto& row : removed_)
        first = std::min(first, static_cast<std::size_t>(place_of(row.get()) - ordered_.begin()));
    if (removed_.size() > few) {
        std::vector<const ViewRow*> gone;
        for (const auto& row : removed_) gone.push_back(row.get());
        std::ranges::sort(gone);
        const auto is_gone = [&](const ViewRow* row) { return std::ranges::binary_search(gone, row); };
        ordered_.erase(
            std::remove_if(ordered_.begin() + static_cast<std::ptrdiff_t>(first), ordered_.end(), is_gone),
            ordered_.end());
    } else {
        for (const auto& row : removed_) ordered_.erase(place_of(row.get()));
    }
    removed_.clear();
    if (!added_.empty())
        first = std::min(first, static_cast<std::size_t>(place_of(added_.front()) - ordered_.begin()));
    if (added_.size() > few) {
        const auto middle = static_cast<std::ptrdiff_t>(ordered_.size());
        ordered_.insert(ordered_.end(), added_.begin(), added_.end());
        std::inplace_merge(ordered_.begin() + static_cast<std::ptrdiff_t>(first), ordered_.begin() + middle,
                           ordered_.end(), before);
    } else {
        for (const auto* row : added_) ordered_.insert(place_of(row), row);
    }
    for (auto* row : added_) row->ordered = true;
    added_.clear();
    return first;
}

std::size_t ViewRows::lower_bound(std::string_view sort_key, std::string_view id) const {
    const auto it = std::partition_point(ordered_.begin(), ordered_.end(), [&](const ViewRow* row) {
        const int order = row->sort_key.compare(sort_key);
        return order < 0 || (order == 0 && row->id < id);
    });
    return static_cast<std::size_t>(it - ordered_.begin());
}

std::size_t ViewRows::upper_bound(std::string_view sort_key, std::string_view id) const {
    const auto it = std::partition_point(ordered_.begin(), ordered_.end(), [&](const ViewRow* row) {
        const int order = row->sort_key.compare(sort_key);
        return order < 0 || (order == 0 && row->id <= id);
    });
    return static_cast<std::size_t>(it - ordered_.begin());
}

std::size_t ViewRows::behind_prefix(std::string_view prefix) const {
    const auto it = std::partition_point(ordered_.begin(), ordered_.end(), [&](const ViewRow* row) {
        return row->sort_key.compare(0, prefix.size(), prefix) <= 0;
    });
    return static_cast<std::size_t>(it - ordered_.begin());
}

}  // namespace davenport::couchmock
