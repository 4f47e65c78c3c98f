#include "tests/node/moderation.hpp"

/// Moderators by a role of their account in the store.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;

constexpr SessionId rose = 5;
constexpr std::string_view role = R"("davenport-moderator")";

struct ByRole : Moderation {
    void SetUp() override {
        Moderation::SetUp();
        sign_in(rose, "rose", role);
    }
    /// The store is asked how the accounts in use stand.
    void store_says(std::string_view roses_roles) {
        for (int i = 0; i < 30 && !asked("_security"); ++i) live(1s);
        answer("GET /chat/_security", 200, "{}");
        const auto body = base::parse_json(fetch("POST /_users")->request.body);
        std::string rows;
        for (const auto& key : base::member(*body, "keys")->get_array()) {
            const auto name = base::write_json(key).substr(18);
            rows +=
                fmt::format(R"({}{{"id":{},"doc":{{"name":"{},"roles":[{}],"salt":"s","derived_key":"k"}}}})",
                            rows.empty() ? "" : ",", base::write_json(key), name,
                            name == "rose\"" ? roses_roles : std::string_view{});
        }
        answer("POST /_users/_all_docs", 200, fmt::format(R"({{"rows":[{}]}})", rows));
    }
};

TEST_F(ByRole, AreWelcomedAsModeratorsAndModerate) {
    EXPECT_TRUE(base::bool_member(take(rose, "welcome").at(0), "moderator"));
    ban_with(rose, "mallory", "lobby", next_key());
    persist_all();
    EXPECT_THAT(heard(rose), ElementsAre("accepted"));
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    const auto key = next_key();
    post_with(ann, "lobby", "rude", key);
    persist_all();
    const auto id = base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), "rude");
    take(rose);
    say(rose, fmt::format(R"({{"t":"remove","id":"{}","key":"{}"}})", id, next_key()));
    persist_all();
    EXPECT_THAT(heard(rose), Contains("accepted"));
}

TEST_F(ByRole, TheLossOfTheRoleCountsWithinAMinuteAndIsTold) {
    store_says(role);
    take(rose);
    const auto before = now().time;
    store_says("");
    EXPECT_LT(now().time - before, 60s);
    EXPECT_THAT(heard(rose), ElementsAre("role"));
    ban_with(rose, "mallory", "lobby", next_key());
    EXPECT_THAT(heard(rose), ElementsAre("refused not_yours"));
    store_says(role);
    EXPECT_TRUE(base::bool_member(take(rose, "role").at(0), "moderator"));
}

TEST_F(ByRole, BeforeTheStoreHasSaidNobodyIsTurnedAwayForGood) {
    crash_and_restart();
    store_up();
    stream("feed=continuous", "\n");
    handle(Opened{rose, "127.0.0.1", cookies["rose"]});
    take(rose);
    ban_with(rose, "mallory", "lobby", next_key());
    const auto refused = take(rose, "refused").at(0);
    EXPECT_EQ(base::string_member(refused, "code"), "not_now");
    EXPECT_EQ(base::int_member(refused, "retry_ms"), 1000);
    store_says(role);
    EXPECT_THAT(heard(rose), ElementsAre("role"));
    ban_with(rose, "mallory", "lobby", next_key());
    persist_all();
    EXPECT_THAT(heard(rose), ElementsAre("accepted"));
}

TEST_F(ByRole, NamesOfTheOptionNeedNoRole) {
    store_says("");
    ban_with(boss, "mallory", "lobby", next_key());
    persist_all();
    EXPECT_THAT(heard(boss), Contains("accepted"));
}

}  // namespace
}  // namespace davenport::node
