#include "node/core/clients/known_names.hpp"
#include "tests/node/core_driver.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Names that people take for one another: told to whoever bears them, and to all others of the room.
namespace davenport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string ann = "ann", false_ann = "\u0430nn";  // the latter with a Cyrillic letter

struct LookAlikesTest : CoreDriver, testing::Test {
    LookAlikesTest() {
        start();
        store_up();
    }
    /// The names that the session was told of, one line for each frame.
    std::vector<std::string> alike(node::SessionId session, std::string_view room = "lobby") {
        std::vector<std::string> out;
        for (const auto& frame : take(session, "alike")) {
            EXPECT_EQ(base::string_member(frame, "room"), room);
            std::string line;
            for (const auto& name : base::member(frame, "names")->get_array())
                (line += line.empty() ? "" : " ") += std::string_view{name.get_string()};
            out.push_back(line);
        }
        return out;
    }
    void says(node::SessionId session, std::string_view text) {
        post(session, "lobby", text);
        persist_all();
    }
    void feeds(std::string_view id, std::string_view members) {
        stream("feed=continuous", fmt::format(R"({{"seq":"5-x","id":"{0}","changes":[{{"rev":"1-x"}}],)"
                                              R"("doc":{{"_id":"{0}","_rev":"1-x",{1}}}}})"
                                              "\n",
                                              id, members));
    }
    std::string ask(std::string_view name, std::string_view room = "lobby", int status = 200) {
        handle(node::Requested{
            77, {"GET", fmt::format("/api/rooms/{}/names?like={}", room, name), {}, {}}, "127.0.0.1"});
        EXPECT_EQ(responses[77].status, status) << responses[77].body;
        return responses[77].body;
    }
};

TEST_F(LookAlikesTest, WhoeverComesWithSuchANameIsToldAndSoAreOthers) {
    open(1, ann), join(1, "lobby");
    open(3, "carol"), join(3, "lobby");
    EXPECT_THAT(alike(1), IsEmpty());
    open(2, false_ann), join(2, "lobby");
    for (const node::SessionId session : {1, 2, 3})
        EXPECT_THAT(alike(session), ElementsAre(ann + " " + false_ann)) << session;
    open(4, "dave"), join(4, "lobby");
    EXPECT_THAT(alike(4), ElementsAre(ann + " " + false_ann)) << "who comes later is told as well";
    EXPECT_THAT(alike(3), IsEmpty()) << "and nobody twice";
}

TEST_F(LookAlikesTest, WithSeveralLettersOrInOtherCase) {
    for (const auto& [one, other] : {std::pair{"modern", "modem"},
                                     {"Ill", "lll"},
                                     {"Ann", "ANN"},
                                     {"\u0421\u0410\u0422", "CAT"},
                                     {"go0gle", "goOgle"}}) {
        node::KnownNames names;
        EXPECT_FALSE(names.add(one));
        EXPECT_TRUE(names.add(other)) << one << ' ' << other;
        EXPECT_FALSE(names.add(other)) << "it is known by now";
        EXPECT_THAT(names.alike(one), ElementsAre(one, other));
        EXPECT_THAT(names.all_alike(), SizeIs(1));
    }
    node::KnownNames names;
    for (const auto* name : {"ann", "anne", "bob", "\u4e0a\u6d77", "\u0410\u043d\u043d\u0430", "\U0001f6cb"})
        EXPECT_FALSE(names.add(name)) << name;
}

TEST_F(LookAlikesTest, ANameThatIsTakenLaterIsLookedAtToo) {
    open(1, ann), join(1, "lobby");
    open(2, "bob"), join(2, "lobby");
    say(2, R"({"t":"hello","v":1,"user":")" + false_ann + "\"}");
    EXPECT_THAT(alike(1), ElementsAre(ann + " " + false_ann));
    EXPECT_THAT(alike(2), SizeIs(1));
}

TEST_F(LookAlikesTest, WhoHasSpokenIsKnownThoughHeIsGone) {
    open(1, ann), says(1, "hello");
    handle(node::Closed{1});
    open(2, false_ann), join(2, "lobby");
    EXPECT_THAT(alike(2), ElementsAre(ann + " " + false_ann));
}

