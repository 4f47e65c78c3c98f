#include "node/base/frame.hpp"

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(FrameBatch, KeepsItsTextsApart) {
    FrameBatch batch;
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.as_websocket(), "");
    batch.add("one");
    batch.add("");
    batch.add("three");
    ASSERT_EQ(batch.count(), 3u);
    EXPECT_EQ(batch.at(0), "one");
    EXPECT_EQ(batch.at(1), "");
    EXPECT_EQ(batch.at(2), "three");
    EXPECT_EQ(batch.size_bytes(), 8u);
}

TEST(FrameBatch, IsEncodedAsUnmaskedTextFramesOfAnyLength) {
    for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 70000u}) {
        const std::string text(size, 'x');
        const auto frames = one_frame(text);
        const auto& wire = frames->as_websocket();
        ASSERT_EQ(static_cast<unsigned char>(wire[0]), 0x81) << size;
        const auto first = static_cast<unsigned char>(wire[1]);
        const std::size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
        std::size_t length = first;
        if (first >= 126) {
            length = 0;
            for (std::size_t i = 2; i < head; ++i) length = length << 8 | static_cast<unsigned char>(wire[i]);
        }
        EXPECT_EQ(length, size);
        EXPECT_EQ(wire.substr(head), text);
    }
}

}  // namespace
}  // namespace davenport::base
