#pragma once

#include "node/base/search.hpp"
#include "node/net/journal_file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace davenport::node {

/// Full-text search over a journal: an SQLite FTS5 index in a file beside it, kept by a thread of its own.
///
/// The message path knows nothing of it: messages are read from the journal a little after they were
/// committed, or when somebody searches. The index holds nothing that the journal has not; when it is lost,
/// damaged or another journal's, it is made again.
///
/// Threads: made, asked and destroyed in one thread; OnFound is called in its own.
/// Errors: none are thrown; what goes wrong is told by `log`, and searches answer `whole = false`.
class SearchIndex {
public:
    using OnFound = std::function<void(std::uint64_t search, base::SearchAnswer answer)>;
    using LogLine = std::function<void(std::string line)>;

    /// `file` outlives it.
    SearchIndex(const JournalFile& file, OnFound on_found, LogLine log);
    ~SearchIndex();

    /// Answered by one OnFound, after the searches asked before it.
    void search(std::uint64_t search, base::SearchQuery query);
    /// The journal has more; it is looked at soon.
    void wake();

    /// Where the index of a journal lies.
    static std::string path_of(const std::string& journal) { return journal + ".search"; }

private:
    class Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace davenport::node
