#include "node/net/search_file.hpp"
#include "node/net/search_index.hpp"
#include "node/net/search_query.hpp"
#include "tests/node/journal_conformance.hpp"
#include "tests/node/journal_folder.hpp"

#include <ctime>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Full-text search over a journal's file.
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::SearchQuery query(std::string text, std::string room = {}) {
    base::SearchQuery out;
    out.text = std::move(text);
    out.room = std::move(room);
    return out;
}

struct SearchIndexTest : testing::Test {
    SearchIndexTest() { open(); }

    void open() {
        index.reset();
        index.emplace(
            file, [this](std::uint64_t, base::SearchAnswer answer) { answered.set_value(std::move(answer)); },
            [this](std::string line) { log.push_back(std::move(line)); });
    }
    void say(std::vector<std::string> texts, std::string room = "lobby") {
        base::JournalBatch batch{1};
        for (auto& text : texts) {
            ++said;
            batch.entries.push_back(journal_conformance::entry(
                said,
                journal_conformance::message(room, static_cast<std::int64_t>(1000 * (said & 0xffff)), text)));
        }
        ASSERT_EQ(commit(file, batch), "");
    }
    base::SearchAnswer find(base::SearchQuery what) {
        answered = {};
        auto answer = answered.get_future();
        index->search(1, std::move(what));
        return answer.get();
    }
    std::vector<std::string> texts(base::SearchQuery what) {
        std::vector<std::string> out;
        for (const auto& message : find(std::move(what)).messages) out.emplace_back(message.text());
        return out;
    }

    Folder folder;
    node::JournalFile file{folder / "journal"};
    std::uint64_t said = std::uint64_t{1} << 32;  ///< where a journal's numbers begin
    std::promise<base::SearchAnswer> answered;
    std::vector<std::string> log;  ///< of the index's thread: read it after an answer only
    std::optional<node::SearchIndex> index;
};

TEST_F(SearchIndexTest, FindsTheNewestFirstAsSoonAsItIsCommitted) {
    say({"green tea", "black tea", "coffee"});
    EXPECT_THAT(texts(query("tea")), ElementsAre("black tea", "green tea"));
    say({"no more tea"});
    EXPECT_THAT(texts(query("tea")), ElementsAre("no more tea", "black tea", "green tea"));
}

TEST_F(SearchIndexTest, WantsEveryWordAtTheBeginningOfOne) {
    say({"a teapot is on the table", "tea for two", "steam"});
    EXPECT_THAT(texts(query("tea")), ElementsAre("tea for two", "a teapot is on the table"));
    EXPECT_THAT(texts(query("tea tab")), ElementsAre("a teapot is on the table"));
    EXPECT_THAT(texts(query("tea steam")), IsEmpty());
}

TEST_F(SearchIndexTest, WantsWordsInARowWhenTheyAreQuoted) {
    say({"two for tea", "tea for two"});
    EXPECT_THAT(texts(query("\"tea for\"")), ElementsAre("tea for two"));
    EXPECT_THAT(texts(query("\"tea for")), ElementsAre("tea for two"))
        << "the closing quote is still to be typed";
}

TEST_F(SearchIndexTest, KnowsNoCaseNoAccentsAndAllScripts) {
    say({"Größe und ÉTÉ", "привет мир", "great \U0001F600"});
    EXPECT_THAT(texts(query("große ete")), ElementsAre("Größe und ÉTÉ"));
    EXPECT_THAT(texts(query("ПРИВ")), ElementsAre("привет мир"));
    EXPECT_THAT(texts(query("\U0001F600")), ElementsAre("great \U0001F600"));
}

TEST_F(SearchIndexTest, FindsAnyStretchOfScriptsWithoutSpaces) {
    const std::string shanghai = "我家在上海东边。", thai = "ฉันรักประเทศไทยมาก",
                      japanese = "東京タワーへ行きました";
    say({shanghai, thai, japanese, "mixed上海text"});
    EXPECT_THAT(texts(query("上海")), ElementsAre("mixed上海text", shanghai));
    for (const auto* part :
         {"我", "家在", "上海东", "海东边", "边", "我家在上海东边", "\"上海东边\"", "\"海\""})
        EXPECT_THAT(texts(query(part)), testing::Contains(shanghai)) << part;
    for (const auto* part : {"海上", "上东", "东海", "\"家上海\""})
        EXPECT_THAT(texts(query(part)), IsEmpty()) << part;
    for (const auto* part : {"ประเทศ", "ไทย", "รัก", "ประเทศไทย"})
        EXPECT_THAT(texts(query(part)), ElementsAre(thai)) << part;
    for (const auto* part : {"京タ", "タワー", "行き", "ﾀﾜｰ"})
        EXPECT_THAT(texts(query(part)), ElementsAre(japanese)) << part;
    for (const auto* part : {"mixed上海", "上海text", "mixed", "上海tex"})
        EXPECT_THAT(texts(query(part)), testing::Contains("mixed上海text")) << part;
}

