#include "sim/orchestrator/orchestrator.hpp"

#include <algorithm>
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::sim::orchestrator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Plays the world: answers what the orchestrator asks for, at once, and keeps what was done and noted.
class ScriptedWorld {
public:
    Scenario scenario;
    Plan plan;
    std::vector<std::string> done;  ///< "1000 kill n1", in milliseconds
    std::vector<Record> notes;
    std::string broken;
    bool finished = false;
    std::int64_t hits = 3;  ///< of every fault, when asked
    bool settled = true;
    bool nodes_start = true;
    bool can_restart_store = false;
    std::set<std::string> hold_exit;  ///< nodes that take their time to end
    int set_status = 201;             ///< of setting a fault
    int store_status = 200;           ///< of what is asked of the store
    std::string documents = R"({"rows":[]})";
    std::string found = R"({"messages":[]})";  ///< by a search
    std::string slow_node;                     ///< gives an empty history until `slow_until`
    base::Duration slow_until{};
    int histories_asked = 0;

    ScriptedWorld() {
        scenario.topology.nodes = 2;
        scenario.topology.clients = 2;
        plan.load_end = 2s;
        plan.heal_begin = 3s;
        plan.end = 13s;
    }
    std::size_t add(PlannedFault fault) {
        plan.faults.push_back(fault);
        const auto i = plan.faults.size() - 1;
        plan.actions.push_back({fault.at, true, i});
        if (fault.length > 0s) plan.actions.push_back({fault.at + fault.length, false, i});
        std::ranges::stable_sort(plan.actions, {}, &Action::at);
        return i;
    }
    void run(base::Duration until = 60s) {
        if (!orchestrator_) {
            orchestrator_.emplace(scenario, plan, start_,
                                  Orchestrator::Environment{.can_restart_store = can_restart_store});
            take(orchestrator_->start());
        }
        while (!finished && timer_ && *timer_ <= start_ + until) {
            now_ = std::max(now_, *timer_);
            timer_.reset();
            tell(TimerFired{settled});
        }
        now_ = std::max(now_, start_ + until);
    }
    void tell(const Event& event) {
        waiting_.push_back(event);
        if (busy_) return;
        busy_ = true;
        for (; !waiting_.empty(); waiting_.pop_front()) take(orchestrator_->handle(waiting_.front(), now_));
        busy_ = false;
    }
    void on_record(Record record) {
        record.at_us = at_us();
        take(orchestrator_->on_record(record));
    }
    std::int64_t at_us() const { return (now_ - start_).count(); }
    [[nodiscard]] std::vector<std::string> noted(RecordKind kind) const {
        std::vector<std::string> out;
        for (const auto& note : notes)
            if (note.kind == kind)
                out.push_back(std::to_string(note.at_us / 1000) + ' ' + note.node + note.name + ' ' +
                              note.text);
        return out;
    }

private:
    void take(const Effects& effects) {
        for (const auto& effect : effects) std::visit([this](const auto& e) { on(e); }, effect);
    }
    void log(const std::string& what) { done.push_back(std::to_string(at_us() / 1000) + ' ' + what); }
    void on(const SetTimer& e) { timer_ = e.at; }
    void on(const Act& e) {
        static const char* names[] = {"start", "kill",    "terminate", "wipe",
                                      "copy",  "restore", "pause",     "resume"};
        log(std::string{names[static_cast<int>(e.act)]} + ' ' + e.node);
        if (e.act == NodeAct::start && nodes_start) tell(NodeIsUp{e.node});
        if (e.act == NodeAct::kill) tell(NodeIsGone{e.node, "killed", false});
        if (e.act == NodeAct::terminate && !hold_exit.contains(e.node))
            tell(NodeIsGone{e.node, "exit code 0", true});
    }
    void on(const Tell& e) {
        if (const auto* post = std::get_if<client::Post>(&e.event))
            log(e.client + " posts what was due at " + std::to_string((post->due - start_).count() / 1000));
        else
            log(e.client + " event " + std::to_string(e.event.index()));
    }
    void on(const HoldReading& e) { log(e.client + (e.held ? " stops reading" : " reads")); }
    void on(const AddClient& e) { log("add " + e.client + " at " + e.node); }
    void on(const AskControl& e) {
        log(e.http.method + ' ' + e.http.target + (e.http.body.empty() ? "" : ' ' + e.http.body));
        std::string faults;
        for (const auto& fault : plan.faults)
            faults += (faults.empty() ? "" : ",") +
                      ("{\"name\":\"" + fault.name + "\",\"hits\":" + std::to_string(hits) + '}');
        tell(Answered{e.request, e.http.method == "POST" ? set_status : 200,
                      e.http.method == "GET" ? "{\"faults\":[" + faults + "]}" : "{}"});
    }
    void on(const AskNode& e) {
        log(e.node + ' ' + e.http.target);
        tell(Answered{e.request, 200, found});
    }
    void on(const AskStore& e) {
        if (e.http.method != "GET") log(e.http.method + " the database");
        tell(Answered{e.request, store_status, documents});
    }
    void on(const AskBacklog& e) { tell(BacklogTold{e.node, 0}); }
    void on(const AskHistory& e) {
        ++histories_asked;
        using Messages = decltype(HistoryTold::messages);
        const bool behind = e.node == slow_node && now_ - start_ < slow_until;
        for (const auto& room : e.rooms)
            tell(HistoryTold{e.node, room, behind ? Messages{} : Messages{{"c1-1", "r1:ID"}}});
    }
    void on(const SetLink& e) {
        log(e.on ? "link fault" : "link as it was");
        if (!e.on) tell(LinkTold{e.fault, 2});
    }
    void on(const RestartStore&) { log("restart the store"); }
    void on(const SetHost& e) { log(e.on ? "host fault" : "host as it was"); }
    void on(const Note& e) { notes.push_back(e.record); }
    void on(const Finished& e) {
        finished = true;
        broken = e.broken;
    }

