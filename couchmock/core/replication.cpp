#include "couchmock/core/replication.hpp"

#include "couchmock/core/database.hpp"

namespace davenport::couchmock {
namespace {

void copy_document(const Document& document, Database& target, const ReplicaCheck& takes,
                   ReplicationCounts& counts) {
    for (const auto leaf : document.tree.leaves()) {
        ++counts.checked;
        const auto& node = document.tree.at(leaf);
        const auto* there = target.find(document.id);
        if (!node.leaf || (there && there->tree.contains(node.revision))) continue;
        ++counts.found;
        ++counts.read;
        Edit edit;
        edit.id = document.id;
        edit.path = document.tree.path(leaf);
        edit.deleted = node.leaf->deleted;
        edit.body = node.leaf->body;
        edit.attachments = node.leaf->attachments;
        if (takes && !takes(edit)) {
            ++counts.failed;
            continue;
        }
        counts.written += target.replicate(std::move(edit));
    }
}

}  // namespace

ReplicationCounts copy_changes(const Database& source, Database& target, Position& since,
                               const std::function<bool(const Document&)>& passes,
                               const ReplicaCheck& takes) {
    ReplicationCounts counts;
    if (&source == &target) return counts;
    for (std::size_t shard = 0; shard < source.shard_count(); ++shard) {
        const auto& changes = source.changes(shard);
        for (auto i = source.after(shard, since[shard]); i < changes.size(); ++i)
            if (const auto* document = changes[i].document; document && (!passes || passes(*document)))
                copy_document(*document, target, takes, counts);
        since[shard] = source.update_seq(shard);
    }
    return counts;
}

}  // namespace davenport::couchmock
