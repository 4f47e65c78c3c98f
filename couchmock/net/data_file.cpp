#include "couchmock/net/data_file.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace davenport::couchmock {
namespace {

/// The layout of the file; another number is of another program or a later version.
constexpr int layout = 1;

/// A statement that is made once and run many times.
class Statement {
public:
    Statement(sqlite3* file, std::string_view text) : file_(file) {
        if (sqlite3_prepare_v3(file, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                               &handle_, nullptr))
            fail(file);
    }
    ~Statement() { sqlite3_finalize(handle_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int place, std::string_view text) {
        // SQLite copies no bytes: they live until step() is done
        if (sqlite3_bind_text(handle_, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC))
            fail(file_);
        return *this;
    }
    Statement& bind(int place, Record::Kind kind) {
        if (sqlite3_bind_int(handle_, place, static_cast<int>(kind))) fail(file_);
        return *this;
    }
    /// True while there are rows.
    bool step() {
        const int result = sqlite3_step(handle_);
        if (result == SQLITE_ROW) return true;
        if (result != SQLITE_DONE) fail(file_);
        sqlite3_reset(handle_);
        return false;
    }
    void run() {
        while (step()) {
        }
    }
    void reset() { sqlite3_reset(handle_); }
    [[nodiscard]] std::string text(int column) const {
        const auto* bytes = sqlite3_column_text(handle_, column);
        return {reinterpret_cast<const char*>(bytes),
                static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }
    [[nodiscard]] int number(int column) const { return sqlite3_column_int(handle_, column); }

    [[noreturn]] static void fail(sqlite3* file) {
        throw DataFileError{fmt::format("the data file: {}", file ? sqlite3_errmsg(file) : "out of memory")};
    }

private:
    sqlite3* file_;
    sqlite3_stmt* handle_ = nullptr;
};

void execute(sqlite3* file, const char* text) {
    if (sqlite3_exec(file, text, nullptr, nullptr, nullptr)) Statement::fail(file);
}

struct File {
    explicit File(const std::string& path) {
        if (sqlite3_open_v2(path.c_str(), &handle,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr)) {
            const std::string why = handle ? sqlite3_errmsg(handle) : "out of memory";
            sqlite3_close(handle);
            throw DataFileError{fmt::format("cannot open {}: {}", path, why)};
        }
    }
    ~File() { sqlite3_close(handle); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    sqlite3* handle = nullptr;
};

int prepare(sqlite3* file) {
    execute(file,
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA secure_delete=ON;");
    int found = 0;
    {
        Statement version{file, "PRAGMA user_version"};
        if (version.step()) found = version.number(0);
    }
    if (found != 0 && found != layout)
        throw DataFileError{
            fmt::format("the data file has layout {}, and this program knows {}", found, layout)};
    execute(
        file,
        "CREATE TABLE IF NOT EXISTS records(database TEXT NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL,"
        " value TEXT NOT NULL, PRIMARY KEY(database, kind, id)) WITHOUT ROWID; PRAGMA user_version=1;");
    return layout;
}

}  // namespace

class DataFile::Impl {
public:
    explicit Impl(const std::string& path) : file(path), version(prepare(file.handle)) {}

    struct Change {
        enum class Kind { put, erase, drop } kind;
        Record record;
    };

    void run(const Change& change) {
        const auto& record = change.record;
        if (change.kind == Change::Kind::put)
            insert.bind(1, record.database)
                .bind(2, record.kind)
                .bind(3, record.id)
                .bind(4, record.value)
                .run();
        else if (change.kind == Change::Kind::erase)
            remove.bind(1, record.database).bind(2, record.kind).bind(3, record.id).run();
        else
            remove_all.bind(1, record.database).run();
    }

    /// True when the last thing that failed did so for want of room (or of a disk that writes).
    [[nodiscard]] bool is_out_of_room() const {
        const int error = sqlite3_errcode(file.handle) & 0xff;
        return error == SQLITE_FULL || error == SQLITE_IOERR;
    }
    void roll_back() {
        for (auto* statement : {&insert, &remove, &remove_all}) statement->reset();
        if (!sqlite3_get_autocommit(file.handle)) execute(file.handle, "ROLLBACK");
    }

    File file;
    int version;
    Statement insert{file.handle, "INSERT OR REPLACE INTO records VALUES(?1,?2,?3,?4)"};
    Statement remove{file.handle, "DELETE FROM records WHERE database=?1 AND kind=?2 AND id=?3"};
    Statement remove_all{file.handle, "DELETE FROM records WHERE database=?1"};
    std::vector<Change> pending;
    bool wipe = false;  ///< is due after them
    std::string complaint;
};

DataFile::DataFile(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
DataFile::~DataFile() = default;

std::vector<Record> DataFile::read_all() {
    std::vector<Record> out;
    Statement all{impl_->file.handle,
                  "SELECT database, kind, id, value FROM records ORDER BY database, kind, id"};
    while (all.step())
        out.push_back({static_cast<Record::Kind>(all.number(1)), all.text(0), all.text(2), all.text(3)});
    return out;
}

void DataFile::put(const Record& record) { impl_->pending.push_back({Impl::Change::Kind::put, record}); }

void DataFile::erase(Record::Kind kind, const std::string& database, const std::string& id) {
    impl_->pending.push_back({Impl::Change::Kind::erase, {kind, database, id, {}}});
}

void DataFile::drop(const std::string& database) {
    impl_->pending.push_back({Impl::Change::Kind::drop, {Record::Kind::database, database, {}, {}}});
}

void DataFile::wipe() { impl_->wipe = true; }

bool DataFile::commit() {
    if (impl_->pending.empty() && !impl_->wipe) return true;
    try {
        execute(impl_->file.handle, "BEGIN");
        for (const auto& change : impl_->pending) impl_->run(change);
        execute(impl_->file.handle, "COMMIT");
        if (impl_->wipe) execute(impl_->file.handle, "PRAGMA wal_checkpoint(TRUNCATE)");
        impl_->wipe = false;
    } catch (const DataFileError& error) {
        if (!impl_->is_out_of_room()) throw;
        impl_->complaint = error.what();
        impl_->roll_back();
        return false;
    }
    impl_->pending.clear();
    return true;
}

std::size_t DataFile::pending() const { return impl_->pending.size(); }

const std::string& DataFile::complaint() const { return impl_->complaint; }

}  // namespace davenport::couchmock