TEST_F(SearchIndexTest, FindsWhatReadsTheSame) {
    const std::string pointed = "שָׁלוֹם עֲלֵיכֶם", arabic = "مُحَمَّد",
                      decomposed = "\u1112\u1161\u11ab\u1100\u116e\u11a8", hindi = "हिन्दी में";
    say({pointed, arabic, decomposed, hindi, "ﬁsh Straße", "שלום"});
    EXPECT_THAT(texts(query("שלום")), ElementsAre("שלום", pointed));
    EXPECT_THAT(texts(query("שָׁלוֹם")), ElementsAre("שלום", pointed));
    EXPECT_THAT(texts(query("محمد")), ElementsAre(arabic));
    EXPECT_THAT(texts(query("한국")), ElementsAre(decomposed));
    EXPECT_THAT(texts(query("한")), ElementsAre(decomposed));
    EXPECT_THAT(texts(query("हिन्दी")), ElementsAre(hindi));
    EXPECT_THAT(texts(query("fish strasse")), ElementsAre("ﬁsh Straße"));
}

TEST_F(SearchIndexTest, BoundsWhatALongQueryCosts) {
    std::vector<std::string> all(5000, "a b a b a b a b a b a b a b a b a b a b a b a b a b a b");
    say(all);
    find(query("warm"));
    std::string phrase = "\"";
    while (phrase.size() < 998) phrase += phrase.size() % 4 == 1 ? "a " : "b ";
    const auto begin = std::clock();  // of the processor: others may keep it busy
    find(query(phrase + '"'));
    find(query(phrase.substr(1)));
    EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);
    EXPECT_LT(node::search::to_fts5(query(phrase)).size(), 200u);
    EXPECT_LT(node::search::to_fts5(query(phrase.substr(1))).size(), 200u);
}

TEST_F(SearchIndexTest, IsMadeAgainWhenItIsOfAnEarlierVersion) {
    say({"上海"});
    const auto path = node::SearchIndex::path_of(file.path());
    find(query("x"));
    index.reset();
    node::sqlite::Database{path, node::sqlite::Database::Mode::read_write}.execute(
        "DELETE FROM place; PRAGMA user_version = 1");
    open();
    EXPECT_THAT(texts(query("上海")), ElementsAre("上海"));
}

TEST_F(SearchIndexTest, LooksInOneRoomOnly) {
    say({"tea here"}, "lobby");
    say({"tea there"}, "lobby-2");
    EXPECT_THAT(texts(query("tea", "lobby")), ElementsAre("tea here"));
    EXPECT_THAT(texts(query("tea")), ElementsAre("tea there", "tea here"));
    EXPECT_THAT(texts(query("tea", "attic")), IsEmpty());
}

TEST_F(SearchIndexTest, GoesOnPageByPageWithoutARepeat) {
    std::vector<std::string> all;
    for (int i = 0; i < 25; ++i) all.push_back("tea " + std::to_string(i));
    say(all);
    auto what = query("tea");
    what.limit = 10;
    std::vector<std::string> seen;
    for (int page = 0; page < 5; ++page) {
        const auto answer = find(what);
        for (const auto& message : answer.messages) seen.emplace_back(message.text());
        if (answer.next == 0) break;
        what.before = answer.next;
    }
    std::ranges::reverse(all);
    EXPECT_EQ(seen, all);
}

