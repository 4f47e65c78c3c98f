#include "node/base/text.hpp"
#include "sim/client/client_core.hpp"
#include "sim/client/timers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The simulated client by itself: what it says and notes, told frame by frame.
namespace davenport::sim::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ClientTest : public testing::Test {
protected:
    explicit ClientTest(std::string room_prefix = {}) {
        Config config;
        config.name = "c1";
        config.node = "n1";
        config.rooms = {"r1"};
        config.room_prefix = std::move(room_prefix);
        config.start = now.time;
        core.emplace(std::move(config));
        take(core->start(now));
        tell(Connected{});
        hear(R"({"t":"welcome","node":"n1","now":0})");
    }
    void tell(const Event& event) { take(core->handle(event, now)); }
    void hear(std::string frame) { tell(Received{std::move(frame)}); }
    void take(Effects effects) {
        for (auto& effect : effects) {
            if (auto* send = std::get_if<Send>(&effect)) sent.push_back(std::move(send->frame));
            if (auto* note = std::get_if<Note>(&effect)) noted.push_back(std::move(note->record));
        }
    }

    base::Now now{base::Time{1s}, {}};
    std::optional<ClientCore> core;
    std::vector<std::string> sent;
    std::vector<Record> noted;
};

TEST_F(ClientTest, IsNotSettledWhileItMayHaveMissedSomething) {
    EXPECT_FALSE(core->settled()) << "it has not joined";
    hear(R"({"t":"joined","room":"r1","cursor":"x","n":0,"gap":true})");
    EXPECT_FALSE(core->settled()) << "the node owes it what it missed";
    hear(R"({"t":"cursor","room":"r1","cursor":"y","n":0})");
    EXPECT_FALSE(core->settled());
    hear(R"({"t":"gap-closed","room":"r1"})");
    EXPECT_TRUE(core->settled());
}

TEST_F(ClientTest, NotesAFrameThatIsNoJson) {
    hear("{\"t\":");
    EXPECT_EQ(noted.back().kind, RecordKind::phantom);
    EXPECT_EQ(noted.back().text, "5 bytes that are no JSON");
}

TEST_F(ClientTest, WhoIsPutOutTriesToComeBackWhereItWas) {
    hear(R"({"t":"joined","room":"r1","cursor":"x","n":0})");
    const auto message = R"({"t":"message","id":"r1:1","pos":"1","room":"r1","user":"c2","text":"x","n":1})";
    hear(message);
    hear(R"({"t":"put-out","room":"r1","code":"banned","reason":"by hand"})");
    EXPECT_EQ(noted.back().kind, RecordKind::put_out);
    EXPECT_EQ(noted.back().text, "banned");
    EXPECT_FALSE(core->settled());
    sent.clear();
    tell(TimerFired{timers::rejoin});
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_THAT(sent.front(), HasSubstr(R"({"t":"join","room":"r1","cursor":"x")"));
    hear(R"({"t":"refused","room":"r1","code":"banned","reason":"by hand"})");
    EXPECT_EQ(noted.back().kind, RecordKind::put_out);
    EXPECT_TRUE(noted.back().flag) << "it had asked";
    tell(TimerFired{timers::rejoin});
    hear(message);
    EXPECT_EQ(noted.back().kind, RecordKind::repeated);
    EXPECT_FALSE(noted.back().flag) << "a resume may overlap";
    hear(R"({"t":"joined","room":"r1","cursor":"y","n":1})");
    EXPECT_TRUE(core->settled());
    hear(message);
    EXPECT_TRUE(noted.back().flag) << "and shows nothing twice";
}

class PrefixedTest : public ClientTest {
protected:
    PrefixedTest() : ClientTest{"sim-1-"} {}
};

TEST_F(PrefixedTest, HasItsRoomsUnderAnotherNameAtTheNodeThanInItsNotes) {
    EXPECT_THAT(sent.back(), HasSubstr(R"("room":"sim-1-r1")"));
    hear(R"({"t":"joined","room":"sim-1-r1","cursor":"x","n":0})");
    EXPECT_TRUE(core->settled());
    EXPECT_EQ(noted.back().room, "r1");
    tell(Post{"r1", 40, now.time});
    EXPECT_THAT(sent.back(), HasSubstr(R"("room":"sim-1-r1")"));
    EXPECT_EQ(noted.back().room, "r1");
    hear(
        R"({"t":"message","room":"sim-1-r1","id":"sim-1-r1:01M8A0KV4A0002YX23NFNXH83W","user":"c2","text":")" +
        make_text("c2-1", 40) + R"("})");
    EXPECT_EQ(noted.back().kind, RecordKind::shown);
    EXPECT_EQ(noted.back().room, "r1");
    tell(AskHistory{"r1"});
    EXPECT_THAT(sent.back(), HasSubstr(R"("room":"sim-1-r1")"));
}

TEST_F(ClientTest, NotesWhatIsNotAsItWasSaid) {
    hear(R"({"t":"message","room":"r1","id":"r1:1","user":"c3","text":")" + make_text("c2-1", 40) + R"("})");
    EXPECT_EQ(noted.back().kind, RecordKind::phantom) << "it was c2 who said it";
    EXPECT_THAT(noted.back().text, testing::StartsWith("c3: c2-1 "));
    hear(R"({"t":"message","room":"r1","id":"r1:2","user":"c2","text":"c2-1 and more"})");
    EXPECT_EQ(noted.back().kind, RecordKind::phantom);
}

TEST(MessageText, HasInSomeOfThemWhatProgramsTripOver) {
    int hard = 0;
    for (int i = 0; i < 400; ++i) {
        const auto msg = "c1-" + std::to_string(i);
        const auto text = make_text(msg, 64);
        EXPECT_EQ(text.size(), 64u);
        EXPECT_TRUE(base::is_utf8(text)) << text;
        EXPECT_EQ(msg_of_text(text), msg);
        EXPECT_EQ(msg_said_by("c1", text), msg);
        EXPECT_EQ(msg_said_by("c", text), "");
        hard += text.find('"') != std::string::npos && text.find("\U0001f600") != std::string::npos ? 1 : 0;
    }
    EXPECT_GT(hard, 50);
    EXPECT_LT(hard, 200);
    EXPECT_EQ(make_text("c1-1", 3), "c1-1 ") << "never shorter than its name";
}

TEST(MessageText, TellsAMessageFromOneThatWasCutOrAltered) {
    const auto text = make_text("c3-17", 64);
    EXPECT_EQ(text.size(), 64u);
    EXPECT_EQ(msg_of_text(text), "c3-17");
    EXPECT_EQ(msg_of_text(text.substr(0, 63)), "");
    EXPECT_EQ(msg_of_text(text + "x"), "");
    for (const auto& whole : {text, make_text("c3-17", 300), make_text("c3-18", 7)})
        for (auto& letter : whole) {
            auto altered = whole;
            altered[static_cast<std::size_t>(&letter - whole.data())] = letter == 'a' ? 'b' : 'a';
            EXPECT_EQ(msg_said_by("c3", altered), "") << altered;
        }
    EXPECT_EQ(msg_of_text("hello"), "");
}

}  // namespace
}  // namespace davenport::sim::client