    base::Time start_{1h};
    base::Time now_ = start_;
    std::optional<base::Time> timer_;
    std::optional<Orchestrator> orchestrator_;
    std::deque<Event> waiting_;
    bool busy_ = false;
};

PlannedFault fault(const std::string& kind, base::Duration at, base::Duration length = 0s,
                   const std::string& node = "") {
    PlannedFault planned;
    planned.name = "it";
    planned.kind = kind;
    planned.at = at;
    planned.length = length;
    planned.node = node;
    return planned;
}

TEST(Orchestrator, PostsWhatIsDueWithItsIntendedTime) {
    ScriptedWorld world;
    world.plan.sends = {{.due = 500ms, .client = 0, .room = "r1", .size_bytes = 10},
                        {.due = 700ms, .client = 1, .room = "r1", .size_bytes = 10}};
    world.run(1s);
    EXPECT_THAT(world.done,
                ElementsAre("500 c1 posts what was due at 500", "700 c2 posts what was due at 700"));
}

TEST(Orchestrator, SetsAStoreFaultAndNotesWhatItHit) {
    ScriptedWorld world;
    auto slow = fault("store.slow", 500ms, 1s);
    slow.parameters["delay"] = base::Duration{20ms};
    world.add(slow);
    world.run(2s);
    EXPECT_THAT(world.done,
                ElementsAre(R"(500 POST /_mock/faults {"name":"it","fault":"store.slow","delay_ms":20})",
                            "1500 GET /_mock/faults", "1500 DELETE /_mock/faults/it"));
    EXPECT_THAT(world.noted(RecordKind::fault_on), ElementsAre("500 it store.slow"));
    EXPECT_THAT(world.noted(RecordKind::fault_off), ElementsAre("1500 it store.slow"));
    EXPECT_EQ(world.notes.back().count, 3);
}

TEST(Orchestrator, AMomentIsOverOnceItHasHit) {
    ScriptedWorld world;
    world.add(fault("feed.cut", 500ms));
    world.hits = 0;
    world.run(1s);
    EXPECT_THAT(world.noted(RecordKind::fault_off), ElementsAre());
    world.hits = 1;
    world.run(2s);
    EXPECT_EQ(world.noted(RecordKind::fault_off).size(), 1u);
}

TEST(Orchestrator, WipesAStoreThatIsNotTheMocksByDroppingTheDatabase) {
    ScriptedWorld world;
    world.set_status = 501;
    world.add(fault("store.wipe", 500ms));
    world.run(1s);
    EXPECT_EQ(world.done.back(), "500 DELETE the database");
    EXPECT_EQ(world.notes.back().kind, RecordKind::fault_off);
    EXPECT_EQ(world.notes.back().count, 1);
}

