#include "node/net/event_stream.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport::node {
namespace {

std::string events(EventStream& stream, std::string_view frame, const base::FrameMark& mark) {
    std::string out;
    stream.append(out, frame, mark);
    return out;
}

TEST(EventStream, NamesEachEventAfterItsFrame) {
    EventStream stream;
    EXPECT_EQ(events(stream, R"({"t":"store","state":"down"})", {.type = "store"}),
              "event: store\ndata: {\"t\":\"store\",\"state\":\"down\"}\n\n");
}

TEST(EventStream, TellsNoPlaceBeforeItHasOne) {
    EventStream stream;
    EXPECT_EQ(events(stream, "{}", {.type = "message", .n = 4}), "event: message\ndata: {}\n\n");
    EXPECT_EQ(events(stream, "{}", {"joined", 9, "C"}), "id: 9.C\nevent: joined\ndata: {}\n\n");
}

TEST(EventStream, MovesItsPlaceWithEachMessageAndCursor) {
    EventStream stream;
    events(stream, "{}", {"joined", 9, "C"});
    EXPECT_TRUE(events(stream, "{}", {.type = "message", .n = 12}).starts_with("id: 12.C\n"));
    EXPECT_TRUE(events(stream, "{}", {.type = "message", .n = 11}).starts_with("id: 12.C\n"))
        << "the largest counts";
    EXPECT_TRUE(events(stream, "{}", {"cursor", 12, "D"}).starts_with("id: 12.D\n"));
    EXPECT_TRUE(events(stream, "{}", {.type = "store"}).starts_with("event: store\n"))
        << "what moves nothing bears no place";
}

TEST(EventStream, BearsTheHighestPlaceThatItsClientWasShown) {
    EventStream stream;
    EXPECT_EQ(events(stream, "{}", {"joined", 9, "C", true, "Q"}), "id: 9.C.Q\nevent: joined\ndata: {}\n\n");
    EXPECT_TRUE(
        events(stream, "{}", {.type = "message", .n = 12, .position = "R"}).starts_with("id: 12.C.R\n"));
    EXPECT_TRUE(
        events(stream, "{}", {.type = "message", .n = 13, .position = "P"}).starts_with("id: 13.C.R\n"))
        << "what is late moves it not back";
    EXPECT_TRUE(events(stream, "{}", {"cursor", 13, "D"}).starts_with("id: 13.D.R\n"));
}

}  // namespace
}  // namespace davenport::node
