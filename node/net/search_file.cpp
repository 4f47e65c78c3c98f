#include "node/net/search_file.hpp"

#include "node/net/search_fold.hpp"
#include "node/net/search_index.hpp"
#include "node/net/search_query.hpp"

#include <cstdio>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

namespace davenport::node {
namespace {

constexpr std::int64_t version = 3;
constexpr std::int64_t application_id = 0x64617673;  // "davs": what tells an index from somebody else's file

// `place` is a message's moment as a number (search::place_of), so that the newest come first without
// sorting. Texts are folded before (search::fold): what the tokenizer would do to accents it would do to
// vowel signs. Emoji are words. Without the texts themselves: the journal has them.
constexpr auto schema = R"sql(
    -- Taken in are the arrivals up to `read`, but for those below `below`: old messages come in downwards.
    CREATE TABLE source (
        journal TEXT NOT NULL, read INTEGER NOT NULL, below INTEGER NOT NULL, holds_removed INTEGER NOT NULL);
    CREATE TABLE place (place INTEGER PRIMARY KEY, arrival INTEGER NOT NULL);
    CREATE VIRTUAL TABLE word USING fts5 (room, user, text, content = '', prefix = '2 3',
        tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co So Cn'");
)sql";

constexpr auto columns =
    "arrival, id, room, position, user, text, datetime, host, edited, removed, removed_by, said";
constexpr int said_column = 11;

base::ChatMessage read_message(const sqlite::Statement& row) {
    return base::ChatMessage{{row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6),
                              row.text(7), row.text(8), row.text(9), row.text(10)}};
}

constexpr auto last_arrival = "SELECT coalesce(max(arrival), 0) FROM message";

}  // namespace

SearchFile::SearchFile(const JournalFile& journal)
    : path_(SearchIndex::path_of(journal.path())),
      journal_(journal.connect()),
      unread_(journal_.prepare(std::string{"SELECT "} + columns +
                               " FROM message WHERE arrival > ?1 ORDER BY arrival LIMIT ?2")),
      unread_old_(journal_.prepare(std::string{"SELECT "} + columns +
                                   " FROM message WHERE arrival < ?1 ORDER BY arrival DESC LIMIT ?2")),
      message_(journal_.prepare(std::string{"SELECT "} + columns + " FROM message WHERE arrival = ?1")) {
    auto uuid = journal_.prepare("SELECT uuid FROM journal");
    uuid.step();
    uuid_ = uuid.text(0);
    try {
        if (open(uuid_)) return;
    } catch (const sqlite::Error& error) {
        if (!is_damage(error)) throw;
    }
    begin_anew();
}

void SearchFile::begin_anew() {
    for (auto* statement : {&add_place_, &add_words_, &set_read_, &find_}) *statement = {};
    index_.reset();
    remove(path_);
    open(uuid_);
}

bool SearchFile::is_damage(const sqlite::Error& error) {
    return error.code == SQLITE_CORRUPT || error.code == SQLITE_NOTADB;
}

void SearchFile::remove(const std::string& path) {
    for (const auto* ending : {"", "-wal", "-shm"}) std::remove((path + ending).c_str());
}