TEST(Orchestrator, WhatTheMockCannotDoToSomebodyElsesStoreTouchesNothing) {
    ScriptedWorld world;
    world.set_status = 501;
    world.add(fault("store.amnesia", 500ms));
    world.run();
    EXPECT_EQ(world.noted(RecordKind::fault_off), std::vector<std::string>{"500 it store.amnesia"});
    EXPECT_EQ(world.broken, "");
}

TEST(Orchestrator, WritesABanOnceTheStoreAnswersAndDeletesItAtTheEnd) {
    ScriptedWorld world;
    world.documents = R"({"_rev":"1-a"})";
    world.store_status = 503;
    auto ban = fault("policy.ban", 500ms, 1s);
    ban.client = "c2";
    world.add(ban);
    world.run(1s);
    EXPECT_THAT(world.noted(RecordKind::policy_set), ElementsAre());
    world.store_status = 201;
    world.run(1400ms);
    EXPECT_THAT(world.noted(RecordKind::policy_set), ElementsAre("1100 it ban"));
    world.on_record(
        {.kind = RecordKind::put_out, .client = "c2", .node = "n2", .room = "r1", .text = "banned"});
    world.on_record(
        {.kind = RecordKind::put_out, .client = "c1", .node = "n1", .room = "r1", .text = "banned"});
    world.on_record(
        {.kind = RecordKind::refused, .client = "c2", .node = "n2", .room = "r1", .text = "too_fast"});
    world.store_status = 200;
    world.run(2s);
    EXPECT_THAT(world.done,
                ElementsAre("500 PUT the database", "700 PUT the database", "900 PUT the database",
                            "1100 PUT the database", "1500 DELETE the database"));
    EXPECT_THAT(world.noted(RecordKind::policy_lifted), ElementsAre("1500 it ban"));
    EXPECT_EQ(world.notes.back().kind, RecordKind::fault_off);
    EXPECT_EQ(world.notes.back().count, 1) << "who was refused for it";
}

TEST(Orchestrator, WhatAStoreHasLostOfAPolicyIsSaidToBeOver) {
    ScriptedWorld world;
    auto closed = fault("policy.room", 500ms, 1s);
    closed.parameters["room"] = std::string{"r1"};
    world.add(closed);
    world.run(1s);
    world.store_status = 404;
    world.run(1600ms);
    EXPECT_EQ(world.done.back(), "1500 PUT the database");
    EXPECT_THAT(world.noted(RecordKind::policy_lifted), ElementsAre()) << "it was not taken";
    world.store_status = 200;
    world.run(2s);
    EXPECT_THAT(world.noted(RecordKind::policy_lifted).size(), 1u);
}

TEST(Orchestrator, RestartsTheStoreItselfWhereTheWorldCan) {
    ScriptedWorld world;
    world.can_restart_store = true;
    world.add(fault("store.crash", 500ms));
    world.run(1s);
    EXPECT_EQ(world.done, std::vector<std::string>{"500 restart the store"});
    EXPECT_THAT(world.noted(RecordKind::fault_off), ElementsAre());
    world.tell(StoreRestarted{0, true});
    EXPECT_THAT(world.noted(RecordKind::fault_off), ElementsAre("1000 it store.crash"));
    world.run();
    EXPECT_EQ(world.broken, "");
}

TEST(Orchestrator, AKilledNodeIsStartedAgainAfterItsTime) {
    ScriptedWorld world;
    world.add(fault("node.kill", 500ms, 1s, "n2"));
    world.run(2s);
    EXPECT_THAT(world.done, ElementsAre("500 kill n2", "1500 start n2"));
    EXPECT_THAT(world.noted(RecordKind::node),
                ElementsAre("0 n1 up", "0 n2 up", "500 n2 killed", "1500 n2 up"));
    EXPECT_THAT(world.noted(RecordKind::fault_off), ElementsAre("1500 n2it node.kill"));
}

TEST(Orchestrator, AWipedNodeLosesItsJournalBetweenKillAndStart) {
    ScriptedWorld world;
    world.add(fault("node.wipe", 500ms, 0s, "n1"));
    world.run(1s);
    EXPECT_THAT(world.done, ElementsAre("500 kill n1", "500 wipe n1", "500 start n1"));
}

