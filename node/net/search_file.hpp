#pragma once

#include "node/base/search.hpp"
#include "node/net/journal_file.hpp"
#include "node/net/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace davenport::node {

/// The index's file: which messages of a journal have which words.
///
/// A message that was edited or removed is found no more by its old words, which stay in the file until it is
/// made anew: SQLite of Debian 12 cannot take single ones out.
///
/// Not fsynced: a machine that loses power leaves it behind or damaged at worst, and it is made again.
/// Threads: one. Errors: sqlite::Error.
class SearchFile {
public:
    /// Opens it, or begins anew when it is damaged or not this journal's.
    explicit SearchFile(const JournalFile& journal);

    /// Takes in the next `most` messages of the journal, in one transaction. False when there are no more.
    bool take_in(std::size_t most);
    /// Words of removed messages are in it still.
    [[nodiscard]] bool holds_removed() const { return holds_removed_; }
    /// Begins with an empty file; take_in() fills it.
    void begin_anew();
    /// The file is no good, and would be none the next time.
    static bool is_damage(const sqlite::Error& error);
    static void remove(const std::string& path);

    [[nodiscard]] base::SearchAnswer find(const base::SearchQuery& query);

private:
    /// False when the file is of another version, of another journal, or ahead of this one.
    bool open(const std::string& journal_uuid);
    void add(std::int64_t arrival, const base::ChatMessage& message);

    std::string path_, uuid_;
    sqlite::Database journal_;
    sqlite::Statement unread_, unread_old_, message_;
    std::unique_ptr<sqlite::Database> index_;
    sqlite::Statement add_place_, add_words_, set_read_, find_;
    // Arrivals from `below_` to `read_` are in the index.
    std::int64_t read_ = 0, below_ = 0;
    std::int64_t began_with_ = 0;  ///< the last arrival when the index was begun: no older text is in it
    bool holds_removed_ = false;
};

}  // namespace davenport::node
