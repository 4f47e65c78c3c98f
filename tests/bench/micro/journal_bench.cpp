#include "node/net/sqlite_journal.hpp"
#include "virtual_clock.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

// The disk: a commit of so many messages by SQLite, beside the least that a disk can do. Files go to
// BENCH_FOLDER or here.
namespace davenport::bench {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
    const char* chosen = std::getenv("BENCH_FOLDER");
    return fs::path{chosen ? chosen : "."} / ("journal_bench." + std::to_string(getpid()));
}

/// A journal in a folder of its own, which goes with it.
class Journal {
public:
    Journal()
        : file_{(fs::create_directories(folder()), folder() / "journal")},
          writer_{file_, [this](auto, auto error) { done(error); }} {}
    ~Journal() { fs::remove_all(folder()); }

    /// Commits `count` new messages and waits until they are on the disk.
    void commit(std::size_t count) {
        base::JournalBatch batch;
        for (std::size_t i = 0; i < count; ++i) {
            const auto arrival = ++arrivals_;
            batch.entries.push_back(
                {.arrival = arrival,
                 .message = base::make_message("lobby", "ann",
                                               {epoch_ms + static_cast<std::int64_t>(arrival), 0, {}},
                                               std::string(64, 'x'), "n1"),
                 .accepted_here = true,
                 .stored_in = {}});
            ids_.emplace_back(batch.entries.back().message.id());
        }
        hand_over(std::move(batch));
    }
    /// SituationCoverage the oldest `count` unmarked messages as stored, in one commit.
    void mark(std::size_t count) {
        base::JournalBatch batch;
        batch.stored_generation = "g1";
        while (batch.stored.size() < count && marked_ < ids_.size()) batch.stored.push_back(ids_[marked_++]);
        hand_over(std::move(batch));
    }
    [[nodiscard]] bool all_marked() const { return marked_ == ids_.size(); }
    [[nodiscard]] const node::JournalFile& file() const { return file_; }
    [[nodiscard]] const std::string& last_id() const { return ids_.back(); }
    [[nodiscard]] const std::string& error() const { return error_; }

private:
    void hand_over(base::JournalBatch batch) {
        batch.number = ++batches_;
        std::unique_lock lock{mutex_};
        writer_.commit(std::move(batch));
        wake_.wait(lock, [this] { return committed_ == batches_; });
    }

    void done(const std::string& error) {
        const std::lock_guard lock{mutex_};
        ++committed_;
        if (!error.empty()) error_ = error;
        wake_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::uint64_t batches_ = 0, committed_ = 0, arrivals_ = 0;
    std::vector<std::string> ids_;
    std::size_t marked_ = 0;
    std::string error_;
    node::JournalFile file_;
    node::JournalWriter writer_;
};

void commit(benchmark::State& state) {
    Journal journal;
    for (auto _ : state) journal.commit(static_cast<std::size_t>(state.range(0)));
    if (!journal.error().empty()) state.SkipWithError(journal.error().c_str());
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(commit)->Arg(1)->Arg(10)->Arg(100)->Arg(500)->ArgName("messages")->UseRealTime();

void mark_stored(benchmark::State& state) {
    Journal journal;
    for (int i = 0; i < 200; ++i) journal.commit(1000);
    for (auto _ : state) {
        if (journal.all_marked()) state.SkipWithError("nothing is left to mark");
        journal.mark(static_cast<std::size_t>(state.range(0)));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(mark_stored)->Arg(250)->ArgName("messages")->Iterations(200)->UseRealTime();

void bare_fdatasync(benchmark::State& state) {  // of a file that does not grow
    fs::create_directories(folder());
    const int file = open((folder() / "bare").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    const std::string page(4096, 'x');
    if (posix_fallocate(file, 0, 4096 * 1024) != 0) state.SkipWithError("no room on the disk");
    off_t at = 0;
    for (auto _ : state) {
        if (pwrite(file, page.data(), page.size(), at) != 4096 || fdatasync(file) != 0)
            state.SkipWithError("the disk refuses");
        at = (at + 4096) % (4096 * 1024);
    }
    close(file);
    fs::remove_all(folder());
}
BENCHMARK(bare_fdatasync)->UseRealTime();

void look_up(benchmark::State& state) {
    Journal journal;
    for (int i = 0; i < 100; ++i) journal.commit(1000);
    node::SqliteJournal view{journal.file()};
    const std::string unknown = "lobby:06000000000000000000000000";
    for (auto _ : state) {
        benchmark::DoNotOptimize(view.contains(journal.last_id()));
        benchmark::DoNotOptimize(view.contains(unknown));
    }
    state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(look_up);

void newest_page(benchmark::State& state) {
    Journal journal;
    for (int i = 0; i < 100; ++i) journal.commit(1000);
    node::SqliteJournal view{journal.file()};
    for (auto _ : state) benchmark::DoNotOptimize(view.page("lobby", {}, 50));
}
BENCHMARK(newest_page);

}  // namespace
}  // namespace davenport::bench