TEST(Orchestrator, ARestoredNodeStartsWithTheJournalThatWasCopiedWhenTheFaultBegan) {
    ScriptedWorld world;
    world.add(fault("node.restore", 500ms, 1s, "n1"));
    world.run(2s);
    EXPECT_THAT(world.done, ElementsAre("500 copy n1", "1500 kill n1", "1500 restore n1", "1500 start n1"));
    EXPECT_THAT(world.noted(RecordKind::node),
                ElementsAre("0 n1 up", "0 n2 up", "1500 n1 killed", "1500 n1 restored", "1500 n1 up"));
    for (const auto& note : world.notes) {
        if (note.text != "restored") continue;
        EXPECT_GT(note.count, 1000) << "what was accepted in the copy's own millisecond may not be in it";
    }
}

TEST(Orchestrator, ANodeThatTakesItsTimeToEndIsStartedWhenItIsGone) {
    ScriptedWorld world;
    world.hold_exit = {"n1"};
    world.add(fault("node.stop", 500ms, 200ms, "n1"));
    world.run(1s);
    EXPECT_THAT(world.done, ElementsAre("500 terminate n1"));
    world.tell(NodeIsGone{"n1", "exit code 0", true});
    EXPECT_THAT(world.done, ElementsAre("500 terminate n1", "1000 start n1"));
    world.run();
    EXPECT_EQ(world.broken, "");
}

TEST(Orchestrator, ANodeThatEndsInBadOrderBreaksTheRun) {
    ScriptedWorld world;
    world.hold_exit = {"n1"};
    world.add(fault("node.stop", 500ms, 200ms, "n1"));
    world.run(600ms);
    world.tell(NodeIsGone{"n1", "signal 6 (Aborted)", false});
    world.run();
    EXPECT_THAT(world.broken, HasSubstr("n1 did not exit cleanly: signal 6"));
}

TEST(Orchestrator, ANodeThatDiesByItselfBreaksTheRunAndIsBackForTheHealing) {
    ScriptedWorld world;
    world.run(1s);
    world.tell(NodeIsGone{"n2", "signal 11 (Segmentation fault)", false});
    world.run();
    EXPECT_TRUE(world.finished);
    EXPECT_THAT(world.broken, HasSubstr("n2 ended by itself: signal 11"));
    EXPECT_THAT(world.done, ElementsAre("3000 start n2"));
    EXPECT_EQ(world.notes.back().text, world.broken);
}

TEST(Orchestrator, TwoFaultsDoNotHoldOneNode) {
    ScriptedWorld world;
    world.add(fault("node.kill", 500ms, 1s, "n2"));
    auto pause = fault("node.pause", 700ms, 200ms, "n2");
    pause.name = "second";
    world.add(pause);
    world.run(2s);
    EXPECT_THAT(world.done, ElementsAre("500 kill n2", "1500 start n2"));
    EXPECT_THAT(world.noted(RecordKind::fault_off),
                ElementsAre("700 n2second node.pause", "1500 n2it node.kill"));
}

TEST(Orchestrator, HealingEndsEveryFaultAndBringsEveryNodeBack) {
    ScriptedWorld world;
    for (const char* kind : {"store.down", "node.kill", "client.slow"}) {
        auto lasting = fault(kind, 500ms, 0s, kind == std::string{"node.kill"} ? "n1" : "");
        lasting.name = kind;
        lasting.client = "c1";
        lasting.lasting = true;
        world.add(lasting);
    }
    world.run();
    EXPECT_EQ(world.noted(RecordKind::fault_off).size(), 3u);
    EXPECT_THAT(world.noted(RecordKind::node),
                ElementsAre("0 n1 up", "0 n2 up", "500 n1 killed", "3000 n1 up"));
    EXPECT_THAT(world.noted(RecordKind::healed), ElementsAre("3000  "));
    EXPECT_TRUE(world.finished);
    EXPECT_EQ(world.broken, "");
}

TEST(Orchestrator, ANodeThatDoesNotComeBackBreaksTheRun) {
    ScriptedWorld world;
    world.add(fault("node.kill", 500ms, 1s, "n2"));
    world.nodes_start = false;
    world.run(300s);
    EXPECT_TRUE(world.finished);
    EXPECT_EQ(world.broken, "n2 did not come back");
}