TEST_F(LookAlikesTest, WhoPostsWithoutBeingThereIsToldOf) {
    open(1, ann), join(1, "lobby");
    open(2, false_ann), says(2, "by a program");
    EXPECT_THAT(alike(1), ElementsAre(ann + " " + false_ann));
}

TEST_F(LookAlikesTest, AtOtherNodesToo) {
    open(1, ann), join(1, "lobby");
    feeds("davenport-presence:u-2", R"("v":1,"node":"n2","people":{"lobby":[")" + false_ann + R"("]})");
    EXPECT_THAT(alike(1), ElementsAre(ann + " " + false_ann));
    feeds("cron-job-17",
          R"("user":"\u0430\u043f\u043f","msg":"no such letters","datetime":"2026-11-30T10:00:00Z")");
    EXPECT_THAT(alike(1), IsEmpty());
    feeds("cron-job-18", R"("user":"AN\u039d","msg":"a Greek one","datetime":"2026-11-30T10:00:00Z")");
    EXPECT_THAT(alike(1), IsEmpty()) << "small letters of other scripts are others";
}

TEST_F(LookAlikesTest, InAnotherRoomNobodyIsTold) {
    open(1, ann), join(1, "lobby");
    open(2, false_ann), join(2, "attic");
    EXPECT_THAT(alike(1), IsEmpty());
    EXPECT_THAT(alike(2, "attic"), IsEmpty());
}

TEST_F(LookAlikesTest, AStreamIsTold) {
    open(1, ann), join(1, "lobby");
    handle(node::Requested{9, {"GET", "/api/rooms/lobby/events", {}, {}}, "127.0.0.1"});
    take(9);
    open(2, false_ann), join(2, "lobby");
    EXPECT_THAT(alike(9), SizeIs(1));
}

TEST_F(LookAlikesTest, AreToldToWhoAsksForAName) {
    EXPECT_THAT(ask("ann"), HasSubstr(R"("name":"ann","alike":[])"));
    open(1, ann), says(1, "hello");
    EXPECT_THAT(ask("ann"), HasSubstr(R"("alike":[])")) << "one's own";
    EXPECT_THAT(ask("%D0%B0nn%20"), HasSubstr(R"("name":")" + false_ann + R"(","alike":["ann"])"));
    EXPECT_THAT(ask("%D0%B0nn", "attic"), HasSubstr(R"("alike":[])"));
    join(1, "lobby");
    EXPECT_THAT(ask("%D0%B0nn"), HasSubstr(R"("alike":["ann"])"));
    EXPECT_THAT(ask("a%E2%80%8Bn", "lobby", 400), HasSubstr("bad_name"));
    EXPECT_THAT(ask(std::string(65, 'x'), "lobby", 400), HasSubstr(R"("max":64)"));
    handle(node::Requested{78, {"GET", "/api/rooms/lobby/names", {}, {}}, "127.0.0.1"});
    EXPECT_EQ(responses[78].status, 400);
    handle(node::Requested{79, {"POST", "/api/rooms/lobby/names?like=ann", {}, {}}, "127.0.0.1"});
    EXPECT_EQ(responses[79].status, 405);
}

TEST(KnownNames, TellsOfWhoCameLastHoweverManyThereAre) {
    node::KnownNames names;
    std::vector<std::string> all;
    for (int i = 0; i < 4; ++i)
        for (const auto* first : {"i", "l", "1", "I"})
            for (const auto* second : {"i", "l", "1", "I"}) {
                all.push_back(std::string{first} + second + std::string(static_cast<std::size_t>(i), 'l'));
                names.add(all.back());
            }
    const auto told = names.alike("ll");
    ASSERT_THAT(told, SizeIs(node::KnownNames::alike_max));
    EXPECT_THAT(told.back(), testing::AnyOf("II", "I1", "Il"));
}

TEST(KnownNames, AreBoundedAndForgetTheFirst) {
    node::KnownNames names;
    names.add("ann");
    for (std::size_t i = 0; i < node::KnownNames::names_max; ++i) names.add("x" + std::to_string(i) + "y");
    EXPECT_FALSE(names.contains("ann"));
    EXPECT_FALSE(names.add(false_ann));
    EXPECT_TRUE(names.add("ann")) << "seen again, it is known again";
    EXPECT_FALSE(names.add(std::string(5000, 'x')));
    EXPECT_FALSE(names.add(""));
}

}  // namespace
}  // namespace davenport
