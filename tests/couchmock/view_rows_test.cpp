#include "couchmock/core/view_rows.hpp"

#include "couchmock/core/builtin_reduce.hpp"
#include "couchmock/core/number_reduce.hpp"
#include "node/base/json.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

/// The index of a view: rows in order, whatever comes and goes, and what is worked out over them.
namespace davenport::couchmock {
namespace {

/// An index, and beside it what it ought to have.
struct Twin {
    void put(const std::string& id, std::vector<std::string> keys) {
        std::vector<ViewRow> rows;
        for (const auto& key : keys) {
            ViewRow row;
            row.sort_key = key;
            row.id = id;
            row.shard = shard_of(id);
            rows.push_back(std::move(row));
        }
        index.replace(id, std::move(rows));
        expected[id] = std::move(keys);
    }
    static std::uint32_t shard_of(const std::string& id) { return static_cast<std::uint32_t>(id.back() % 3); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> all() const {
        std::vector<std::pair<std::string, std::string>> out;
        for (const auto& [id, keys] : expected)
            for (const auto& key : keys) out.emplace_back(key, id);
        std::ranges::sort(out);
        return out;
    }
    void compare() const {
        const auto rows = all();
        ASSERT_EQ(index.size(), rows.size());
        std::map<std::uint32_t, std::size_t> before;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            ASSERT_EQ(index.at(i).sort_key, rows[i].first) << i;
            ASSERT_EQ(index.at(i).id, rows[i].second) << i;
            ASSERT_EQ(index.lower_bound(rows[i].first, rows[i].second), i);
            ASSERT_EQ(index.upper_bound(rows[i].first, rows[i].second), i + 1);
            for (std::uint32_t shard = 0; shard < 3; ++shard)
                ASSERT_EQ(index.count_before(i, shard), before[shard]);
            ++before[index.at(i).shard];
        }
        EXPECT_EQ(index.count_before(rows.size(), 1), before[1]);
        EXPECT_EQ(index.count_before(rows.size(), 9), 0);
        EXPECT_EQ(index.behind_prefix("k5"),
                  std::ranges::count_if(rows, [](const auto& row) { return row.first < "k6"; }));
        for (const auto first : {std::size_t{0}, rows.size() / 5}) {
            std::string seen, wanted;
            for (const auto& text : index.summaries(first, rows.size(), joined())) seen += text;
            for (auto i = first; i < rows.size(); ++i) wanted += rows[i].first + rows[i].second + ' ';
            ASSERT_EQ(seen, wanted);
        }
    }
    /// A summary that shows each row, and their order.
    static ViewRows::Summary joined() {
        return {.of_rows =
                    [](ViewRows::Slice slice) {
                        std::string out;
                        for (const auto* row : slice) out += row->sort_key + row->id + ' ';
                        return out;
                    },
                .of_parts =
                    [](const std::vector<std::string>& parts) {
                        std::string out;
                        for (const auto& part : parts) out += part;
                        return out;
                    }};
    }