TEST(Orchestrator, AJoiningNodeBringsItsClients) {
    ScriptedWorld world;
    auto join = fault("node.join", 500ms, 0s, "n3");
    join.parameters["clients"] = std::int64_t{2};
    world.add(join);
    world.run(1s);
    EXPECT_THAT(world.done, ElementsAre("500 start n3", "500 add c3 at n3", "500 add c4 at n3"));
    EXPECT_EQ(world.noted(RecordKind::fault_off).size(), 1u);
}

TEST(Orchestrator, AFloodIsManyPostsAtOnce) {
    ScriptedWorld world;
    auto flood = fault("client.flood", 500ms);
    flood.client = "c2";
    flood.parameters["messages"] = std::int64_t{3};
    world.add(flood);
    world.run(2s);
    EXPECT_EQ(world.done, std::vector<std::string>(3, "500 c2 posts what was due at 500"));
}

TEST(Orchestrator, AConditionBeginsAFaultOnceItIsMet) {
    ScriptedWorld world;
    auto kill = fault("node.kill", 0s, 200ms, "n1");
    kill.when = "accepted >= 2";
    world.plan.faults.push_back(kill);
    world.run(1s);
    world.on_record({.kind = RecordKind::accepted, .client = "c1", .msg = "c1-1"});
    world.run(1100ms);
    EXPECT_THAT(world.done, ElementsAre());
    world.on_record({.kind = RecordKind::accepted, .client = "c1", .msg = "c1-2"});
    world.run(2s);
    EXPECT_THAT(world.done, ElementsAre("1100 kill n1", "1300 start n1"));
}

TEST(Orchestrator, AFaultOfTheLinksTellsWhatItMet) {
    ScriptedWorld world;
    world.add(fault("link.clog", 500ms, 100ms));
    world.run(1s);
    EXPECT_THAT(world.done, ElementsAre("500 link fault", "600 link as it was"));
    EXPECT_EQ(world.notes.back().kind, RecordKind::fault_off);
    EXPECT_EQ(world.notes.back().count, 2);
}

TEST(Orchestrator, AFaultOfAClientThatIsAwayTouchesNothing) {
    for (const char* kind :
         {"client.slow", "client.vanish", "client.reconnect", "client.retry", "client.garbage"}) {
        for (const bool away : {true, false}) {
            ScriptedWorld world;
            auto it = fault(kind, 1s, kind == std::string{"client.slow"} ? 200ms : 0s);
            it.client = "c1";
            world.add(it);
            world.run(500ms);
            world.on_record({.kind = RecordKind::connected, .client = "c1", .node = "n1"});
            world.on_record({.kind = RecordKind::accepted, .client = "c1", .msg = "c1-1"});
            if (away) world.on_record({.kind = RecordKind::disconnected, .client = "c1", .node = "n1"});
            world.run(2s);
            EXPECT_EQ(world.notes.back().kind, RecordKind::fault_off);
            EXPECT_EQ(world.notes.back().count, away ? 0 : 1) << kind;
        }
    }
}

TEST(Orchestrator, ARetryNeedsAMessageThatWasAnswered) {
    ScriptedWorld world;
    auto retry = fault("client.retry", 1s);
    retry.client = "c1";
    world.add(retry);
    world.run(500ms);
    world.on_record({.kind = RecordKind::connected, .client = "c1", .node = "n1"});
    world.run(2s);
    EXPECT_EQ(world.notes.back().count, 0);
}

TEST(Orchestrator, ASlowClientThatComesBackMeanwhileIsTouched) {
    ScriptedWorld world;
    auto slow = fault("client.slow", 1s, 500ms);
    slow.client = "c1";
    world.add(slow);
    world.run(1200ms);
    world.on_record({.kind = RecordKind::connected, .client = "c1", .node = "n1"});
    world.run(2s);
    EXPECT_EQ(world.notes.back().count, 1);
}

TEST(Orchestrator, AFaultOfADeadNodeOrItsLinksTouchesNothing) {
    for (const char* kind :
         {"link.clog", "link.partition", "link.reset", "node.pause", "node.disk_full", "node.clock_skew"}) {
        ScriptedWorld world;
        world.add(fault("node.kill", 500ms, 2s, "n2"));
        auto it = fault(kind, 1s, kind == std::string{"link.reset"} ? 0s : 200ms, "n2");
        it.name = "second";
        world.add(it);
        world.run(2s);
        EXPECT_EQ(world.notes.back().name, "second");
        EXPECT_EQ(world.notes.back().count, 0) << kind;
    }
}

