#pragma once

#include "couchmock/core/records.hpp"

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace davenport::couchmock {

/// A mock's records in a SQLite file (`--data`).
///
/// What commit() returned from survives a SIGKILL. A power cut may take back the last moment, as this keeps
/// no chat's only copy: the nodes' journals do.
///
/// Threads: not thread-safe. Errors: DataFileError, from every function; there is no going on without the
/// file. A full disk is not an error: what could not be written is kept and tried again.
class DataFile final : public RecordKeeper {
public:
    /// Opens or makes the file; held against a second process.
    explicit DataFile(const std::string& path);
    ~DataFile() override;

    /// All of it, each database before its documents.
    [[nodiscard]] std::vector<Record> read_all();

    void put(const Record& record) override;
    void erase(Record::Kind kind, const std::string& database, const std::string& id) override;
    void drop(const std::string& database) override;
    /// With the next commit(): nothing of what was replaced is left in the file or its log.
    void wipe() override;
    /// Writes all that was put. False when the disk takes it not now: then nothing of it is on the disk, and
    /// the next commit() tries again. `complaint()` says why.
    [[nodiscard]] bool commit();
    /// What was put and is not on the disk, in changes.
    [[nodiscard]] std::size_t pending() const;
    [[nodiscard]] const std::string& complaint() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

struct DataFileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace davenport::couchmock
