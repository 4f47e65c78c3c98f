#include "node/program/journal_copy.hpp"

#include "node/program/options.hpp"
#include "tests/node/journal_folder.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

/// Backups of a journal, and putting them back.
namespace davenport::node::program {
namespace {

using testing::AllOf;
using testing::HasSubstr;

base::JournalEntry entry(std::uint64_t arrival) {
    return {arrival,
            base::make_message("lobby", "ann", {static_cast<std::int64_t>(arrival), 0, {}},
                               "m" + std::to_string(arrival), "n1"),
            true,
            {}};
}

void add(const JournalFile& file, std::uint64_t from, std::uint64_t to) {
    base::JournalBatch batch{.number = from};
    for (auto i = from; i < to; ++i) batch.entries.push_back(entry(i));
    ASSERT_EQ(commit(file, std::move(batch)), "");
}

base::JournalView::State state_of(const std::string& path) {
    const JournalFile file{path};
    return SqliteJournal{file}.state();
}

template <class Call>
std::string refusal(Call call) {
    try {
        call();
        return "";
    } catch (const std::exception& error) {
        return error.what();
    }
}

struct JournalCopy : testing::Test {
    Folder folder;
    std::string journal = folder / "journal", copy = folder / "copy";
};

TEST_F(JournalCopy, HoldsAllThatWasCommittedThoughTheNodeRuns) {
    const JournalFile file{journal};
    add(file, 1, 201);
    back_up_journal(journal, copy);
    add(file, 201, 301);
    EXPECT_EQ(state_of(copy).last_arrival, 200u);
    EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
    EXPECT_THAT(refusal([&] { back_up_journal(journal, copy); }), HasSubstr("give --to another name"));
}

TEST_F(JournalCopy, IsPutBackUnderANewUuidAndWhatWasThereIsKept) {
    std::string uuid;
    {
        const JournalFile file{journal};
        add(file, 1, 11);
        back_up_journal(journal, copy);
        add(file, 11, 21);
        uuid = SqliteJournal{file}.state().uuid;
        EXPECT_THAT(refusal([&] { restore_journal(copy, journal); }), HasSubstr("in use by another node"));
    }
    restore_journal(copy, journal);
    const auto state = state_of(journal);
    EXPECT_EQ(state.last_arrival, 10u);
    EXPECT_NE(state.uuid, uuid);
    std::size_t kept = 0;
    for (const auto& item : std::filesystem::directory_iterator{std::filesystem::path{journal}.parent_path()})
        if (item.path().string().find(".replaced-") != std::string::npos &&
            !item.path().string().ends_with("-wal") && !item.path().string().ends_with("-shm") &&
            !item.path().string().ends_with(".lock")) {
            ++kept;
            EXPECT_EQ(state_of(item.path().string()).last_arrival, 20u);
        }
    EXPECT_EQ(kept, 1u);
}

TEST_F(JournalCopy, OfWhatIsNoJournalChangesNothing) {
    { add(JournalFile{journal}, 1, 3); }
    std::ofstream{copy} << "this is no journal, but some text that somebody wrote into a file by this name";
    EXPECT_THAT(refusal([&] { restore_journal(copy, journal); }), HasSubstr("is not a journal"));
    EXPECT_THAT(refusal([&] { restore_journal(folder / "nowhere", journal); }),
                HasSubstr("there is no journal"));
    EXPECT_THAT(refusal([&] { back_up_journal(folder / "nowhere", folder / "other"); }),
                HasSubstr("there is no journal"));
    EXPECT_EQ(state_of(journal).last_arrival, 2u);
}

TEST_F(JournalCopy, PutBackByHandIsNoticedByTheNextStart) {
    std::string uuid;
    {
        const JournalFile file{journal};
        EXPECT_FALSE(file.went_back());
        add(file, 1, 11);
        uuid = SqliteJournal{file}.state().uuid;
        back_up_journal(journal, copy);
    }
    {
        const JournalFile file{journal};
        EXPECT_FALSE(file.went_back()) << "it only went on";
        add(file, 11, 21);
    }
    for (const auto* ending : {"-wal", "-shm"}) std::filesystem::remove(journal + ending);
    std::filesystem::copy_file(copy, journal, std::filesystem::copy_options::overwrite_existing);
    {
        const JournalFile file{journal};
        EXPECT_TRUE(file.went_back());
        EXPECT_NE(SqliteJournal{file}.state().uuid, uuid);
    }
    EXPECT_FALSE(JournalFile{journal}.went_back());
}

/// A disk that is full in the middle of a copy, as a limit on the size of files.
TEST_F(JournalCopy, OnAFullDiskSaysWhichOneAndLeavesNothingBehind) {
    { add(JournalFile{journal}, 1, 2001); }
    back_up_journal(journal, copy);
    const auto files = [&] {
        std::set<std::string> out;
        for (const auto& one : std::filesystem::directory_iterator{folder / "."})
            out.insert(one.path().filename());
        return out;
    };
    const auto before = files();
    std::signal(SIGXFSZ, SIG_IGN);
    ::rlimit old{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
    const ::rlimit small{64 << 10, old.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto at_backup = refusal([&] { back_up_journal(journal, folder / "second"); });
    const auto at_restore = refusal([&] { restore_journal(copy, journal); });
    ::setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(at_backup, AllOf(HasSubstr("second cannot be written"), HasSubstr("free some space")));
    EXPECT_THAT(at_restore, AllOf(HasSubstr("journal cannot be written"), HasSubstr("free some space")));
    EXPECT_EQ(files(), before);
    EXPECT_EQ(state_of(journal).last_arrival, 2000u);
}

TEST_F(JournalCopy, LivesAreKeptInTheirOrder) {
    { add(JournalFile{journal}, 1, 11); }
    const JournalFile file{journal};
    const auto runs = SqliteJournal{file}.runs();
    ASSERT_EQ(runs.size(), 2u);
    EXPECT_EQ(runs[0].after, 0u);
    EXPECT_EQ(runs[1].after, 10u);
    EXPECT_NE(runs[0].id, runs[1].id);
}

TEST(JournalCommands, AreReadWithTheirFiles) {
    const auto read = [](std::vector<std::string> words) {
        words.insert(words.begin(), "chatnode");
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        int exit_code = 0;
        const auto out = read_command_line(static_cast<int>(argv.size()), argv.data(), exit_code);
        return out && out->journal ? out->journal->file + " -> " + out->journal->to : "";
    };
    EXPECT_EQ(read({"journal", "backup", "--to", "c"}), "chatnode.journal -> c");
    EXPECT_EQ(read({"journal", "backup", "j", "--to", "c"}), "j -> c");
    EXPECT_EQ(read({"journal", "restore", "c"}), "c -> chatnode.journal");
    EXPECT_EQ(read({"journal", "restore", "c", "--journal", "j"}), "c -> j");
}

}  // namespace
}  // namespace davenport::node::program