bool SearchFile::open(const std::string& journal_uuid) {
    index_ = std::make_unique<sqlite::Database>(path_, sqlite::Database::Mode::read_write_create);
    if (index_->number("PRAGMA schema_version") != 0) {
        if (index_->number("PRAGMA application_id") != application_id)
            throw sqlite::Error{SQLITE_ERROR, "it is some other program's file: move it away"};
        if (index_->number("PRAGMA user_version") != version) return false;
        auto source = index_->prepare("SELECT journal, read, below, holds_removed FROM source");
        if (!source.step() || source.text(0) != journal_uuid) return false;
        read_ = began_with_ = source.number(1);
        below_ = source.number(2);
        holds_removed_ = source.number(3) != 0;
        // The journal was put back to an earlier state.
        if (read_ > journal_.number(last_arrival)) return false;
    }
    index_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -8000");
    if (index_->number("PRAGMA schema_version") == 0) {
        // Numbers of a new journal begin above what is old.
        below_ = journal_.number("SELECT coalesce(min(arrival), 4294967297) FROM message");
        index_->execute("BEGIN");
        index_->execute(schema);
        index_->execute(
            fmt::format("INSERT INTO source VALUES ('{}', {}, {}, 0); PRAGMA application_id = {}; PRAGMA "
                        "user_version = {}; COMMIT",
                        journal_uuid, below_ - 1, below_, application_id, version));
        read_ = below_ - 1;
        began_with_ = journal_.number(last_arrival);
        holds_removed_ = false;
    }
    add_place_ = index_->prepare("INSERT INTO place VALUES (?1, ?2) ON CONFLICT DO NOTHING");
    add_words_ = index_->prepare("INSERT INTO word (rowid, room, user, text) VALUES (?1, ?2, ?3, ?4)");
    set_read_ = index_->prepare("UPDATE source SET read = ?1, below = ?2, holds_removed = ?3");
    find_ = index_->prepare(
        "SELECT place.place, place.arrival FROM word JOIN place ON place.place = word.rowid "
        "WHERE word MATCH ?1 AND word.rowid < ?2 ORDER BY word.rowid DESC LIMIT ?3");
    return true;
}

bool SearchFile::take_in(std::size_t most) {
    std::vector<std::pair<std::int64_t, base::ChatMessage>> some;
    bool holds_removed = holds_removed_;
    const auto read = [&](sqlite::Statement& statement, std::int64_t from) {
        sqlite::Using rows{statement};
        rows->bind(1, from).bind(2, static_cast<std::int64_t>(most));
        while (rows->step()) {
            const auto arrival = rows->number(0), said = rows->number(said_column);
            some.emplace_back(arrival, read_message(statement));
            holds_removed |= some.back().second.is_removed() && arrival > began_with_ && said != 0 &&
                             said >= below_ && said <= read_;
        }
    };
    read(unread_, read_);
    const bool old = some.empty();
    if (old) read(unread_old_, below_);
    if (some.empty()) return false;
    const auto reached = some.back().first;
    index_->execute("BEGIN");
    try {
        for (const auto& [arrival, message] : some)
            if (!message.is_removed()) add(arrival, message);
        set_read_.bind(1, old ? read_ : reached)
            .bind(2, old ? reached : below_)
            .bind(3, std::int64_t{holds_removed})
            .run();
        index_->execute("COMMIT");
    } catch (const sqlite::Error&) {
        if (index_->in_transaction()) index_->execute("ROLLBACK");
        throw;
    }
    (old ? below_ : read_) = reached;
    holds_removed_ = holds_removed;
    return some.size() == most;
}

void SearchFile::add(std::int64_t arrival, const base::ChatMessage& message) {
    auto place = search::place_of(message.position());
    for (;; ++place) {
        add_place_.bind(1, place).bind(2, arrival).run();
        if (index_->changes() > 0) break;
    }
    const auto room = search::room_word(message.room());
    const auto user = search::fold(message.user());
    const auto text = search::fold(message.text());
    add_words_.bind(1, place).bind(2, room).bind(3, user).bind(4, text).run();
}

base::SearchAnswer SearchFile::find(const base::SearchQuery& query) {
    base::SearchAnswer out;
    const auto match = search::to_fts5(query);
    if (match.empty()) return out;
    sqlite::Using find{find_};
    find->bind(1, match).bind(2, query.before).bind(3, static_cast<std::int64_t>(query.limit + 1));
    std::size_t rows = 0;
    std::int64_t last = 0;
    while (find->step()) {
        if (++rows > query.limit) {
            out.next = last;
            break;
        }
        last = find->number(0);
        sqlite::Using message{message_};
        if (message->bind(1, find->number(1)).step()) out.messages.push_back(read_message(message_));
    }
    return out;
}

}  // namespace davenport::node
