#pragma once

#include <string>
#include <vector>

namespace davenport::couchmock {

/// One thing that a mock has to remember beyond its process, as text.
struct Record {
    enum class Kind { server, database, document, local };
    Kind kind = Kind::server;
    std::string database;  ///< empty for the server's own
    std::string id;        ///< of a document; empty for the others
    std::string value;     ///< JSON
};

/// Where a mock's records go, if they go anywhere (`--data`).
///
/// Called in the course of Mock::handle(), in the order of the changes. What it was told has to be on the
/// disk before the effects that this handle() returned are performed: then nothing is acknowledged that a
/// SIGKILL takes back.
class RecordKeeper {
public:
    virtual ~RecordKeeper() = default;
    virtual void put(const Record& record) = 0;
    virtual void erase(Record::Kind kind, const std::string& database, const std::string& id) = 0;
    /// The database with all its documents.
    virtual void drop(const std::string& database) = 0;
    /// A database was compacted, and what it forgot was put without: what was there before is to be nowhere.
    virtual void wipe() = 0;
};

}  // namespace davenport::couchmock
