#include "node/net/sqlite_journal.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace davenport::node {
namespace {

constexpr auto columns =
    "m.arrival, m.id, m.room, m.position, m.user, m.text, m.datetime, m.host, m.accepted_here, m.stored_in, "
    "m.said, m.edited, m.removed, m.removed_by, m.proof";

std::int64_t as_limit(std::size_t limit) {
    return static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX));
}

}  // namespace

struct SqliteJournal::Impl {
    explicit Impl(const JournalFile& file)
        : path(file.path()),
          recent(file.recent()),
          database(file.connect()),
          uuid(database.prepare("SELECT uuid FROM journal")),
          last_arrival(database.prepare("SELECT max(arrival) FROM message")),
          first_arrival(database.prepare(
              "SELECT coalesce(min(n), 0) FROM (SELECT min(arrival) AS n FROM message UNION ALL SELECT "
              "min(said) FROM message WHERE (edited <> '' OR removed <> '') AND said > 0)")),
          runs(database.prepare("SELECT id, after FROM run ORDER BY number")),
          checkpoint(database.prepare("SELECT generation, seq, full_ids_from FROM checkpoint")),
          generation(database.prepare("SELECT id, name FROM generation")),
          contains(database.prepare("SELECT 1 FROM message WHERE id = ?1 UNION ALL SELECT 1 FROM "
                                    "forgotten WHERE id = ?1")),
          find(select("WHERE m.id = ?1")),
          page_newest(select("WHERE m.room = ?1 ORDER BY m.position DESC LIMIT ?2")),
          page_before(select("WHERE m.room = ?1 AND m.position < ?3 ORDER BY m.position DESC LIMIT ?2")),
          after_in_room(select("WHERE m.room = ?3 AND m.arrival > ?1 ORDER BY m.arrival LIMIT ?2")),
          after_in_all(select("WHERE m.arrival > ?1 ORDER BY m.arrival LIMIT ?2")),
          next_room(database.prepare("SELECT room, max(position) FROM message WHERE room = "
                                     "(SELECT min(room) FROM message WHERE room > ?1)")),
          in_store(select("WHERE m.stored_in = ?3 AND m.arrival > ?1 ORDER BY m.arrival LIMIT ?2")),
          count_in_store(database.prepare("SELECT count(*) FROM message WHERE stored_in = ?1")),
          changed(database.prepare("SELECT id FROM message WHERE edited <> '' OR removed <> ''")),
          policies(database.prepare("SELECT id, body, revision, stored_in FROM policy ORDER BY id")) {}

    sqlite::Statement select(std::string_view rest) {
        return database.prepare(fmt::format("SELECT {} FROM message AS m {}", columns, rest));
    }

    /// Names of generations by their number. There are as many as the store was made anew: few.
    void read_generations() {
        generations.clear();
        generations.emplace(0, "");
        const sqlite::Using scope{generation};
        while (generation.step()) generations.emplace(generation.number(0), generation.text(1));
    }

    const std::string& generation_name(std::int64_t id) {
        const auto found = generations.find(id);
        if (found != generations.end()) return found->second;
        read_generations();
        return generations[id];
    }

    base::JournalEntry entry(sqlite::Statement& row) {
        return {.arrival = static_cast<std::uint64_t>(row.number(0)),
                .message = base::ChatMessage{{row.text(1), row.text(2), row.text(3), row.text(4), row.text(5),
                                              row.text(6), row.text(7), row.text(11), row.text(12),
                                              row.text(13), row.text(14)}},
                .accepted_here = row.number(8) != 0,
                .stored_in = generation_name(row.number(9)),
                .said = static_cast<std::uint64_t>(row.number(10))};
    }

    std::vector<base::JournalEntry> entries(sqlite::Statement& rows) {
        const sqlite::Using scope{rows};
        std::vector<base::JournalEntry> out;
        while (rows.step()) out.push_back(entry(rows));
        return out;
    }

    std::string path;
    const RecentIds& recent;
    sqlite::Database database;
    sqlite::Statement uuid, last_arrival, first_arrival, runs, checkpoint, generation, contains, find,
        page_newest, page_before, after_in_room, after_in_all, next_room, in_store, count_in_store, changed,
        policies;
    std::map<std::int64_t, std::string> generations;

    /// Reading goes on for ever or not at all: without its journal a node does not know what it promised.
    template <class Read>
    auto guarded(Read read) {
        try {
            return read();
        } catch (const sqlite::Error& error) {
            throw base::JournalError(fmt::format(
                "the journal {} cannot be read: {}: check the disk, restore a backup, or move it away", path,
                error.what()));
        }
    }
};

SqliteJournal::SqliteJournal(const JournalFile& file)
    : impl_([&] {
          try {
              return std::make_unique<Impl>(file);
          } catch (const sqlite::Error& error) {
              throw base::JournalError(
                  fmt::format("the journal {} is damaged: {}: restore a backup, or move it away", file.path(),
                              error.what()));
          }
      }()) {}
SqliteJournal::~SqliteJournal() = default;

