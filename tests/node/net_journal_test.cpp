#include "node/net/sqlite_journal.hpp"
#include "tests/node/journal_conformance.hpp"
#include "tests/node/journal_folder.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace davenport {

/// The journal in SQLite: the conformance suite, and what only a file on a disk can do.
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Harness {
public:
    Harness() { open(); }
    base::JournalView& view() { return *view_; }
    void commit(const base::JournalBatch& batch) { ASSERT_EQ(davenport::commit(*file_, batch), ""); }
    void reopen() {
        view_.reset();
        file_.reset();
        open();
    }

private:
    void open() {
        file_ = std::make_unique<node::JournalFile>(folder_ / "journal");
        view_ = std::make_unique<node::SqliteJournal>(*file_);
    }

    Folder folder_;
    std::unique_ptr<node::JournalFile> file_;
    std::unique_ptr<node::SqliteJournal> view_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, JournalConformance, Harness);

/// Some file in the folder whose name begins with `lead` has these bytes.
bool holds(const Folder& folder, std::string_view bytes, std::string_view lead = "") {
    for (const auto& one : fs::directory_iterator{folder / "."}) {
        if (!one.path().filename().string().starts_with(lead)) continue;
        std::ifstream in{one.path(), std::ios::binary};
        const std::string all{std::istreambuf_iterator<char>{in}, {}};
        if (all.find(bytes) != std::string::npos) return true;
    }
    return false;
}

template <class Condition>
bool comes_true(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
}

std::string why_refused(const std::string& path) {
    try {
        node::JournalFile file{path};
        node::SqliteJournal journal{file};
        return "it was not refused";
    } catch (const base::JournalError& error) {
        return error.what();
    }
}

TEST(JournalFile, RefusesASecondProcessAndNamesTheFirst) {
    Folder folder;
    node::JournalFile first{folder / "journal"};
    const auto reason = why_refused(folder / "journal");
    EXPECT_THAT(reason, HasSubstr("in use by another node (process " + std::to_string(::getpid()) + ")"));
    EXPECT_THAT(reason, HasSubstr("--journal"));
}

TEST(JournalFile, RefusesASecondNodeByWhateverNameItComes) {
    Folder folder;
    std::filesystem::create_directory(folder / "elsewhere");
    const node::JournalFile first{folder / "journal"};
    std::filesystem::create_hard_link(folder / "journal", folder / "hard");
    std::filesystem::create_hard_link(folder / "journal", folder / "elsewhere/journal");
    std::filesystem::create_symlink(folder / "journal", folder / "soft");
    std::filesystem::create_directory_symlink(folder / "elsewhere/..", folder / "way");
    for (const auto* name : {"hard", "elsewhere/journal", "soft", "way/journal"})
        EXPECT_THAT(why_refused(folder / name), HasSubstr("is in use by another node")) << name;
    EXPECT_FALSE(std::filesystem::exists(folder / "hard-wal"));
}

TEST(JournalFile, ALinkToItIsTheJournalItself) {
    using namespace journal_conformance;
    Folder folder;
    std::filesystem::create_directory(folder / "disk");
    {
        const node::JournalFile first{folder / "disk/journal"};
        ASSERT_EQ(commit(first, {1, {entry(1, message("lobby", 1, "a"))}}), "");
    }
    std::filesystem::create_symlink(folder / "disk/journal", folder / "journal");
    const node::JournalFile second{folder / "journal"};
    ASSERT_EQ(commit(second, {2, {entry(2, message("lobby", 2, "b"))}}), "");
    EXPECT_THAT(why_refused(folder / "disk/journal"), HasSubstr("in use by another node (process"));
    node::SqliteJournal journal{second};
    EXPECT_EQ(texts(journal.after("", 0, 10)), (Texts{"a", "b"}));
}

TEST(JournalFile, CanBeOpenedAgainAfterItsProcessEnded) {
    Folder folder;
    { node::JournalFile first{folder / "journal"}; }
    node::JournalFile second{folder / "journal"};
}

TEST(JournalFile, RefusesWhatIsNoDatabase) {
    Folder folder;
    std::ofstream{folder / "journal"} << std::string(5000, 'x');
    EXPECT_THAT(why_refused(folder / "journal"), HasSubstr("is not a journal"));
}

TEST(JournalFile, RefusesAnotherProgramsDatabaseAndLeavesItAlone) {
    Folder folder;
    {
        node::sqlite::Database other{folder / "journal", node::sqlite::Database::Mode::read_write_create};
        other.execute("CREATE TABLE recipes (name TEXT)");
    }
    EXPECT_THAT(why_refused(folder / "journal"), HasSubstr("some other program"));
    node::sqlite::Database other{folder / "journal", node::sqlite::Database::Mode::read_write};
    EXPECT_EQ(other.number("SELECT count(*) FROM sqlite_master"), 1);
}