    ViewRows index;
    std::map<std::string, std::vector<std::string>> expected;
};

TEST(ViewRows, StayInOrderWhateverComesAndGoes) {
    std::mt19937 random{7};
    const auto draw = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
    Twin twin;
    twin.compare();
    for (const unsigned size : {1u, 3000u, 1u, 40u, 2500u, 1u, 700u, 3u}) {
        SCOPED_TRACE(size);
        for (int step = 0; step < 4; ++step) {
            for (unsigned i = 0; i < size; ++i) {
                const auto id = "d" + std::to_string(draw(3000));
                std::vector<std::string> keys;  // none: the document is gone
                for (unsigned k = draw(3); k > 0; --k)
                    keys.push_back("k" + std::to_string(draw(900)) + char('a' + k));
                std::ranges::sort(keys);
                twin.put(id, keys);
            }
            twin.index.commit();
            ASSERT_NO_FATAL_FAILURE(twin.compare());
        }
    }
    for (int i = 0; i < 3000; ++i) {  // down to none, a few at a time
        twin.put("d" + std::to_string(i), {});
        if (i % 7 == 0) twin.index.commit();
        if (i % 490 == 0) {
            ASSERT_NO_FATAL_FAILURE(twin.compare());
        }
    }
    twin.index.commit();
    twin.compare();
    EXPECT_EQ(twin.index.size(), 0);
}

TEST(ViewRows, AChangeCostsNoMoreThanWhatWasWorkedOutAboutItsNeighbours) {
    Twin twin;
    for (int i = 10'000; i < 20'000; ++i) twin.put(std::to_string(i), {std::to_string(i)});
    twin.index.commit();
    std::size_t rows_read = 0;
    const ViewRows::Summary counted{.of_rows =
                                        [&](ViewRows::Slice slice) {
                                            rows_read += slice.size();
                                            return std::string{"x"};
                                        },
                                    .of_parts = [](const auto&) { return std::string{"x"}; }};
    static_cast<void>(twin.index.summaries(0, twin.index.size(), counted));
    EXPECT_EQ(rows_read, 10'000);
    for (const auto* key : {"00000", "15000b", "99999"}) {
        twin.put(std::string{"new"} + key, {key});
        twin.put(std::string{"1234"} + key[0], {});
        twin.index.commit();
        rows_read = 0;
        const auto parts = twin.index.summaries(0, twin.index.size(), counted);
        EXPECT_GT(rows_read, 0u) << key;
        EXPECT_LE(rows_read, 1'000u) << key;
        EXPECT_LE(parts.size(), 35u) << "a block of chunks is one part";
        rows_read = 0;
        static_cast<void>(twin.index.summaries(100, twin.index.size() - 100, counted));
        EXPECT_LE(rows_read, 512u) << "the ends alone";
    }
}

TEST(NumberReduce, GivesWhatTheFunctionsOverJsonValuesGive) {
    for (const auto* list :
         {"[1,2,3]", "[-5]", "[1,2.5,-3]", "[0,0.0]", "[9223372036854775807,1]", "[3037000500,4]",
          "[1e100,1e100]", "[2.5,2,2.0,1]", "[-9223372036854775808,-1]", "[0.1,0.2,0.3]", "[1.0e21,7]"}) {
        SCOPED_TRACE(list);
        const auto values = base::parse_json(list).value().get_array();
        std::vector<std::string> texts;
        for (const auto& value : values) texts.push_back(base::write_json(value));
        const std::vector<std::string_view> views{texts.begin(), texts.end()};
        const std::vector<boost::json::value> all{values.begin(), values.end()};
        const auto sum = sum_of_numbers(views);
        ASSERT_TRUE(sum);
        EXPECT_EQ(base::parse_json(*sum), sum_values(all));
        const auto stats = stats_of_numbers(views);
        ASSERT_TRUE(stats);
        EXPECT_EQ(base::parse_json(stats_as_json(*stats)), stats_of(all));
        // Parts that are put together later.
        const auto first = stats_of_numbers({views.front()});
        const auto rest = stats_of_numbers({views.begin() + 1, views.end()});
        if (rest) {
            const auto whole = stats_of_numbers({*first, *rest});
            EXPECT_EQ(base::parse_json(stats_as_json(*whole)).value().at("count"),
                      base::parse_json(stats_as_json(*stats)).value().at("count"));
        }
    }
    for (const auto* other : {"\"1\"", "[1]", "{}", "null", "true", "18446744073709551616", "-", ""}) {
        EXPECT_FALSE(sum_of_numbers({"1", other})) << other;
        EXPECT_FALSE(stats_of_numbers({"1", other})) << other;
    }
    EXPECT_FALSE(stats_of_numbers({"1e300"})) << "its square is no number";
    EXPECT_FALSE(stats_of_numbers({}));
    EXPECT_EQ(sum_of_numbers({}), "0");
}

}  // namespace
}  // namespace davenport::couchmock
