#pragma once

#include "node/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node {

/// How the node learns of what others wrote.
enum class FeedMode {
    continuous,  ///< one open `_changes?feed=continuous`
    longpoll,    ///< one waiting request after another
    poll,        ///< the article's way: a request every `poll_interval`
};

/// How to get at the chat in a store. Where the store is, only the world around the core knows.
struct StoreAccess {
    std::string database = "chat";
    std::string authorization{};  ///< value of the Authorization header, empty for none
    std::string user{};           ///< the node's own account there, which nobody signs in as
};

/// The chat in a NATS server's JetStream.
struct StreamAccess {
    std::string stream = "chat";  ///< its name, and what its subjects begin with
    int replicas = 1;             ///< of the stream, when it is this node that makes it
};

struct ChatConfig {
    std::string name = "node";             ///< the `host` of documents; two nodes may bear the same
    std::vector<StoreAccess> stores{{}};   ///< one is used; the next is, while that one does not answer
    std::optional<StreamAccess> stream{};  ///< the chat is there, in place of `stores`
    FeedMode feed = FeedMode::continuous;
    base::Duration poll_interval = std::chrono::seconds{1};
    base::Duration heartbeat = std::chrono::seconds{2};        ///< asked of the feed
    base::Duration feed_dead_after = std::chrono::seconds{5};  ///< silence that ends a feed
    base::Duration request_timeout = std::chrono::seconds{10};
    base::Duration probe_interval =
        std::chrono::milliseconds{150};  ///< between tries while the store refuses, at least
    std::size_t message_bytes_max = 8 * 1024;
    std::size_t session_bytes_max =
        1 << 20;  ///< queued for one client; one that falls further behind is cut off
    std::size_t outbox_messages_max = 1'000'000;  ///< accepted and not yet stored; then posts are refused
    std::size_t bulk_documents_max = 400;         ///< in one _bulk_docs
    std::size_t page_rows_max = 2000;  ///< read at once from the store or the journal, at most; a small one
                                       ///< makes a long history of a short one
    std::size_t history_on_join = 50;
    std::size_t posts_per_second_max = 0;   ///< of one client, in the long run; 0 for no bound
    std::size_t frames_per_second_max = 0;  ///< of one connection, in the long run; 0 for no bound
    bool presence = true;       ///< tells the other nodes who is here, and clients who is anywhere
    bool members_only = false;  ///< people sign in with their store's accounts
    /// Names of accounts that may remove what others said; where people sign in.
    std::vector<std::string> moderators{};
    /// Accounts with this role in the store may, too; empty: none.
    std::string moderator_role = "davenport-moderator";
    /// What signs who they are: the first signs, all are believed. Empty: keys that the nodes make and share
    /// in the store.
    std::vector<std::string> auth_secrets;
    std::string entropy;  ///< 32 bytes that nobody can guess, for keys and sign-ins
    std::string kept;     ///< what the last Keep told, in an earlier life
    /// The chat is of version 2 from now on: its ids are full from this key's time on, in milliseconds since
    /// 1970 (see ChatVersion).
    std::optional<std::int64_t> full_ids_from{};
    std::uint64_t random_seed = 0;  ///< for back-off jitter and for a store's new generation
};

}  // namespace davenport::node