SqliteJournal::State SqliteJournal::state() {
    return impl_->guarded([&] {
        sqlite::Using uuid{impl_->uuid}, last{impl_->last_arrival}, checkpoint{impl_->checkpoint};
        State state;
        if (uuid->step()) state.uuid = uuid->text(0);
        if (last->step()) state.last_arrival = static_cast<std::uint64_t>(last->number(0));
        if (checkpoint->step())
            state.checkpoint =
                base::Checkpoint{checkpoint->text(0), checkpoint->text(1), checkpoint->number(2)};
        return state;
    });
}

std::uint64_t SqliteJournal::first_arrival() {
    return impl_->guarded([&] {
        sqlite::Using first{impl_->first_arrival};
        return first->step() ? static_cast<std::uint64_t>(first->number(0)) : 0;
    });
}

std::vector<base::JournalRun> SqliteJournal::runs() {
    return impl_->guarded([&] {
        sqlite::Using run{impl_->runs};
        std::vector<base::JournalRun> out;
        while (run->step()) out.push_back({run->text(0), static_cast<std::uint64_t>(run->number(1))});
        return out;
    });
}

bool SqliteJournal::contains(std::string_view id) {
    if (const auto known = impl_->recent.look_up(id); known != RecentIds::Answer::unknown)
        return known == RecentIds::Answer::present;
    return impl_->guarded([&] {
        sqlite::Using statement{impl_->contains};
        return statement->bind(1, id).step();
    });
}

std::optional<base::JournalEntry> SqliteJournal::find(std::string_view id) {
    if (impl_->recent.look_up(id) == RecentIds::Answer::absent) return std::nullopt;
    return impl_->guarded([&]() -> std::optional<base::JournalEntry> {
        auto found = impl_->entries(impl_->find.bind(1, id));
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    });
}

std::vector<base::JournalEntry> SqliteJournal::page(std::string_view room, std::string_view before,
                                                    std::size_t limit) {
    return impl_->guarded([&] {
        auto& statement = before.empty() ? impl_->page_newest : impl_->page_before;
        statement.bind(1, room).bind(2, as_limit(limit));
        if (!before.empty()) statement.bind(3, before);
        return impl_->entries(statement);
    });
}

std::vector<base::JournalEntry> SqliteJournal::after(std::string_view room, std::uint64_t arrival,
                                                     std::size_t limit) {
    return impl_->guarded([&] {
        auto& statement = room.empty() ? impl_->after_in_all : impl_->after_in_room;
        statement.bind(1, static_cast<std::int64_t>(arrival)).bind(2, as_limit(limit));
        if (!room.empty()) statement.bind(3, room);
        return impl_->entries(statement);
    });
}

std::vector<base::JournalRoom> SqliteJournal::rooms(std::string_view after, std::size_t limit) {
    return impl_->guarded([&] {
        // From room to room in the index: their messages are not looked at.
        std::vector<base::JournalRoom> out;
        std::string last{after};
        while (out.size() < limit) {
            sqlite::Using room{impl_->next_room};
            if (!room->bind(1, last).step() || room->text(0).empty()) break;
            last = room->text(0);
            out.push_back({last, room->text(1)});
        }
        return out;
    });
}

std::vector<base::JournalEntry> SqliteJournal::not_stored_in(const base::Generation& generation,
                                                             std::uint64_t arrival, std::size_t limit) {
    return impl_->guarded([&] {
        // One index range for each other generation; the first `limit` of all are among the first `limit` of
        // each.
        impl_->read_generations();
        std::vector<base::JournalEntry> out;
        for (const auto& [id, name] : impl_->generations) {
            if (!generation.empty() && name == generation) continue;
            impl_->in_store.bind(1, static_cast<std::int64_t>(arrival)).bind(2, as_limit(limit)).bind(3, id);
            auto some = impl_->entries(impl_->in_store);
            std::ranges::move(some, std::back_inserter(out));
        }
        std::ranges::sort(out, {}, &base::JournalEntry::arrival);
        if (out.size() > limit) out.resize(limit);
        return out;
    });
}

std::size_t SqliteJournal::count_not_stored_in(const base::Generation& generation) {
    return impl_->guarded([&] {
        impl_->read_generations();
        std::int64_t count = 0;
        for (const auto& [id, name] : impl_->generations) {
            if (!generation.empty() && name == generation) continue;
            sqlite::Using statement{impl_->count_in_store};
            if (statement->bind(1, id).step()) count += statement->number(0);
        }
        return static_cast<std::size_t>(count);
    });
}

std::vector<std::string> SqliteJournal::changed() {
    return impl_->guarded([&] {
        sqlite::Using rows{impl_->changed};
        std::vector<std::string> out;
        while (rows->step()) out.push_back(rows->text(0));
        return out;
    });
}

std::vector<base::JournalPolicy> SqliteJournal::policies() {
    return impl_->guarded([&] {
        sqlite::Using rows{impl_->policies};
        std::vector<base::JournalPolicy> out;
        while (rows->step())
            out.push_back(
                {rows->text(0), rows->text(1), rows->text(2), impl_->generation_name(rows->number(3))});
        return out;
    });
}

}  // namespace davenport::node
