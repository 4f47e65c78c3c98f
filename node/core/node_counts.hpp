#pragma once

#include <cstddef>
#include <cstdint>

namespace davenport::node {

/// What a node has done since its start, for whoever watches it.
struct NodeCounts {
    std::uint64_t posts_taken = 0;    ///< new messages by clients of this node
    std::uint64_t posts_refused = 0;  ///< with any reason
    std::uint64_t posts_stored =
        0;  ///< how often one was found to be in the store: again after another store came
    std::uint64_t posts_failed = 0;  ///< of those taken: refused by the store for good
    std::uint64_t rows_new = 0;      ///< others' messages, from the feed
    std::uint64_t rows_known = 0;    ///< rows of the feed that were known: own messages, repeats, rewinds
    std::uint64_t rows_skipped = 0;  ///< rows of the feed that cannot be read
    std::uint64_t rows_contradicting =
        0;  ///< rows that say something else than the message that is known by their id
    std::uint64_t feeds_deaf = 0;      ///< feeds that were open and brought nothing, though there was more
    std::uint64_t frames_refused = 0;  ///< from clients that send more often than they may
    std::uint64_t reads_refused = 0;   ///< joins and other reads in rooms where somebody may not read
    std::uint64_t sign_ins_held_back = 0;
    std::uint64_t clients_cut_off = 0;  ///< for not taking what they were sent
    // As they are now:
    std::size_t clients = 0;
    std::size_t send_queue_bytes = 0;       ///< that wait for all clients together
    std::size_t send_queue_bytes_most = 0;  ///< that have waited for one client at once, since the start
    std::size_t backlog = 0;                ///< messages that wait for the store
    std::size_t unsettled = 0;  ///< policies to be compared with the store's, documents without a place
    std::size_t bans = 0;       ///< in force
    std::size_t rooms_with_settings = 0;
    bool store_up = false;
    bool caught_up = false;    ///< this node has read all that the store had at the last look
    bool catching_up = false;  ///< a new node reads what the store had before
    std::uint64_t catch_up_read = 0, catch_up_total = 0;  ///< documents
    bool journal_writable = true;
    std::int64_t clock_ahead_ms = 0;  ///< of the store's clock; negative behind it
    bool draining = false;
    std::int64_t full_ids_from = 0;  ///< see base::FullIdsFrom
};

}  // namespace davenport::node
