#include "couchmock/core/partition_size.hpp"

#include "couchmock/core/call.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace davenport::couchmock {
namespace {

std::uint64_t bytes_of(std::string_view body, const std::vector<Attachment>& attachments) {
    return std::accumulate(attachments.begin(), attachments.end(), std::uint64_t{body.size() + 2},
                           [](std::uint64_t sum, const Attachment& one) { return sum + one.length; });
}

std::uint64_t bytes_of(const Leaf& leaf) { return leaf.deleted ? 0 : bytes_of(leaf.body, leaf.attachments); }

/// The leaf that the edit takes the place of: none for a new branch. `conflicts`: it can take nobody's.
const Leaf* replaced_leaf(const Database& database, const Edit& edit, bool& conflicts) {
    const auto* document = database.find(edit.id);
    if (!document) return nullptr;
    const auto node = edit.path.empty() ? document->tree.winner() : document->tree.find(edit.path.front());
    conflicts = node == RevTree::none || !document->tree.is_leaf(node) ||
                (edit.path.empty() && !document->tree.deleted());
    return conflicts ? nullptr : document->tree.at(node).leaf.get();
}

}  // namespace

PartitionSize size_of_partition(const Database& database, std::string_view prefix) {
    PartitionSize out;
    for (auto it = database.documents().lower_bound(prefix);
         it != database.documents().end() && it->first.starts_with(prefix); ++it) {
        const auto& tree = it->second.tree;
        ++(tree.deleted() ? out.deleted : out.documents);
        for (std::size_t i = 0; i < tree.size(); ++i)
            if (tree.is_leaf(i) && tree.at(i).leaf) out.bytes += bytes_of(*tree.at(i).leaf);
    }
    return out;
}

void refuse_overflow(const Server& server, const Database& database, const Edit& edit) {
    if (!database.settings().partitioned || edit.id.starts_with('_')) return;
    const auto bytes_max = server.setting_number("couchdb", "max_partition_size", 0);
    if (bytes_max <= 0) return;
    bool conflicts = false;
    const auto* replaced = replaced_leaf(database, edit, conflicts);
    const auto before = replaced ? bytes_of(*replaced) : 0;
    const auto after = edit.deleted ? 0 : bytes_of(edit.body, edit.attachments);
    if (conflicts || after <= before) return;
    const auto prefix = std::string_view{edit.id}.substr(0, edit.id.find(':') + 1);
    if (std::cmp_greater_equal(size_of_partition(database, prefix).bytes, bytes_max))
        throw ApiError{
            403, "partition_overflow", "Partition limit exceeded due to update on '" + edit.id + "'", {}};
}

}  // namespace davenport::couchmock
