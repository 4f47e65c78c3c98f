#include "node/core/store/couchdb/generation_name.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// A cluster's members are one store; a database that was made anew is another.
namespace davenport::node {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* probe = "GET /chat/_local/davenport";
constexpr const char* no_document = R"({"error":"not_found","reason":"missing"})";
constexpr const char* ours = "abc.d1795460394";

std::string named(std::string_view generation) { return fmt::format(R"({{"generation":"{}"}})", generation); }

struct Members : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up(ours);
        open(1, "ann");
        join(1, "lobby");
        stream("feed=continuous", feed_row("2-s", others_message(1, "hello")));
        persist_all();
        take(1);
        has_what_it_looks_for();
        looked_for = false;
    }
    /// The next look at the store's identity, and those after it while they are asked for.
    void look(int status, std::string_view body, int times = 1) {
        for (int i = 0; i < times && !asks_about_database() && !asked("PUT /chat/_local"); ++i) {
            for (int wait = 0; wait < 100 && !asked(probe); ++wait) {
                advance(100ms);
                if (asks_about_database()) answer_about_database();  // purges are looked for
                if (asked("feed=continuous")) stream("feed=continuous", "\n");
            }
            answer(probe, status, std::string{body});
        }
    }
    void expect_the_same_store() {
        EXPECT_THAT(log, Not(Contains(HasSubstr("another one answers"))));
        EXPECT_FALSE(asked("_bulk_docs"));
        EXPECT_FALSE(asked("since=0"));
    }
    /// Lets it ask for what the store may have lost; the store has it.
    void has_what_it_looks_for() {
        for (int i = 0; i < 30; ++i) {
            if (asked("POST /chat/_all_docs")) {
                looked_for = true;
                has_all();
            }
            if (asked(probe)) return;
            advance(100ms);
            if (asks_about_database()) answer_about_database();  // purges are looked for
            if (asked("feed=continuous")) stream("feed=continuous", "\n");
        }
    }
    bool looked_for = false;
};

TEST_F(Members, OneThatLacksTheNameIsGivenTheKnownOne) {
    for (int round = 0; round < 3; ++round) {
        SCOPED_TRACE(round);
        look(404, no_document, 4);
        answer_about_database("1795460394");
        EXPECT_THAT(answer("PUT /chat/_local/davenport", 201, "{}").body,
                    HasSubstr(R"({"v":2,"generation":"abc.d1795460394","again":")"));
        look(200, named(ours));
        expect_the_same_store();
    }
}

TEST_F(Members, OneWithANameOfItsOwnIsGivenTheDatabasesOwn) {
    for (int round = 0; round < 3; ++round) {
        SCOPED_TRACE(round);
        look(200, named("aaa.m1795460394"));
        EXPECT_THAT(answer("PUT /chat/_local/davenport", 201, "{}").body,
                    HasSubstr(R"({"v":2,"generation":"abc.d1795460394","again":")"));
        look(200, named(ours));
        expect_the_same_store();
    }
}

TEST_F(Members, WhatWasPutBackByAnotherNodeMakesThisOneLookAfterItsMessages) {
    look(200, named(ours));
    has_what_it_looks_for();
    EXPECT_FALSE(asked("POST /chat/_all_docs"));
    look(200, R"({"generation":"abc.d1795460394","again":"once"})");
    has_what_it_looks_for();
    EXPECT_TRUE(looked_for) << asked_for();
    looked_for = false;
    look(200, R"({"generation":"abc.d1795460394","again":"once"})");
    has_what_it_looks_for();
    EXPECT_FALSE(looked_for);
}

TEST_F(Members, IsRememberedOverARestart) {
    stream("feed=continuous", feed_row("3-s", others_message(2, "again")));
    persist_all();
    advance(1s);
    persist_all();
    ASSERT_EQ(journal.state().checkpoint->generation, ours);
    crash_and_restart();
    look(404, no_document, 4);
    answer_about_database("1795460394");
    answer("PUT /chat/_local/davenport", 201, "{}");
    look(200, named(ours));
    EXPECT_TRUE(asked("since=3-s")) << asked_for();
}

TEST_F(Members, ADatabaseThatWasMadeAnewIsAnotherStore) {
    look(200, named("xyz.d1795460999"));
    EXPECT_THAT(log, Contains(HasSubstr("another one answers")));
    EXPECT_TRUE(asked("since=0"));
}

TEST_F(Members, SoIsOneThatHasNoNameYet) {
    look(404, no_document, 4);
    answer_about_database("1795460999");
    const auto put = answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(put.body, HasSubstr(".m1795460999"));
    look(200, named("new.m1795460999"));
    EXPECT_THAT(log, Contains(HasSubstr("another one answers")));
}

TEST_F(Members, SoIsOneThatItsMakerNamedInTheSameSecond) {
    look(200, named("xyz.d1795460394"));
    EXPECT_THAT(log, Contains(HasSubstr("another one answers")));
}

TEST(GenerationName, TellsWhenItsDatabaseWasMade) {
    base::Random random{1};
    const auto made = name_generation(random, GenerationMaker::of_the_database, "1795460394");
    EXPECT_EQ(start_of(made), "1795460394");
    EXPECT_TRUE(is_of(made, "1795460394"));
    EXPECT_FALSE(is_of(made, "1795460395"));
    EXPECT_EQ(start_of(name_generation(random, GenerationMaker::of_a_member, "0")), "");
    EXPECT_EQ(start_of("g1"), "");
    EXPECT_EQ(start_of("a.b"), "");
    EXPECT_FALSE(is_of("g1", ""));
}

TEST(GenerationName, AllNodesKeepTheSameOfTwo) {
    for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{
             {"x.d1795460394", "a.m1795460394"}, {"a.m1795460394", "b.m1795460394"}}) {
        EXPECT_TRUE(outranks(a, b));
        EXPECT_FALSE(outranks(b, a));
    }
    EXPECT_FALSE(outranks("a.d1795460394", "b.d1795460394")) << "two makers are two databases";
    EXPECT_FALSE(outranks("a.m1795460394", "b.m1795460395"));
    EXPECT_FALSE(outranks("a", "b"));
}

}  // namespace
}  // namespace davenport::node
