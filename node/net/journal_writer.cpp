#include "node/net/log_index.hpp"
#include "node/net/sqlite_journal.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace davenport::node {

struct JournalWriter::Impl {
    using Clock = std::chrono::steady_clock;
    static constexpr auto between_wipes = std::chrono::seconds{1};

    Impl(const JournalFile& file, OnDone done)
        : on_done(std::move(done)),
          journal(file),
          recent(file.recent()),
          database(file.connect()),
          insert(database.prepare("INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                                  "?12, ?13, ?14, ?15) ON CONFLICT (id) DO NOTHING")),
          change(database.prepare("UPDATE message SET arrival = ?2, text = ?3, stored_in = ?4, said = ?5, "
                                  "edited = ?6, removed = ?7, removed_by = ?8 WHERE id = ?1")),
          mark(database.prepare("UPDATE message SET stored_in = ?2 WHERE id = ?1")),
          find_generation(database.prepare("SELECT id FROM generation WHERE name = ?1")),
          add_generation(database.prepare("INSERT INTO generation (name) VALUES (?1)")),
          move_checkpoint(database.prepare(
              "INSERT INTO checkpoint VALUES (1, ?1, ?2, ?3) ON CONFLICT (one) DO UPDATE SET "
              "generation = excluded.generation, seq = excluded.seq, full_ids_from = "
              "excluded.full_ids_from")),
          rename(database.prepare("UPDATE journal SET uuid = ?1")),
          put_policy(database.prepare("INSERT OR REPLACE INTO policy VALUES (?1, ?2, ?3, ?4)")),
          drop_policy(database.prepare("DELETE FROM policy WHERE id = ?1")) {
        thread = std::thread{[this] { work(); }};
    }

    ~Impl() {
        {
            const std::lock_guard lock{mutex};
            ending = true;
        }
        wake.notify_one();
        thread.join();
    }

    void work() {
        std::unique_lock lock{mutex};
        const auto is_called = [this] { return ending || !queue.empty(); };
        for (;;) {
            if (!removed_text_is_left) {
                wake.wait(lock, is_called);
            } else if (!wake.wait_until(lock, wiped_at + between_wipes, is_called)) {
                lock.unlock();
                wipe_log();
                lock.lock();
                continue;
            }
            if (queue.empty()) return;
            const auto batch = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            on_done(batch.number, write(batch));
            if (removed_text_is_left && Clock::now() >= wiped_at + between_wipes) wipe_log();
            lock.lock();
        }
    }

    /// Empty when it is on the disk.
    std::string write(const base::JournalBatch& batch) {
        try {
            database.execute("BEGIN IMMEDIATE");
            for (const auto& entry : batch.entries)
                if (!entry.is_change()) add(entry);
            if (!batch.stored.empty()) {
                const auto generation = generation_id(batch.stored_generation);
                for (const auto& id : batch.stored) mark.bind(1, id).bind(2, generation).run();
            }
            // After the marks: those are about what was there before.
            for (const auto& entry : batch.entries)
                if (entry.is_change()) replace(entry);
            if (batch.checkpoint)
                move_checkpoint.bind(1, batch.checkpoint->generation)
                    .bind(2, batch.checkpoint->place)
                    .bind(3, batch.checkpoint->full_ids_from)
                    .run();
            for (const auto& policy : batch.policies)
                if (policy.body.empty())
                    drop_policy.bind(1, policy.id).run();
                else
                    put_policy.bind(1, policy.id)
                        .bind(2, policy.body)
                        .bind(3, policy.revision)
                        .bind(4, generation_id(policy.stored_in))
                        .run();
            if (!batch.uuid.empty()) rename.bind(1, batch.uuid).run();
            // What is committed to a file that was removed is on no disk that a restart would find.
            if (auto trouble = journal.misplaced(log_seen); !trouble.empty()) {
                database.execute("ROLLBACK");
                return trouble;
            }
            log_index.check();
            database.execute("COMMIT");
            remember(batch);
            removed_text_is_left |= std::ranges::any_of(
                batch.entries, [](const base::JournalEntry& entry) { return entry.message.is_removed(); });
            return {};
        } catch (const sqlite::Error& error) {
            std::string reason = error.what();
            if (database.in_transaction()) {
                try {
                    database.execute("ROLLBACK");
                } catch (const sqlite::Error&) {  // it is rolled back when it is opened again at the latest
                }
            }
            return reason;
        }
    }

    void remember(const base::JournalBatch& batch) const {
        std::vector<std::string_view> ids;
        for (const auto& entry : batch.entries)
            if (!entry.is_change()) ids.emplace_back(entry.message.id());
        recent.add(ids);
    }

    void add(const base::JournalEntry& entry) {
        const auto& m = entry.message;
        insert.bind(1, static_cast<std::int64_t>(entry.arrival))
            .bind(2, m.id())
            .bind(3, m.room())
            .bind(4, m.position())
            .bind(5, m.user());
        insert.bind(6, m.text())
            .bind(7, m.datetime())
            .bind(8, m.host())
            .bind(9, std::int64_t{entry.accepted_here});
        insert.bind(10, generation_id(entry.stored_in))
            .bind(11, static_cast<std::int64_t>(entry.said))
            .bind(12, m.edited())
            .bind(13, m.removed())
            .bind(14, m.removed_by())
            .bind(15, m.proof())
            .run();
    }

    void replace(const base::JournalEntry& entry) {
        const auto& m = entry.message;
        change.bind(1, m.id())
            .bind(2, static_cast<std::int64_t>(entry.arrival))
            .bind(3, m.text())
            .bind(4, generation_id(entry.stored_in))
            .bind(5, static_cast<std::int64_t>(entry.said))
            .bind(6, m.edited())
            .bind(7, m.removed())
            .bind(8, m.removed_by())
            .run();
    }

    /// The write-ahead log still has pages with what was removed, until they are written over. While many are
    /// removed it is wiped now and then, since a wipe waits for the disk; is it in use just now, a later wipe
    /// comes to it again.
    void wipe_log() {
        wiped_at = Clock::now();
        try {
            const bool busy = database.number("PRAGMA wal_checkpoint(TRUNCATE)") != 0;
            removed_text_is_left = busy;
        } catch (const sqlite::Error&) {  // tried again
        }
    }

    std::int64_t generation_id(const base::Generation& name) {
        if (name.empty()) return 0;
        {
            sqlite::Using found{find_generation};
            if (found->bind(1, name).step()) return found->number(0);
        }
        add_generation.bind(1, name).run();
        return generation_id(name);
    }

    OnDone on_done;
    const JournalFile& journal;
    RecentIds& recent;
    sqlite::Database database;
    sqlite::Statement insert, change, mark, find_generation, add_generation, move_checkpoint, rename,
        put_policy, drop_policy;
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<base::JournalBatch> queue;
    bool ending = false;
    // Of the writer's thread alone. What a node that was killed left in the log is gone already: opening the
    // file brings it to an end.
    JournalFile::LogSeen log_seen;
    LogIndex log_index{journal.path()};
    bool removed_text_is_left = false;
    Clock::time_point wiped_at{};
    std::thread thread;
};

JournalWriter::JournalWriter(const JournalFile& file, OnDone on_done)
    : impl_(std::make_unique<Impl>(file, std::move(on_done))) {}
JournalWriter::~JournalWriter() = default;

void JournalWriter::commit(base::JournalBatch batch) {
    {
        const std::lock_guard lock{impl_->mutex};
        impl_->queue.push_back(std::move(batch));
    }
    impl_->wake.notify_one();
}

}  // namespace davenport::node
