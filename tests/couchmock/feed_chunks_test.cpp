#include "couchmock/net/feed_chunks.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::couchmock::test {
namespace {

using Chunks = std::vector<std::string_view>;

TEST(FeedChunks, WhatWakesAReaderUpIsAChunkOfItsOwn) {
    EXPECT_EQ(feed_chunks("\n{\"seq\":1}\n"), (Chunks{"\n", "{\"seq\":1}\n"}));
    EXPECT_EQ(feed_chunks("{\"seq\":1}\n{\"seq\":2}\n\n{\"seq\":3}\n"),
              (Chunks{"{\"seq\":1}\n{\"seq\":2}\n", "\n", "{\"seq\":3}\n"}))
        << "also in the middle of what was held back";
    EXPECT_EQ(feed_chunks("\n"), Chunks{"\n"});
}

TEST(FeedChunks, SoIsTheOpeningOfALongpollAndItsEnd) {
    EXPECT_EQ(feed_chunks("{\"results\":[\n\n"), (Chunks{"{\"results\":[\n", "\n"}));
    EXPECT_EQ(feed_chunks("\n{\"seq\":1}\n],\n\"last_seq\":1}\n\n"),
              (Chunks{"\n", "{\"seq\":1}\n],\n\"last_seq\":1}\n", "\n"}));
    EXPECT_EQ(feed_chunks("{\"results\":[\n\n],\n\"last_seq\":0}\n\n"),
              (Chunks{"{\"results\":[\n", "\n],\n\"last_seq\":0}\n", "\n"}));
}

TEST(FeedChunks, EventsKeepTheirEmptyLines) {
    EXPECT_EQ(feed_chunks("event: heartbeat\ndata: \n\ndata: {}\nid: 1\n\ndata: {}\nid: 2\n\n"),
              (Chunks{"event: heartbeat\ndata: \n\n", "data: {}\nid: 1\n\ndata: {}\nid: 2\n\n"}));
    EXPECT_EQ(feed_chunks("data: {}\nid: 1\n\nevent: heartbeat\ndata: \n\n"),
              (Chunks{"data: {}\nid: 1\n\n", "event: heartbeat\ndata: \n\n"}));
}

TEST(FeedChunks, OnlyAFeedIsCut) {
    EXPECT_TRUE(is_feed("/db/_changes?feed=continuous"));
    EXPECT_FALSE(is_feed("/db/_all_docs?x=/_changes"));
}

}  // namespace
}  // namespace davenport::couchmock::test
