#pragma once

#include "node/base/message_id.hpp"
#include "node/core/config.hpp"
#include "node/core/log/commit_queue.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace davenport::node {

/// Of which version the chat in a store is, and so which form its ids have. Stands beside the store's
/// generation, in all kinds of stores; nodes refuse a store whose version is above their own.
///
/// Version 1, of the nodes of 0.1: ids are brief. A node that does not know full ids takes such a document
/// for a foreign one, so none is written there. Version 2: ids are full from some key's time on
/// (`ids_from`, which is missing in a database that was of version 2 from its beginning).
///
/// A chat's version never goes down and its time never goes up: a store, or a member of a cluster, that says
/// less than is known is told. What this node knows of it is in its journal, beside the checkpoint; one that
/// has not met its store yet takes it for a chat of version 2.
class ChatVersion {
public:
    ChatVersion(const ChatConfig& config, CommitQueue& log);

    [[nodiscard]] base::FullIdsFrom full_ids_from() const { return known_.value_or(base::full_ids_always); }

    enum class Verdict {
        fits,
        is_told,  ///< what the store says is less than is known: write members() there
        too_new,  ///< of a later version than this node is
        too_old,  ///< of version 1, and this node has accepted messages that its nodes cannot read
    };
    /// What the generation's document says: its `v` and `ids_from`. From here on that is known.
    Verdict judge(std::optional<std::int64_t> version, std::optional<std::int64_t> ids_from);
    /// What to say for people of a store that does not fit.
    static std::string reason(Verdict verdict);

    /// The members for the generation's document, without braces: `"v":2`.
    [[nodiscard]] std::string members() const;

private:
    [[nodiscard]] bool has_full_ids() const;

    CommitQueue* log_;
    std::optional<base::FullIdsFrom> known_;
};

}  // namespace davenport::node
