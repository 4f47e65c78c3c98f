#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// The little of SQLite that the journal needs, with errors as exceptions.
namespace davenport::node::sqlite {

struct Error : std::runtime_error {
    Error(int code_given, const std::string& what) : std::runtime_error(what), code(code_given) {}
    int code;  ///< SQLite's primary result code
};

/// One prepared statement; bound, stepped and reset by whoever uses it. The texts bound must live until
/// reset().
class Statement {
public:
    Statement() = default;
    Statement(sqlite3* database, std::string_view text);

    Statement& bind(int at, std::string_view text);
    Statement& bind(int at, std::int64_t number);
    bool step();  ///< true: there is a row
    void reset();
    /// Executes a statement that has no rows.
    void run();

    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement at the end of a scope, rows read or not.
class Using {
public:
    explicit Using(Statement& statement) : statement_(statement) {}
    ~Using() { statement_.reset(); }
    Using(const Using&) = delete;
    Using& operator=(const Using&) = delete;
    Statement* operator->() { return &statement_; }

private:
    Statement& statement_;
};

class Database {
public:
    enum class Mode { read_write_create, read_write, read };
    Database(const std::string& path, Mode mode);

    void execute(const std::string& text);
    Statement prepare(std::string_view text) { return {database_.get(), text}; }
    std::int64_t number(std::string_view text);
    [[nodiscard]] int changes() const;
    [[nodiscard]] bool in_transaction() const;

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace davenport::node::sqlite