TEST_F(SearchIndexTest, HoldsTwinsOfOneMoment) {
    base::JournalBatch batch{1};
    for (std::uint64_t i = 1; i <= 3; ++i)
        batch.entries.push_back(journal_conformance::entry(
            i, base::make_message("lobby", "user" + std::to_string(i), {1'000, 0, {}}, "tea", "n")));
    ASSERT_EQ(commit(file, batch), "");
    EXPECT_EQ(texts(query("tea")).size(), 3u);
}

TEST_F(SearchIndexTest, BearsWhateverPeopleType) {
    say({"tea"});
    for (const auto* text : {"", "\"", "\"\"", "*", "tea*", "te:a", "{user}", "NOT", "a OR", "(", "tea AND",
                             "?!", "-tea", "^tea", "\uff02", "tea\uff02 OR x", "。", "\u0301"}) {
        SCOPED_TRACE(text);
        find(query(text));
        EXPECT_THAT(log, IsEmpty());
    }
    EXPECT_THAT(texts(query("tea ?")), ElementsAre("tea"));
    EXPECT_THAT(texts(query("tea*")), ElementsAre("tea"));
}

TEST_F(SearchIndexTest, GoesOnWhereItWasAfterARestart) {
    say({"green tea"});
    EXPECT_THAT(texts(query("tea")), ElementsAre("green tea"));
    index.reset();
    say({"black tea"});
    open();
    EXPECT_THAT(texts(query("tea")), ElementsAre("black tea", "green tea"));
}

TEST_F(SearchIndexTest, IsMadeAgainWhenItsFileIsDamagedOrAnothers) {
    say({"tea"});
    const auto path = node::SearchIndex::path_of(file.path());
    index.reset();
    std::ofstream{path} << std::string(5000, 'x');
    open();
    EXPECT_THAT(texts(query("tea")), ElementsAre("tea"));
    index.reset();
    node::sqlite::Database{path, node::sqlite::Database::Mode::read_write}.execute(
        "UPDATE source SET journal = 'other'");
    open();
    EXPECT_THAT(texts(query("tea")), ElementsAre("tea"));
}

TEST_F(SearchIndexTest, FollowsEditsAndForgetsWhatWasRemoved) {
    using namespace journal_conformance;
    const auto tea = entry(1, message("lobby", 1'000, "green tea"));
    const auto secret = entry(2, message("lobby", 2'000, "my tea password is hunter2hunter2"));
    ASSERT_EQ(commit(file, {1, {tea, secret}}), "");
    EXPECT_THAT(texts(query("tea")), ElementsAre("my tea password is hunter2hunter2", "green tea"));
    said = 2;
    ASSERT_EQ(commit(file, {2, {edit(tea, 3, "black coffee"), removal(secret, 4)}}), "");
    EXPECT_THAT(texts(query("tea")), IsEmpty());
    EXPECT_THAT(texts(query("hunter2hunter2")), IsEmpty());
    EXPECT_THAT(texts(query("coffee")), ElementsAre("black coffee"));
    const auto is_in_the_index = [&] {
        for (const auto* ending : {"", "-wal"}) {
            std::ifstream in{node::SearchIndex::path_of(file.path()) + ending, std::ios::binary};
            const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
            if (bytes.find("hunter2") != std::string::npos) return true;
        }
        return false;
    };
    for (int tries = 0; is_in_the_index() && tries < 100; ++tries) {
        index->wake();
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    EXPECT_FALSE(is_in_the_index());
    EXPECT_THAT(texts(query("coffee")), ElementsAre("black coffee"));
}

TEST_F(SearchIndexTest, LeavesAnotherProgramsFileAlone) {
    say({"tea"});
    index.reset();
    const auto path = node::SearchIndex::path_of(file.path());
    node::SearchFile::remove(path);
    node::sqlite::Database{path, node::sqlite::Database::Mode::read_write_create}.execute(
        "CREATE TABLE recipes (name TEXT)");
    open();
    EXPECT_FALSE(find(query("tea")).whole);
    node::sqlite::Database other{path, node::sqlite::Database::Mode::read_write};
    EXPECT_EQ(other.number("SELECT count(*) FROM sqlite_master"), 1);
}

TEST_F(SearchIndexTest, SaysSoWhenItCannotLook) {
    say({"tea"});
    index.reset();
    std::filesystem::remove(node::SearchIndex::path_of(file.path()));
    std::filesystem::create_directories(node::SearchIndex::path_of(file.path()) + "/a folder in its place");
    open();
    const auto answer = find(query("tea"));
    EXPECT_FALSE(answer.whole);
    ASSERT_EQ(log.size(), 1u);
    EXPECT_THAT(log[0], testing::HasSubstr(node::SearchIndex::path_of(file.path())));
}

TEST(SearchQuery, PutsPlacesInTheOrderOfHistory) {
    const auto place = [](std::int64_t ms, std::uint16_t counter) {
        return node::search::place_of(
            base::make_message("lobby", "ann", {ms, counter, {}}, "x", "n").position());
    };
    EXPECT_LT(place(1'000, 1), place(1'000, 2));
    EXPECT_LT(place(1'000, 65535), place(1'001, 0));
}

}  // namespace

}  // namespace davenport
