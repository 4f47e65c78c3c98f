#include "node/base/time.hpp"

#include <gtest/gtest.h>

namespace davenport::base {
namespace {

TEST(Iso8601, IsUtcWithMilliseconds) {
    EXPECT_EQ(iso8601(wall_from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(iso8601(wall_from_unix_ms(1'800'000'000'123)), "2027-01-15T08:00:00.123Z");
    EXPECT_EQ(iso8601(wall_from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Datetime, IsReadAsWrittenByUsAndByTheArticle) {
    const auto ms = [](std::string_view text) { return unix_ms(parse_datetime(text).value()); };
    EXPECT_EQ(ms("2027-01-15T08:00:00.123Z"), 1'800'000'000'123);
    EXPECT_EQ(ms("2027-01-15T08:00:00Z"), 1'800'000'000'000);
    EXPECT_EQ(ms("2027-01-15 10:00+02:00"), 1'800'000'000'000);
    EXPECT_EQ(ms("2027-01-15T08:00:00.1239999Z"), 1'800'000'000'123);
    EXPECT_EQ(ms("2012 Jul 14 09:49:57 -0700"), 1342284597000);
    EXPECT_EQ(ms("2024-02-29T00:00:00Z"), 1709164800000);
}

TEST(Datetime, IsNothingWhenItIsNone) {
    for (const auto* bad :
         {"", "noon", "2027-13-15T08:00:00Z", "2023-02-29T00:00:00Z", "2027-01-15T24:00:00Z",
          "2012 Jux 14 09:49:57 -0700", "2012 Jul 14 09:49:57", "2027-01-15T08:00:00Zx"})
        EXPECT_FALSE(parse_datetime(bad)) << bad;
}

TEST(Datetime, IsReadAsMailAndDateWriteIt) {
    const auto ms = [](std::string_view text) {
        const auto read = parse_datetime(text);
        return read ? unix_ms(*read) : -1;
    };
    constexpr std::int64_t evening = 1'796'061'602'000;  // 2026-11-30 18:00:02 UTC
    for (const auto* text :
         {"2026-11-30 18:00:02", "2026-11-30T18:00:02", "Mon, 30 Nov 2026 18:00:02 +0000",
          "Mon, 30 Nov 2026 18:00:02 GMT", "30 Nov 2026 13:00:02 -0500", "Mon, 30 Nov 2026 13:00:02 EST",
          "Mon Nov 30 18:00:02 UTC 2026", "Mon Nov 30 19:00:02 CET 2026", "Mon Nov 30 18:00:02 2026",
          "Mon 30 Nov 2026 06:00:02 PM UTC", "Mon 30 Nov 2026 18:00:02 UTC"})
        EXPECT_EQ(ms(text), evening) << text;
    EXPECT_EQ(ms("Tue Dec  1 12:00:02 AM UTC 2026"), ms("2026-12-01 00:00:02"));
    EXPECT_EQ(ms("Tue, 1 Dec 2026 00:00:02 +0000"), ms("2026-12-01 00:00:02"));
    for (const auto* bad :
         {"Mon Nov 30 18:00:02 XYZ 2026", "Mon, 30 Nov 2026", "Mon 30 Nov 2026 13:00:02 PM UTC",
          "Mon Nov 31 18:00:02 UTC 2026", "Mon Nov 30 18:00:02 UTC", "Mon"})
        EXPECT_EQ(ms(bad), -1) << bad;
}

TEST(Datetime, ReadsBackWhatIso8601Writes) {
    for (std::int64_t ms = 1; ms < 4'000'000'000'000; ms = ms * 7 + 13)
        EXPECT_EQ(unix_ms(parse_datetime(iso8601(wall_from_unix_ms(ms))).value()), ms);
}

}  // namespace
}  // namespace davenport::base
