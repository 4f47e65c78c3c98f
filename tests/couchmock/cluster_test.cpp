#include "couchmock/faults/fault_table.hpp"
#include "tests/couchmock/mock_client.hpp"

#include <map>
#include <set>

#include <fmt/format.h>

/// One mock that behaves as the members of a cluster behind a balancer.
namespace davenport::couchmock::test {
namespace {

class ClusterMock : public testing::Test {
protected:
    ClusterMock() { mock.put("/db", ""); }

    Seen at(int member, std::string target) {
        return mock.ask("GET", std::move(target), {}, {{"X-Couchmock-Member", std::to_string(member)}});
    }
    std::vector<std::string> rows_at(int member, const std::string& since) {
        const auto answer = at(member, "/db/_changes?since=" + base::percent_encode(since)).value();
        std::vector<std::string> ids;
        for (const auto& row : base::member(answer, "results")->get_array())
            ids.push_back(base::text_member(row, "id"));
        return ids;
    }
    std::string last_seq_at(int member) { return at(member, "/db/_changes").text("last_seq"); }
    void down(int member) {
        mock.fault(fmt::format(R"({{"name":"down{0}","fault":"member.down","member":{0}}})", member));
    }
    void empty(int member) {
        mock.fault(fmt::format(R"({{"name":"down{0}","fault":"member.empty","member":{0}}})", member));
    }
    void back(int member) { mock.ask("DELETE", fmt::format("/_mock/faults/down{}", member)); }

