#include "node/program/journal_tool.hpp"

#include "node/base/chat_message.hpp"
#include "node/base/journal.hpp"
#include "node/net/journal_file.hpp"
#include "node/net/search_file.hpp"
#include "node/net/search_index.hpp"
#include "node/net/wire/loop.hpp"
#include "node/program/journal_copy.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace davenport::node::program {
namespace {

constexpr auto least_age = std::chrono::hours{48};

std::string moment(std::string_view position) {
    const auto parts = base::parse_message_id("x:" + std::string{position});
    return parts ? base::iso8601(base::wall_from_unix_ms(parts->unix_ms)) : "-";
}

void inspect(const std::string& path) {
    const auto journal = JournalFile::open_to_read(path);
    auto& database = *journal;
    const auto text = [&](std::string_view question) {
        auto statement = database.prepare(question);
        return statement.step() ? statement.text(0) : std::string{};
    };
    fmt::print("journal      {}\n", path);
    fmt::print("uuid         {}\n", text("SELECT uuid FROM journal"));
    fmt::print("version      {}\n", database.number("PRAGMA user_version"));
    fmt::print("size         {} bytes\n", std::filesystem::file_size(path));
    fmt::print("messages     {}\n", database.number("SELECT count(*) FROM message"));
    fmt::print("accepted     {} by this node\n",
               database.number("SELECT count(*) FROM message WHERE accepted_here = 1"));
    fmt::print("unstored     {} that no store is known to have\n",
               database.number("SELECT count(*) FROM message WHERE stored_in = 0"));
    fmt::print("forgotten    {}\n", database.number("SELECT count(*) FROM forgotten"));
    auto checkpoint = database.prepare("SELECT generation, seq FROM checkpoint");
    if (checkpoint.step())
        fmt::print("store        {}, read up to {:.40}...\n", checkpoint.text(0), checkpoint.text(1));
    else
        fmt::print("store        none was ever read\n");
    auto rooms = database.prepare(
        "SELECT room, count(*), min(position), max(position) FROM message GROUP BY room ORDER BY count(*) "
        "DESC");
    while (rooms.step())
        fmt::print("room         {}: {} messages, {} to {}\n", rooms.text(0), rooms.number(1),
                   moment(rooms.text(2)), moment(rooms.text(3)));
}

void export_messages(const std::string& path) {
    const auto journal = JournalFile::open_to_read(path);
    auto& database = *journal;
    auto rows = database.prepare(
        "SELECT id, room, position, user, text, datetime, host, edited, removed, removed_by, proof FROM "
        "message ORDER BY arrival");
    while (rows.step()) {
        const base::ChatMessage message{{rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                                         rows.text(5), rows.text(6), rows.text(7), rows.text(8), rows.text(9),
                                         rows.text(10)}};
        const auto line = base::to_document(message) + '\n';
        if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) return;  // nobody reads on
    }
}

std::chrono::minutes read_age(const std::string& text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit{end, text.data() + text.size()};
    const std::int64_t minutes = unit == "d" ? 24 * 60 : unit == "h" ? 60 : unit == "m" ? 1 : 0;
    if (error != std::errc{} || minutes == 0 || count <= 0 || count > 5'000'000)
        throw std::invalid_argument(
            fmt::format("--older-than {}: give a number and d, h or m, as in 30d", text));
    const std::chrono::minutes age{count * minutes};
    // A retry may come for a day, and what is forgotten is not known for its text any more.
    if (age < least_age)
        throw std::invalid_argument(
            "--older-than: what is younger than 48h may still be repeated by a client");
    return age;
}

void forget(const std::string& path, const std::string& older_than) {
    const auto age = read_age(older_than);
    if (!std::filesystem::exists(path))
        throw std::invalid_argument(fmt::format("there is no journal {}: give the file of --journal", path));
    const JournalFile file{path};
    auto database = file.connect();
    const auto edge = base::unix_ms(wire::Loop::now().wall - base::Duration{age});
    const auto place = base::make_foreign_letters(edge, {}).substr(0, 12);  // the time alone
    database.execute("BEGIN IMMEDIATE");
    const auto which = fmt::format(
        "FROM message WHERE position < '{}' AND stored_in = (SELECT id FROM generation WHERE name = (SELECT "
        "generation FROM "
        "checkpoint)) AND arrival < (SELECT max(arrival) FROM message) AND position < (SELECT max(position) "
        "FROM message)",
        place);
    database.execute("INSERT OR IGNORE INTO forgotten SELECT id " + which);
    database.execute("DELETE " + which);
    const auto count = database.changes();
    database.execute("COMMIT");
    SearchFile::remove(SearchIndex::path_of(path));
    database.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    fmt::print("{} messages are forgotten, {} are left; the journal has {} bytes\n", count,
               database.number("SELECT count(*) FROM message"), std::filesystem::file_size(path));
}

}  // namespace

int perform(const JournalCommand& command) {
    try {
        switch (command.action) {
            case JournalCommand::Action::inspect:
                inspect(command.file);
                break;
            case JournalCommand::Action::export_:
                export_messages(command.file);
                break;
            case JournalCommand::Action::forget:
                forget(command.file, command.older_than);
                break;
            case JournalCommand::Action::backup:
                back_up_journal(command.file, command.to);
                break;
            case JournalCommand::Action::restore:
                restore_journal(command.file, command.to);
                break;
        }
        return 0;
    } catch (const sqlite::Error& error) {
        throw base::JournalError(fmt::format("the journal {} can't be used: {}", command.file, error.what()));
    }
}

}  // namespace davenport::node::program
