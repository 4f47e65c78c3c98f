#include "node/net/event_stream.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport::node {
namespace {

std::string events(EventStream& stream, std::string_view frame) {
    std::string out;
    stream.append(out, frame);
    return out;
}

TEST(EventStream, NamesEachEventAfterItsFrame) {
    EventStream stream;
    EXPECT_EQ(events(stream, R"({"t":"store","state":"down"})"),
              "event: store\ndata: {\"t\":\"store\",\"state\":\"down\"}\n\n");
}

TEST(EventStream, TellsNoPlaceBeforeItHasOne) {
    EventStream stream;
    EXPECT_EQ(events(stream, R"({"t":"message","n":4})"),
              "event: message\ndata: {\"t\":\"message\",\"n\":4}\n\n");
    EXPECT_TRUE(
        events(stream, R"({"t":"joined","cursor":"C","n":9})").starts_with("id: 9.C\nevent: joined\n"));
}

TEST(EventStream, MovesItsPlaceWithEachMessageAndCursor) {
    EventStream stream;
    events(stream, R"({"t":"joined","cursor":"C","n":9})");
    EXPECT_TRUE(events(stream, R"({"t":"message","n":12})").starts_with("id: 12.C\n"));
    EXPECT_TRUE(events(stream, R"({"t":"message","n":11})").starts_with("id: 12.C\n"))
        << "the largest counts";
    EXPECT_TRUE(events(stream, R"({"t":"cursor","cursor":"D","n":12})").starts_with("id: 12.D\n"));
    EXPECT_TRUE(events(stream, R"({"t":"store","state":"up"})").starts_with("event: store\n"))
        << "what moves nothing bears no place";
}

}  // namespace
}  // namespace davenport::node