    MockClient mock{MockConfig{.default_shards = 1, .members = 3}};
};

using Ids = std::vector<std::string>;

TEST_F(ClusterMock, TheBalancerGoesRoundAndPassesByWhoIsGone) {
    const auto server = [&] { return base::header(mock.get("/").headers, "X-Couchmock-Member"); };
    std::map<std::string, int> served;
    for (int i = 0; i < 6; ++i) ++served[std::string{server()}];
    EXPECT_EQ(served, (std::map<std::string, int>{{"1", 2}, {"2", 2}, {"3", 2}}));
    down(2);
    served.clear();
    for (int i = 0; i < 6; ++i) ++served[std::string{server()}];
    EXPECT_EQ(served.count("2"), 0u);
    EXPECT_EQ(served.size(), 2u);
}

TEST_F(ClusterMock, MembershipSaysWhoIsThereAndWhoBelongsToIt) {
    down(3);
    EXPECT_EQ(mock.get("/_membership").body,
              R"({"all_nodes":["node1@127.0.0.1","node2@127.0.0.1"],)"
              R"("cluster_nodes":["node1@127.0.0.1","node2@127.0.0.1","node3@127.0.0.1"]})"
              "\n");
    EXPECT_EQ(mock.get("/_up").status, 200);
    EXPECT_EQ(at(3, "/").status, 503);
    EXPECT_EQ(at(4, "/").status, 400);
    EXPECT_NE(mock.get("/db").body.find(R"("cluster":{"q":1,"n":3,"w":2,"r":2})"), std::string::npos);
}

TEST_F(ClusterMock, WithNobodyLeftTheBalancerAnswersItself) {
    for (int i = 1; i <= 3; ++i) down(i);
    const auto answer = mock.get("/db");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(base::header(answer.headers, "Content-Type"), "text/html");
    for (int i = 1; i <= 3; ++i) back(i);
    EXPECT_EQ(mock.get("/db").status, 200);
}

/// As CouchDB 3.5.0 answered with one member of three, then two, killed.
TEST_F(ClusterMock, WritesAreAcceptedOnlyWhereTheQuorumLacks) {
    down(1);
    EXPECT_EQ(mock.put("/db/a", "{}").status, 201);
    down(2);
    EXPECT_EQ(mock.put("/db/b", "{}").status, 202);
    EXPECT_EQ(mock.put("/db/b", "{}").status, 409);
    EXPECT_EQ(mock.put("/db/_local/b", "{}").status, 202);
    EXPECT_EQ(mock.put("/other", "").status, 202);
    const auto bulk = mock.ask("POST", "/db/_bulk_docs", R"({"docs":[{"_id":"c"},{"_id":"a"}]})");
    EXPECT_EQ(bulk.status, 202);
    EXPECT_TRUE(bulk.body.starts_with(R"([{"ok":true,"id":"c","rev":")")) << bulk.body;
    EXPECT_NE(bulk.body.find(R"(","accepted":true},{"id":"a","error":"conflict")"), std::string::npos);
    EXPECT_EQ(mock.ask("POST", "/db/_revs_diff", "{}").status, 200);
    EXPECT_EQ(mock.get("/db/b").status, 200);
    back(2);
    EXPECT_EQ(mock.put("/db/d", "{}").status, 201);
}

/// As in CouchDB 3.5.0: one that is at one of three members is found or not, with each request anew.
TEST_F(ClusterMock, ALocalDocumentStaysWhereItWasWritten) {
    const auto found = [&](const std::string& target) {
        std::multiset<int> all;
        for (int i = 0; i < 3; ++i) all.insert(mock.get(target).status);
        return all;
    };
    down(1);
    mock.put("/db/_local/two", "{}");
    down(2);
    mock.put("/db/_local/x", R"({"n":1})");
    back(1);
    back(2);
    mock.pass(1min);
    EXPECT_EQ(at(1, "/db/_local/x").status, 404);
    EXPECT_EQ(at(2, "/db/_local/x").status, 404);
    EXPECT_EQ(at(3, "/db/_local/x").status, 200);
    EXPECT_EQ(found("/db/_local/x"), (std::multiset<int>{200, 200, 404})) << "two of three are asked";
    EXPECT_EQ(found("/db/_local/x?r=1"), (std::multiset<int>{200, 404, 404}));
    EXPECT_EQ(found("/db/_local/two"), (std::multiset<int>{200, 200, 200}));
    EXPECT_EQ(at(1, "/db/_local_docs").body.find("_local/x"), std::string::npos);
    mock.put("/db/_local/x", R"({"n":2})");
    EXPECT_EQ(at(1, "/db/_local/x").status, 200);
}

TEST_F(ClusterMock, AReadAtAMemberThatWasAwayIsStaleUntilItHealed) {
    down(2);
    mock.put("/db/a", R"({"n":1})");
    back(2);
    mock.put("/db/b", "{}");
    EXPECT_EQ(at(1, "/db/a").status, 200);
    EXPECT_EQ(at(2, "/db/a").status, 404) << "404 after 201";
    EXPECT_EQ(at(2, "/db/b").status, 200);
    EXPECT_EQ(at(2, "/db/_all_docs").body.find("\"a\""), std::string::npos);
    EXPECT_NE(at(2, "/db/_all_docs?keys=%5B%22a%22%5D").body.find("not_found"), std::string::npos);
    EXPECT_EQ(mock.ask("GET", "/db/a", {}, {{"X-Couchmock-Member", "all"}}).status, 200);
    mock.pass(2s);
    EXPECT_EQ(at(2, "/db/a").status, 200);
    EXPECT_EQ(rows_at(2, "0"), (Ids{"b", "a"})) << "it got them in another order";
}

/// With two of three answers CouchDB finds what one of the two has.
TEST_F(ClusterMock, AReadThroughTheBalancerIsStaleOnlyWhereTwoMembersLack) {
    down(1);
    mock.put("/db/a", "{}");
    down(2);
    mock.put("/db/b", "{}");
    back(1);
    back(2);
    std::multiset<int> two, one;
    for (int i = 0; i < 3; ++i) {
        two.insert(mock.get("/db/a").status);
        one.insert(mock.get("/db/b").status);
    }
    EXPECT_EQ(two, (std::multiset<int>{200, 200, 200}));
    EXPECT_EQ(one, (std::multiset<int>{200, 200, 404}));
}

TEST_F(ClusterMock, EveryMemberGoesOnFromTheSeqOfAnother) {
    for (const auto* id : {"a", "b", "c"}) mock.put(fmt::format("/db/{}", id), "{}");
    std::set<std::string> seqs;
    for (int i = 1; i <= 3; ++i) seqs.insert(last_seq_at(i));
    EXPECT_EQ(seqs.size(), 3u);
    mock.put("/db/d", "{}");
    for (const auto& seq : seqs)
        for (int i = 1; i <= 3; ++i) EXPECT_EQ(rows_at(i, seq), Ids{"d"}) << "of " << seq << " at " << i;
}

TEST_F(ClusterMock, TheSeqOfAMemberThatIsGoneIsUnderstoodWithRepeatsAndWithoutAGap) {
    for (int i = 0; i < 30; ++i) mock.put(fmt::format("/db/old{:02}", i), "{}");
    const auto seq = last_seq_at(1);
    down(1);
    mock.put("/db/new", "{}");
    const auto rows = rows_at(2, seq);
    EXPECT_EQ(rows.back(), "new");
    EXPECT_GT(rows.size(), 1u);
    EXPECT_LT(rows.size(), 20u);
}

/// Member 1 has rows that member 2 gets later than others: whoever changes over then reads them again.
TEST_F(ClusterMock, NoRowIsPassedOverWhereMembersHaveOtherOrders) {
    down(2);
    for (int i = 0; i < 20; ++i) mock.put(fmt::format("/db/early{:02}", i), "{}");
    const auto seq = last_seq_at(1);
    for (int i = 0; i < 20; ++i) mock.put(fmt::format("/db/more{:02}", i), "{}");
    back(2);
    for (int i = 0; i < 20; ++i) mock.put(fmt::format("/db/late{:02}", i), "{}");
    mock.pass(2s);
    down(1);
    const auto rows = rows_at(2, seq);
    const std::set<std::string> seen(rows.begin(), rows.end());
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(seen.contains(fmt::format("more{:02}", i)));
        EXPECT_TRUE(seen.contains(fmt::format("late{:02}", i)));
    }
}

TEST_F(ClusterMock, LiveFeedsOfAMemberEndWithItAndRowsItMissedComeLate) {
    const auto live =
        mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000", {}, {{"X-Couchmock-Member", "3"}});
    const auto other =
        mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000", {}, {{"X-Couchmock-Member", "1"}});
    down(3);
    EXPECT_TRUE(mock.seen(live).reset);
    EXPECT_FALSE(mock.seen(other).reset);
    mock.put("/db/a", "{}");
    back(3);
    const auto again =
        mock.send("GET", "/db/_changes?feed=continuous&heartbeat=1000", {}, {{"X-Couchmock-Member", "3"}});
    mock.put("/db/b", "{}");
    EXPECT_EQ(mock.seen(again).ids(), Ids{"b"});
    mock.pass(2s);
    EXPECT_EQ(mock.seen(again).ids(), (Ids{"b", "a"}));
    EXPECT_EQ(mock.seen(other).ids(), (Ids{"a", "b"}));
}

TEST_F(ClusterMock, AMemberThatComesBackEmptyKnowsNoSeqOfItsOwnAndNoLocalDocument) {
    mock.put("/db/_local/x", "{}");
    for (const auto* id : {"a", "b"}) mock.put(fmt::format("/db/{}", id), "{}");
    const auto seq = last_seq_at(2);
    empty(2);
    back(2);
    EXPECT_EQ(rows_at(2, "0"), Ids{});
    EXPECT_EQ(at(2, "/db/a").status, 404);
    EXPECT_EQ(at(2, "/db/_local/x").status, 404);
    mock.pass(2s);
    EXPECT_EQ(rows_at(2, "0"), (Ids{"a", "b"}));
    EXPECT_EQ(rows_at(2, seq), (Ids{"a", "b"})) << "from the beginning";
    EXPECT_EQ(rows_at(1, seq), (Ids{"a", "b"}));
    EXPECT_EQ(at(2, "/db/_local/x").status, 404);
}

TEST_F(ClusterMock, WhatIsPurgedOrForgottenIsGoneAtAllMembers) {
    down(3);
    mock.put("/db/a", "{}");
    const auto rev = mock.put("/db/b", "{}").text("rev");
    mock.ask("POST", "/db/_purge", fmt::format(R"({{"b":["{}"]}})", rev));
    mock.put("/db/c", "{}");
    mock.fault(R"({"name":"f","fault":"store.amnesia","rows":1})");
    back(3);
    mock.pass(2s);
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(rows_at(i, "0"), Ids{"a"}) << i;
}

TEST_F(ClusterMock, AStatePutBackIsAtAllMembers) {
    down(2);
    mock.put("/db/a", "{}");
    mock.put("/db/_local/x", "{}");
    const auto state = mock.get("/_mock/state").body;
    back(2);
    EXPECT_EQ(mock.ask("PUT", "/_mock/state", state).status, 200);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(rows_at(i, "0"), Ids{"a"}) << i;
        EXPECT_EQ(at(i, "/db/_local/x").status, 200);
    }
}

TEST_F(ClusterMock, TwoRulesMayKeepOneMemberAway) {
    down(1);
    mock.fault(R"({"name":"more","fault":"member.down","member":1,"for_ms":1000})");
    back(1);
    EXPECT_EQ(at(1, "/").status, 503);
    mock.pass(1s);
    EXPECT_EQ(at(1, "/").status, 200);
}

TEST_F(ClusterMock, WhichMemberIsDrawnWhenNoneIsNamedAndTold) {
    const auto rule = mock.fault(R"({"fault":"member.down"})");
    const auto member = base::int_member(rule, "member").value_or(0);
    EXPECT_GE(member, 1);
    EXPECT_LE(member, 3);
    EXPECT_EQ(at(static_cast<int>(member), "/").status, 503);
}

TEST_F(ClusterMock, AMemberThatThereIsNotIsToldWithTheBounds) {
    const auto beyond = mock.set_fault(R"({"fault":"member.down","member":4})");
    EXPECT_EQ(beyond.status, 400);
    EXPECT_EQ(beyond.text("reason"), "`member` of member.down must be a whole number, 1 to 3, not 4");
    MockClient alone;
    const auto single = alone.set_fault(R"({"fault":"member.empty"})");
    EXPECT_EQ(single.status, 400);
    EXPECT_EQ(single.text("reason"),
              "member.empty needs a cluster, and there is one member: start couchmock with --members 3");
    EXPECT_EQ(base::header(alone.get("/").headers, "X-Couchmock-Member"), "");
}

TEST(ClusterMockConfig, HasNoMoreMembersThanFaultsCanName) {
    EXPECT_EQ(MockConfig::members_most, members_max);
}

/// With several shards members give them in other orders, each in order within itself.
TEST_F(ClusterMock, ShardsComeInAnotherOrderFromAnotherMember) {
    mock.put("/wide?q=4", "");
    for (int i = 0; i < 40; ++i) mock.put(fmt::format("/wide/d{:02}", i), "{}");
    std::set<std::string> orders;
    std::set<std::size_t> sizes;
    for (int i = 1; i <= 3; ++i) {
        std::string order;
        const auto answer = at(i, "/wide/_changes").value();
        for (const auto& row : base::member(answer, "results")->get_array())
            order += base::text_member(row, "id");
        sizes.insert(order.size());
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 3u);
    EXPECT_EQ(sizes, std::set<std::size_t>{120});
}

}  // namespace
}  // namespace davenport::couchmock::test