/// A run waits for what is still to be shown, and no longer.
TEST(Orchestrator, WaitsUntilEveryClientWasShownEveryKeptMessage) {
    ScriptedWorld world;
    world.run(1s);
    for (const char* client : {"c1", "c2"})
        world.on_record({.kind = RecordKind::joined, .client = client, .room = "r1"});
    world.on_record({.kind = RecordKind::send, .client = "c1", .room = "r1", .msg = "c1-1"});
    world.on_record({.kind = RecordKind::accepted, .client = "c1", .room = "r1", .msg = "c1-1"});
    world.on_record({.kind = RecordKind::shown, .client = "c1", .room = "r1", .msg = "c1-1"});
    world.run(6s);
    EXPECT_FALSE(world.finished) << "c2 was not shown it";
    world.on_record({.kind = RecordKind::shown, .client = "c2", .room = "r1", .msg = "c1-1"});
    world.run(8s);
    EXPECT_TRUE(world.finished);
}

TEST(Orchestrator, WaitsNoLongerThanThePlanSays) {
    ScriptedWorld world;
    world.settled = false;
    world.run(12900ms);
    EXPECT_FALSE(world.finished);
    world.run(13200ms);
    EXPECT_TRUE(world.finished);
    EXPECT_EQ(world.broken, "") << "that it did not converge is for the checkers to say";
}

TEST(Orchestrator, AsksANodeAgainThatLacksWhatMustBeKeptAsLongAsThePlanSays) {
    for (const auto until : {6s, 60s}) {
        ScriptedWorld world;
        world.documents = R"({"rows":[{"id":"r1:ID"}]})";
        world.slow_node = "n2";  // nobody is at it, so nobody waits to be shown anything there
        world.slow_until = until;
        world.run(1s);
        world.on_record({.kind = RecordKind::send, .client = "c1", .room = "r1", .msg = "c1-1"});
        world.on_record(
            {.kind = RecordKind::accepted, .client = "c1", .room = "r1", .msg = "c1-1", .id = "r1:ID"});
        world.run(5900ms);
        EXPECT_FALSE(world.finished);
        EXPECT_GT(world.histories_asked, 5);
        world.run(14s);
        EXPECT_TRUE(world.finished);
        EXPECT_EQ(world.broken, "");
        EXPECT_THAT(world.noted(RecordKind::history).size(), until == 6s ? 2u : 1u)
            << "what it lacks at the end is for the checkers";
    }
}

TEST(Orchestrator, NotesWhatNodesAndStoreHoldAtTheEnd) {
    ScriptedWorld world;
    world.documents = R"({"rows":[{"id":"r1:ID","doc":{"_id":"r1:ID","user":"c1","msg":"c1-1 )" +
                      client::make_text("c1-1", 20).substr(5) + R"("}},{"id":"_design/x","doc":{}}]})";
    world.run();
    ASSERT_TRUE(world.finished);
    EXPECT_THAT(world.noted(RecordKind::history).size(), 2u) << "of each node, one room";
    ASSERT_EQ(world.noted(RecordKind::document).size(), 1u);
    EXPECT_EQ(std::ranges::find(world.notes, RecordKind::document, &Record::kind)->msg, "c1-1");
    EXPECT_EQ(world.notes.back().kind, RecordKind::end);
}

// ---------------------------------------------------------------- one generator of several

/// The second of two, with c2, where c1 is the first's.
void divide(ScriptedWorld& world) {
    world.plan.sends = {{1s, 0, "r1", 32}, {1500ms, 1, "r1", 32}};
    world.plan = share_of(world.plan, {2, {2}});
}

TEST(Generator, PlaysItsOwnClientsOnly) {
    ScriptedWorld world;
    PlannedFault theirs, store;
    theirs.name = theirs.line = "theirs";
    theirs.kind = "client.reconnect";
    theirs.at = 1200ms;
    theirs.client = "c1";
    store.name = store.line = "outage";
    store.kind = "store.down";
    store.at = store.length = 1s;
    world.add(theirs);
    world.add(store);
    divide(world);
    world.run();
    EXPECT_TRUE(world.finished);
    EXPECT_THAT(world.done, ElementsAre("1500 c2 posts what was due at 1500"));
    EXPECT_THAT(world.noted(RecordKind::fault_on),
                ElementsAre("1000 outage store.down", "1200 theirs client.reconnect"))
        << "phases are the same for all";
    EXPECT_EQ(placements_of(world.scenario, world.plan.share).size(), 1u);
}