TEST(JournalFile, RefusesANewerVersion) {
    Folder folder;
    {
        node::JournalFile file{folder / "journal"};
        file.connect().execute("PRAGMA user_version = 99");
    }
    EXPECT_THAT(why_refused(folder / "journal"), HasSubstr("newer chatnode (version 99"));
}

/// What leads from each version back to the one before it: to 1, to 2, to 3, to 4, to 5.
constexpr std::array back_to{
    "DROP TABLE forgotten",
    "DROP TABLE run",
    R"sql(
        DROP INDEX message_changed;
        ALTER TABLE message DROP COLUMN said; ALTER TABLE message DROP COLUMN edited;
        ALTER TABLE message DROP COLUMN removed; ALTER TABLE message DROP COLUMN removed_by;
        ALTER TABLE message DROP COLUMN proof)sql",
    "DROP TABLE policy",
    "ALTER TABLE checkpoint DROP COLUMN full_ids_from",
};

TEST(JournalFile, BringsEachOlderVersionUpToDateAndLosesNothing) {
    ASSERT_EQ(back_to.size() + 1, static_cast<std::size_t>(node::JournalFile::version));
    for (std::size_t version = 1; version <= back_to.size(); ++version) {
        SCOPED_TRACE(version);
        Folder folder;
        const auto path = folder / "journal";
        const auto message = journal_conformance::message("lobby", 1'000, "from of old");
        {
            node::JournalFile file{path};
            base::JournalBatch batch{1};
            batch.entries.push_back(journal_conformance::entry(1, message));
            batch.checkpoint = {"g1", "1-a"};
            ASSERT_EQ(commit(file, batch), "");
            auto database = file.connect();
            for (auto step = back_to.size(); step >= version; --step) database.execute(back_to.at(step - 1));
            database.execute("PRAGMA user_version = " + std::to_string(version));
        }
        node::JournalFile file{path};
        node::SqliteJournal journal{file};
        EXPECT_EQ(file.connect().number("PRAGMA user_version"), node::JournalFile::version);
        EXPECT_TRUE(journal.contains(message.id()));
        EXPECT_EQ(journal.page("lobby", "", 10).at(0).message, message);
        EXPECT_TRUE(journal.changed().empty());
        EXPECT_EQ(journal.state().checkpoint, (base::Checkpoint{"g1", "1-a", base::full_ids_never}))
            << "nodes of that version made brief ids";

        base::JournalBatch change{1};
        change.entries.push_back(
            journal_conformance::entry(2, base::removed(message, {2'000, 0, {}}, "ann")));
        change.entries.front().said = 1;
        ASSERT_EQ(commit(file, change), "");
        EXPECT_TRUE(journal.find(message.id())->message.is_removed());
    }
}

TEST(JournalFile, KnowsWhatWasForgotten) {
    Folder folder;
    node::JournalFile file{folder / "journal"};
    file.connect().execute("INSERT INTO forgotten VALUES ('lobby:gone')");
    node::SqliteJournal journal{file};
    EXPECT_TRUE(journal.contains("lobby:gone"));
    EXPECT_FALSE(journal.find("lobby:gone"));
}

TEST(JournalFile, RefusesAFolderThatIsNotThere) {
    Folder folder;
    EXPECT_THAT(why_refused(folder / "nowhere/journal"), HasSubstr("writable folder"));
}

TEST(JournalFile, RefusesADamagedFile) {
    Folder folder;
    const auto path = folder / "journal";
    {
        node::JournalFile file{path};
        base::JournalBatch batch{1};
        for (std::uint64_t i = 1; i <= 500; ++i)
            batch.entries.push_back(journal_conformance::entry(
                i,
                journal_conformance::message("lobby", static_cast<std::int64_t>(i), std::string(200, 'x'))));
        ASSERT_EQ(commit(file, batch), "");
        file.connect().execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    const std::string rubbish(fs::file_size(path) - 100, '\xee');
    file.seekp(100);
    file << rubbish;
    file.close();
    EXPECT_THAT(why_refused(path), testing::AnyOf(HasSubstr("is damaged"), HasSubstr("cannot be read")));
}

TEST(JournalWriter, TellsWhyABatchIsNotOnTheDiskAndWritesTheNextOne) {
    using namespace journal_conformance;
    Folder folder;
    node::JournalFile file{folder / "journal"};
    ASSERT_EQ(commit(file, {1, {entry(1, message("lobby", 1, "a"))}}), "");
    // The same place for another message: the batch is refused as a whole.
    EXPECT_NE(commit(file, {2, {entry(2, message("lobby", 2, "b")), entry(1, message("lobby", 3, "c"))}}),
              "");
    EXPECT_EQ(commit(file, {3, {entry(2, message("lobby", 4, "d"))}}), "");
    node::SqliteJournal journal{file};
    EXPECT_EQ(texts(journal.after("", 0, 10)), (Texts{"a", "d"}));
}

TEST(JournalWriter, TakesNothingWhenItsFileOrItsLogIsGone) {
    using namespace journal_conformance;
    for (const std::string part : {"", "-wal"})
        for (const bool replaced : {false, true}) {
            SCOPED_TRACE(part + (replaced ? " replaced" : " removed"));
            const Folder folder;
            const auto path = folder / "journal";
            const node::JournalFile file{path};
            std::promise<std::string> done;
            node::JournalWriter writer{
                file, [&](std::uint64_t, std::string error) { done.set_value(std::move(error)); }};
            std::uint64_t number = 0;
            const auto trouble = [&](std::uint64_t arrival) {
                done = {};
                writer.commit(
                    {++number, {entry(arrival, message("lobby", 1000 + static_cast<int>(arrival), "a"))}});
                return done.get_future().get();
            };
            EXPECT_EQ(trouble(1), "");
            EXPECT_EQ(trouble(2), "");
            std::filesystem::rename(path + part, path + ".away");
            if (replaced) std::filesystem::copy_file(path + ".away", path + part);
            const auto* what =
                replaced ? "replaced by another while the node runs" : "removed while the node runs";
            EXPECT_THAT(trouble(3), HasSubstr(what)) << "committed to a file that no restart finds";
            if (replaced) std::filesystem::remove(path + part);
            std::filesystem::rename(path + ".away", path + part);
            EXPECT_EQ(trouble(3), "") << "put back, it takes what comes";
        }
}

TEST(JournalWriter, TakesNothingIntoALogThatWasCut) {
    using namespace journal_conformance;
    for (const int kept : {0, 20, 32, 5000}) {
        SCOPED_TRACE(kept);
        const Folder folder;
        const auto path = folder / "journal";
        const node::JournalFile file{path};
        std::promise<std::string> done;
        node::JournalWriter writer{
            file, [&](std::uint64_t, std::string error) { done.set_value(std::move(error)); }};
        std::uint64_t number = 0;
        const auto trouble = [&] {
            done = {};
            ++number;
            writer.commit({number, {entry(number, message("lobby", static_cast<int>(number), "a"))}});
            return done.get_future().get();
        };
        for (int i = 0; i < 5; ++i) EXPECT_EQ(trouble(), "");
        std::filesystem::resize_file(path + "-wal", static_cast<std::uintmax_t>(kept));
        EXPECT_THAT(trouble(), HasSubstr("-wal was cut short")) << "committed to where no restart finds it";
    }
}

TEST(JournalWriter, IsNotTakenInWhenAnotherProgramEmptiesTheLogInGoodOrder) {
    using namespace journal_conformance;
    const Folder folder;
    const auto path = folder / "journal";
    const node::JournalFile file{path};
    for (std::uint64_t i = 1; i <= 5; ++i) {
        ASSERT_EQ(commit(file, {i, {entry(i, message("lobby", static_cast<int>(i), "a"))}}), "");
        node::sqlite::Database{path, node::sqlite::Database::Mode::read_write}.number(
            "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

TEST(JournalFile, OpensNoOtherFileInItsPlace) {
    using namespace journal_conformance;
    const Folder folder;
    const auto path = folder / "journal";
    const node::JournalFile file{path};
    node::SqliteJournal journal{file};
    ASSERT_EQ(commit(file, {1, {entry(1, message("lobby", 1, "a"))}}), "");
    std::filesystem::rename(path, path + ".away");
    std::ofstream{path};
    EXPECT_THROW(static_cast<void>(file.connect()), base::JournalError);
    EXPECT_GT(std::filesystem::file_size(path + "-wal"), 0u) << "the log of ours was thrown away";
    std::filesystem::remove(path);
    std::filesystem::rename(path + ".away", path);
    EXPECT_EQ(commit(file, {2, {entry(2, message("lobby", 2, "b"))}}), "");
}

TEST(JournalWriter, LeavesNothingOfARemovedTextInAnyFile) {
    using namespace journal_conformance;
    Folder folder;
    const auto path = folder / "journal";
    const std::string secret = "hunter2-" + std::string(600, 'q');
    node::JournalFile file{path};
    const auto a = entry(1, message("lobby", 1'000, secret));
    std::vector<base::JournalEntry> others;
    for (std::uint64_t n = 2; n < 200; ++n)
        others.push_back(entry(n, message("lobby", 1'000 + static_cast<std::int64_t>(n), "hello there")));
    const auto is_in_a_file = [&] { return holds(folder, "hunter2"); };
    node::SqliteJournal journal{file};  // a reader is at the file, as in a node
    ASSERT_EQ(commit(file, {1, {a}}), "");
    ASSERT_EQ(commit(file, {2, others}), "");
    EXPECT_EQ(journal.find(a.message.id())->message.text(), secret);
    EXPECT_TRUE(is_in_a_file());
    ASSERT_EQ(commit(file, {3, {removal(a, 200)}}), "");
    EXPECT_FALSE(is_in_a_file());
    EXPECT_TRUE(journal.find(a.message.id())->message.is_removed());
}

TEST(JournalWriter, LeavesNothingOfTextsThatAreRemovedOneAfterAnother) {
    using namespace journal_conformance;
    Folder folder;
    node::JournalFile file{folder / "journal"};
    std::vector<base::JournalEntry> said;
    for (std::uint64_t n = 1; n <= 5; ++n)
        said.push_back(
            entry(n, message("lobby", static_cast<std::int64_t>(n), "hunter2-" + std::string(600, 'q'))));
    std::atomic<std::uint64_t> answered = 0;
    node::JournalWriter writer{file, [&](std::uint64_t batch, const std::string&) { answered = batch; }};
    writer.commit({1, said});
    for (std::uint64_t n = 1; n <= 5; ++n) writer.commit({n + 1, {removal(said[n - 1], n + 5)}});
    ASSERT_TRUE(comes_true([&] { return answered == 6; }));
    EXPECT_TRUE(comes_true([&] { return !holds(folder, "hunter2"); })) << "nothing is written after them";
}

TEST(JournalFile, HoldsNothingOfARemovalThatAKillCameUponOnceItIsOpened) {
    using namespace journal_conformance;
    Folder folder;
    const auto secret = entry(1, message("lobby", 1, "hunter2-" + std::string(600, 'q')));
    {
        node::JournalFile file{folder / "journal"};
        ASSERT_EQ(commit(file, {1, {secret}}), "");
        // As much of a kill as can be had here: the removal is committed, and the log is not wiped.
        auto database = file.connect();
        database.execute("UPDATE message SET text = '', removed = '01MCC5RM00000'");
        for (const auto* ending : {"", "-wal"})
            fs::copy(folder / "journal" + ending, folder / "left" + ending);
    }
    ASSERT_TRUE(holds(folder, "hunter2", "left"));
    node::JournalFile left{folder / "left"};
    EXPECT_FALSE(holds(folder, "hunter2", "left"));
}

TEST(JournalWriter, AnswersBatchesInOrder) {
    using namespace journal_conformance;
    Folder folder;
    node::JournalFile file{folder / "journal"};
    std::vector<std::uint64_t> answered;
    {
        node::JournalWriter writer{
            file, [&](std::uint64_t batch, const std::string&) { answered.push_back(batch); }};
        for (std::uint64_t n = 1; n <= 20; ++n)
            writer.commit({n, {entry(n, message("lobby", static_cast<std::int64_t>(n), "m"))}});
    }
    ASSERT_EQ(answered.size(), 20u);
    EXPECT_TRUE(std::ranges::is_sorted(answered));
}

TEST(SqliteJournal, IsOpenAndReadAtOnceWithHundredThousandMessages) {
    using namespace journal_conformance;
    Folder folder;
    constexpr std::uint64_t count = 100'000;
    {
        node::JournalFile file{folder / "journal"};
        base::JournalBatch batch{1};
        for (std::uint64_t i = 1; i <= count; ++i)
            batch.entries.push_back(
                entry(i, message(i % 10 == 0 ? "other" : "lobby", static_cast<std::int64_t>(i), "m"), "g1"));
        batch.entries.back().stored_in = "";
        ASSERT_EQ(commit(file, std::move(batch)), "");
    }
    const auto began = std::chrono::steady_clock::now();
    node::JournalFile file{folder / "journal"};
    node::SqliteJournal journal{file};
    EXPECT_EQ(journal.state().last_arrival, count);
    EXPECT_EQ(journal.count_not_stored_in("g1"), 1u);
    EXPECT_EQ(journal.not_stored_in("g1", 0, 500).size(), 1u);
    EXPECT_EQ(journal.page("lobby", "", 50).size(), 50u);
    EXPECT_EQ(journal.after("other", count - 100, 50).size(), 10u);
    EXPECT_FALSE(journal.contains("lobby:none"));
    // An index that is missing shows here: each of these would read all the messages.
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds{500});
}

}  // namespace

}  // namespace davenport
