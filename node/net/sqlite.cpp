#include "node/net/sqlite.hpp"

#include <sqlite3.h>

namespace davenport::node::sqlite {
namespace {

[[noreturn]] void fail(sqlite3* database) {
    throw Error(sqlite3_errcode(database) & 0xff, sqlite3_errmsg(database));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Statement::Statement(sqlite3* database, std::string_view text) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(database, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                           &made, nullptr) != SQLITE_OK)
        fail(database);
    statement_.reset(made);
}

Statement& Statement::bind(int at, std::string_view text) {
    const char* data = text.data() ? text.data() : "";  // a null pointer would bind NULL
    if (sqlite3_bind_text(statement_.get(), at, data, static_cast<int>(text.size()), SQLITE_STATIC) !=
        SQLITE_OK)
        fail(sqlite3_db_handle(statement_.get()));
    return *this;
}

Statement& Statement::bind(int at, std::int64_t number) {
    if (sqlite3_bind_int64(statement_.get(), at, number) != SQLITE_OK)
        fail(sqlite3_db_handle(statement_.get()));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(sqlite3_db_handle(statement_.get()));
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

void Statement::run() {
    const Using scope{*this};
    step();
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    return bytes
               ? std::string{bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))}
               : std::string{};
}

Database::Database(const std::string& path, Mode mode) {
    // Each connection belongs to one thread.
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                      (mode == Mode::read_write_create ? SQLITE_OPEN_CREATE : 0);
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK) {
        if (!opened) throw Error(code, "out of memory");
        fail(opened);
    }
    sqlite3_busy_timeout(opened, 2000);
}

void Database::execute(const std::string& text) {
    if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail(database_.get());
}

std::int64_t Database::number(std::string_view text) {
    auto statement = prepare(text);
    return statement.step() ? statement.number(0) : 0;
}

int Database::changes() const { return sqlite3_changes(database_.get()); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace davenport::node::sqlite