TEST(Generator, StaysUntilItsClientsWereShownWhatOthersClientsAreAboutToSay) {
    ScriptedWorld world;
    divide(world);
    world.run(500ms);
    world.on_record({.kind = RecordKind::joined, .client = "c2", .room = "r1"});
    world.run(8s);
    EXPECT_FALSE(world.finished) << "c1 says something at 1 s";
    world.documents = R"({"rows":[{"id":"r1:ID"}]})";
    world.on_record({.kind = RecordKind::shown, .client = "c2", .room = "r1", .msg = "c1-1", .id = "r1:ID"});
    world.run(10s);
    EXPECT_TRUE(world.finished);
}

// ---------------------------------------------------------------- searches

TEST(Searches, AreAskedForWhatWasShownAndNotedAsAnswered) {
    ScriptedWorld world;
    world.scenario.expect.emplace_back().property = "search";
    world.found =
        R"({"messages":[{"id":"r1:ID","user":"c1","text":"c1-1 x"},{"id":"r1:OTHER","user":"c1","text":"c1-2 x"}]})";
    world.run(100ms);
    for (const auto* msg : {"c1-1", "c1-3"})
        world.on_record({.kind = RecordKind::shown,
                         .client = "c1",
                         .node = "n1",
                         .room = "r1",
                         .msg = msg,
                         .id = msg == std::string_view{"c1-1"} ? "r1:ID" : "r1:ID3"});
    world.run(1s);
    EXPECT_THAT(world.done, testing::Contains("500 n1 /api/search?q=%22c1-3%22&room=r1&limit=100"));
    world.run();
    ASSERT_TRUE(world.finished);
    std::set<std::string> found, not_found;
    for (const auto& note : world.notes)
        if (note.kind == RecordKind::searched) (note.flag ? found : not_found).insert(note.msg);
    EXPECT_THAT(found, ElementsAre("c1-1"));
    EXPECT_THAT(not_found, ElementsAre("c1-3"));
}

TEST(Searches, WaitForAnIndexThatIsBeingBuilt) {
    ScriptedWorld world;
    world.scenario.expect.emplace_back().property = "search";
    world.found = R"({"messages":[],"partial":true})";
    world.run(2900ms);
    world.on_record({.kind = RecordKind::shown,
                     .client = "c1",
                     .node = "n1",
                     .room = "r1",
                     .msg = "c1-1",
                     .id = "r1:ID"});
    world.run();
    ASSERT_TRUE(world.finished);
    EXPECT_THAT(world.noted(RecordKind::searched),
                ElementsAre(HasSubstr("the node was still building its index")));
}

TEST(Searches, AreNoneWhereNobodyExpectsThem) {
    ScriptedWorld world;
    world.run(100ms);
    world.on_record({.kind = RecordKind::shown,
                     .client = "c1",
                     .node = "n1",
                     .room = "r1",
                     .msg = "c1-1",
                     .id = "r1:ID"});
    world.run();
    EXPECT_THAT(world.done, testing::Each(testing::Not(HasSubstr("search"))));
}

// ---------------------------------------------------------------- pages of history

TEST(PageTurns, NoteHowWhatWasShownStandsThere) {
    ScriptedWorld world;
    world.scenario.expect.emplace_back().property = "pages";
    world.run(100ms);
    for (const auto* msg : {"c1-1", "c1-3"})
        world.on_record({.kind = RecordKind::shown,
                         .client = "c1",
                         .node = "n1",
                         .room = "r1",
                         .msg = msg,
                         .id = msg == std::string_view{"c1-1"} ? "r1:ID" : "r1:ID3"});
    world.run();
    ASSERT_TRUE(world.finished);
    std::set<std::string> found, missing;
    for (const auto& note : world.notes)
        if (note.kind == RecordKind::paged) (note.flag ? found : missing).insert(note.msg);
    EXPECT_THAT(found, ElementsAre("c1-1"));
    EXPECT_THAT(missing, ElementsAre("c1-3"));
}

}  // namespace
}  // namespace davenport::sim::orchestrator
