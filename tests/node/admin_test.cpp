#include "couchmock/mock/mock.hpp"
#include "node/base/json_view.hpp"
#include "node/base/message_id.hpp"
#include "node/core/admin/ban_change.hpp"
#include "node/core/admin/document_change.hpp"
#include "node/core/admin/people.hpp"
#include "node/core/admin/room_change.hpp"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What an operator does to people, bans and rooms, against the mock.
namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::ThrowsMessage;
using testing::UnorderedElementsAre;

constexpr std::int64_t now_ms = 1'800'000'000'000;
const base::WallTime now = base::wall_from_unix_ms(now_ms);

class AdminTest : public testing::Test {
protected:
    void SetUp() override {
        ask("PUT", "/chat?q=1");
        ask("PUT", "/_users");
    }

    base::HttpResponse ask(base::HttpRequest request) {
        base::HttpResponse out;
        ++exchange_;
        ++asked_;
        std::vector<couchmock::Event> events;
        events.emplace_back(couchmock::Requested{exchange_, std::move(request), "127.0.0.1"});
        while (!events.empty()) {
            auto event = std::move(events.back());
            events.pop_back();
            for (auto& effect : mock_.handle(std::move(event), {.time = base::Time{}, .wall = now})) {
                if (auto* whole = std::get_if<couchmock::Respond>(&effect)) out = std::move(whole->response);
                if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) out.status = head->status;
                if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
                    out.body += data->bytes;
                    events.emplace_back(couchmock::Written{exchange_});
                }
            }
        }
        return out;
    }
    std::string ask(const std::string& method, const std::string& target, std::string body = {}) {
        base::HttpRequest request{method, target, {}, std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        return ask(std::move(request)).body;
    }
    void put(const std::string& id, const std::string& document) {
        ASSERT_THAT(ask("PUT", "/chat/" + base::percent_encode(id), document), HasSubstr("\"ok\":true"));
    }
    std::string get(const std::string& id) { return ask("GET", "/chat/" + base::percent_encode(id)); }
    std::string account(const std::string& name) {
        return ask("GET", "/_users/" + base::percent_encode(std::string{person_id_lead} + name));
    }

    /// What happens to a request on its way.
    enum class Fate { answered, busy, lost_request, lost_answer };
    using FateOf = std::function<Fate(int)>;

    /// Whether something was written, or may have been.
    bool carry_out(const std::string& database, DocumentChange::Reads reads, DocumentChange::Decide decide,
                   const FateOf& fate_of = {}) {
        DocumentChange all{{.database = database}, std::move(reads), std::move(decide), 2};
        for (int step = 0; step < 1000 && !all.is_done(); ++step) {
            const auto fate = fate_of ? fate_of(step) : Fate::answered;
            const auto request = all.request();
            if (fate == Fate::busy) {
                EXPECT_FALSE(all.take({503, {}, R"({"error":"busy","reason":"later"})"}));
                EXPECT_EQ(all.trouble(), "status 503, later");
                continue;
            }
            if (fate == Fate::lost_request) {
                all.on_lost();
                continue;
            }
            const auto answer = ask(request);
            if (fate == Fate::lost_answer)
                all.on_lost();
            else
                EXPECT_TRUE(all.take(answer)) << all.trouble();
        }
        EXPECT_TRUE(all.is_done());
        return all.has_written() || all.may_be_written();
    }
    std::vector<StoreDocument> read(const std::string& database, std::string_view lead) {
        DocumentChange all{{.database = database}, {.lead = std::string{lead}}, {}, 2};
        while (!all.is_done()) EXPECT_TRUE(all.take(ask(all.request())));
        return all.found();
    }
    bool ban(const base::Ban& one, const FateOf& fate_of = {}) {
        return carry_out(
            "chat", {.lead = std::string{base::ban_id_lead}},
            [&](const auto& found, bool) { return write_ban(found, one, now); }, fate_of);
    }
    std::vector<base::Ban> bans_in_force() {
        auto found = read_bans(read("chat", base::ban_id_lead));
        std::erase_if(found.bans, [](const auto& one) { return !one.in_force(now); });
        return found.bans;
    }
    bool set(const RoomChange& change) {
        return carry_out("chat", {.ids = {base::room_settings_id(change.room)}},
                         [&](const auto& found, bool) { return write_room(found, change, now); });
    }
    DocumentChange::Reads one(const std::string& name) {
        return {.ids = {std::string{person_id_lead} + name}};
    }
    bool add(const Person& person, const FateOf& fate_of = {}) {
        return carry_out(
            "_users", one(person.name),
            [&](const auto& found, bool again) {
                return std::optional{add_person(found, again, person, "tea")};
            },
            fate_of);
    }
    bool roles(const std::string& name, const RoleChange& change, const FateOf& fate_of = {}) {
        return carry_out(
            "_users", one(name),
            [&](const auto& found, bool again) { return change_roles(found, again, name, change)->write; },
            fate_of);
    }

    int asked_ = 0;

private:
    couchmock::Mock mock_{couchmock::MockConfig{.seed = 1}};
    couchmock::ExchangeId exchange_ = 0;
};

auto says(std::string_view text) { return ThrowsMessage<AdminError>(HasSubstr(std::string{text})); }

// ---- documents

TEST(WithMembers, ChangesWhatIsNamedAndKeepsTheRest) {
    EXPECT_EQ(with_members(R"({"_id":"a","_rev":"1-x","mood":{"deep":[1.5,null]},"topic":"old","by":"b"})",
                           {{"topic", "\"new\""}, {"by", ""}, {"at", "1"}}),
              R"({"_id":"a","_rev":"1-x","mood":{"deep":[1.5,null]},"topic":"new","at":1})");
    EXPECT_EQ(with_members(R"({"_conflicts":["1-y"],"_attachments":{"f":{"stub":true}}})", {}),
              R"({"_attachments":{"f":{"stub":true}}})");
    EXPECT_EQ(with_members("{}", {{"a", ""}}), "{}");
}

TEST_F(AdminTest, ReadsAllPagesOfDocumentsAndNoOthers) {
    put("lab:06EJJ1Q3ZG0001N4T9VXK2M8QP", R"({"user":"ann","msg":"hello"})");
    for (int i = 0; i < 5; ++i)
        put(base::room_settings_id("r" + std::to_string(i)), R"({"what":"room","topic":"t"})");
    EXPECT_THAT(read("chat", base::room_id_lead), SizeIs(5));
    EXPECT_THAT(read("chat", base::ban_id_lead), IsEmpty());
}

TEST_F(AdminTest, ASecondWriterIsReadAndNothingOfItsIsLost) {
    set({.room = "lab", .by = "admin", .topic = "first"});
    bool is_first = true;
    carry_out("chat", {.ids = {base::room_settings_id("lab")}}, [&](const auto& found, bool again) {
        EXPECT_FALSE(again);
        auto write = write_room(found, {.room = "lab", .by = "admin", .slow_s = 5}, now);
        if (std::exchange(is_first, false))
            put(found[0].id,
                with_members(found[0].json, {{"topic", "\"of another\""}, {"mood", "\"good\""}}));
        return write;
    });
    const auto document = get(base::room_settings_id("lab"));
    EXPECT_THAT(document, HasSubstr("of another"));
    EXPECT_THAT(document, HasSubstr("\"mood\":\"good\""));
    EXPECT_THAT(document, HasSubstr("\"slow_s\":5"));
}

TEST_F(AdminTest, GivesUpWhereOthersAreAlwaysFaster) {
    set({.room = "lab", .by = "admin", .topic = "first"});
    int n = 0;
    EXPECT_THAT(
        [&] {
            carry_out("chat", {.ids = {base::room_settings_id("lab")}}, [&](const auto& found, bool) {
                put(found[0].id, with_members(found[0].json, {{"topic", json_text(std::to_string(++n))}}));
                return write_room(found, {.room = "lab", .by = "admin", .slow_s = 5}, now);
            });
        },
        says("others write to davenport-room~lab all the time"));
}

TEST_F(AdminTest, TellsWhatToDoAboutAStoreThatRefuses) {
    const auto refused = [&](StoreAccess access, int status, const std::string& body) {
        return [=] {
            DocumentChange all{access, {.lead = "x"}};
            all.take({status, {}, body});
        };
    };
    const std::string wrong = R"({"error":"unauthorized","reason":"Name or password is incorrect."})";
    EXPECT_THAT(refused({.database = "chat", .authorization = "Basic x"}, 401, wrong),
                says("does not take this name and password (status 401, Name or password is incorrect.)"));
    EXPECT_THAT(refused({.database = "chat"}, 401, wrong), says("give an account, as in --store"));
    const std::string denied = R"({"error":"forbidden","reason":"You are not a server admin."})";
    EXPECT_THAT(refused({.database = "_users", .authorization = "Basic x"}, 403, denied),
                says("a server's administrator, who alone may see and change people's accounts"));
    EXPECT_THAT(refused({.database = "chat", .authorization = "Basic x"}, 403, denied),
                says("somebody who may read and write there"));
    const std::string none = R"({"error":"not_found","reason":"Database does not exist."})";
    EXPECT_THAT(refused({.database = "chat"}, 404, none), says("no database chat: check the name"));
    EXPECT_THAT(refused({.database = "_users"}, 404, none), says("no database _users"));
}

// ---- bans

TEST_F(AdminTest, ABanIsMadeReplacedAndLifted) {
    EXPECT_TRUE(ban({.name = "Mallory", .room = "lab", .by = "admin", .reason = "spam"}));
    EXPECT_THAT(get("davenport-ban~lab~mallory"), HasSubstr(R"("who":"Mallory","room":"lab","by":"admin")"));
    EXPECT_FALSE(ban({.name = "mallory", .room = "lab", .by = "admin", .reason = "spam"}));
    EXPECT_TRUE(ban({.name = "mallory", .room = "lab", .by = "admin", .until_ms = now_ms + 1000}));
    const auto bans = bans_in_force();
    ASSERT_THAT(bans, SizeIs(1));
    EXPECT_EQ(bans[0].name, "Mallory");
    EXPECT_EQ(bans[0].reason, "");
    EXPECT_EQ(bans[0].until_ms, now_ms + 1000);
    EXPECT_TRUE(ban({.name = "mallory", .room = "lab", .by = "eve", .lifted = true}));
    EXPECT_THAT(bans_in_force(), IsEmpty());
    EXPECT_THAT(get("davenport-ban~lab~mallory"), HasSubstr(R"("by":"eve")"));
    EXPECT_TRUE(ban({.name = "mallory", .room = "lab", .by = "admin", .until_ms = now_ms + 1000}));
    EXPECT_THAT(bans_in_force(), SizeIs(1));
}

TEST_F(AdminTest, ABanThatIsOverIsMadeAnew) {
    put("davenport-ban~lab~mallory",
        R"({"what":"ban","who":"mallory","room":"lab","by":"admin","until":"2001-01-01T00:00:00Z"})");
    EXPECT_THAT(bans_in_force(), IsEmpty());
    EXPECT_TRUE(ban({.name = "mallory", .room = "lab", .by = "admin"}));
    EXPECT_THAT(bans_in_force(), SizeIs(1));
}

TEST_F(AdminTest, ABanCountsAboveAllOthersOfItsNameAndKeepsMembersItDoesNotKnow) {
    const auto late = base::MessageKey{now_ms + 5000, 0, "x"}.text();
    put("davenport-ban~by-hand", R"({"what":"ban","who":"mallory","room":"lab","at":")" + late + "\"}");
    put("davenport-ban~lab~mallory", R"({"what":"ban","who":"mallory","room":"lab","ticket":{"nr":4711}})");
    EXPECT_TRUE(ban({.name = "mallory", .room = "lab", .by = "admin", .lifted = true}));
    EXPECT_THAT(bans_in_force(), IsEmpty());
    const auto document = get("davenport-ban~lab~mallory");
    EXPECT_THAT(document, HasSubstr(R"("ticket":{"nr":4711})"));
    base::JsonReader reader;
    EXPECT_GT(base::text_member(*reader.read(document), "at"), late);
}

TEST_F(AdminTest, ADocumentAgainstItsIdIsLeftAlone) {
    put("davenport-ban~lab~mallory", R"({"what":"ban","who":"bob","room":"lobby"})");
    EXPECT_THAT([&] { ban({.name = "mallory", .room = "lab", .by = "admin"}); },
                says("davenport-ban~lab~mallory is about bob in lobby, against its id"));
}

TEST_F(AdminTest, NonsenseIsNamedAndCountsForNothing) {
    put("davenport-ban~x", R"({"what":"ban","who":"bob","room":"No Room"})");
    put("davenport-room~lab", R"({"what":"room","slow_s":"soon"})");
    EXPECT_THAT(read_bans(read("chat", base::ban_id_lead)).nonsense,
                ElementsAre(HasSubstr("davenport-ban~x: `room` is a room's name")));
    EXPECT_THAT(read_rooms(read("chat", base::room_id_lead)).nonsense,
                ElementsAre(HasSubstr("davenport-room~lab: `slow_s`")));
    EXPECT_THAT([&] { set({.room = "lab", .by = "admin", .topic = "glass"}); },
                says("the settings of lab would make no sense: `slow_s`"));
    EXPECT_TRUE(set({.room = "lab", .by = "admin", .slow_s = 5}));  // which mends it
}

TEST_F(AdminTest, WhatCannotBeLiftedIsExplained) {
    ban({.name = "mallory", .room = "*", .by = "admin"});
    ban({.name = "trudy", .room = "lab", .by = "admin"});
    const auto found = read_bans(read("chat", base::ban_id_lead));
    const auto why = [&](const char* room, const char* name) {
        return std::string{not_banned(found, room, name, now).what()};
    };
    EXPECT_EQ(why("lab", "Mallory"), "Mallory is not banned from lab, but there is a ban --everywhere");
    EXPECT_EQ(why("*", "trudy"), "trudy is not banned from all rooms, but there is a ban --room lab");
    EXPECT_EQ(why("lab", "tudy"), "tudy is not banned from lab; did you mean trudy?");
    EXPECT_EQ(why("lab", "somebody"), "somebody is not banned from lab; `bans list` shows all bans");
}

TEST_F(AdminTest, ABanSurvivesWhateverHappensToARequest) {
    for (const auto fate : {Fate::busy, Fate::lost_request, Fate::lost_answer})
        for (int step = 0; step < 3; ++step) {
            const auto name = fmt::format("m{}-{}", static_cast<int>(fate), step);
            SCOPED_TRACE(name);
            EXPECT_TRUE(ban({.name = name, .room = "lab", .by = "admin"},
                            [&](int at) { return at == step ? fate : Fate::answered; }));
            EXPECT_THAT(get("davenport-ban~lab~" + name), HasSubstr("\"_rev\":\"1-"));  // once
        }
    EXPECT_THAT(bans_in_force(), SizeIs(9));
}

// ---- rooms

TEST_F(AdminTest, OnlyWhatIsGivenOfARoomChanges) {
    put("davenport-room~lab",
        R"({"what":"room","topic":"old","readers":{"names":["Anna"],"why":"hers"},"x":1})");
    EXPECT_TRUE(set({.room = "lab", .by = "admin", .topic = "glass", .retention_days = 30}));
    auto document = get("davenport-room~lab");
    EXPECT_THAT(document, HasSubstr(R"("topic":"glass","readers":{"names":["Anna"],"why":"hers"},"x":1)"));
    EXPECT_THAT(document, HasSubstr(R"("retention_days":30)"));
    EXPECT_THAT(document, HasSubstr(R"("by":"admin")"));
    EXPECT_FALSE(set({.room = "lab", .by = "eve", .topic = "glass"}));  // it is so already
    EXPECT_TRUE(set({.room = "lab",
                     .by = "admin",
                     .topic = "",
                     .readers = std::optional<base::Circle>{},
                     .retention_days = 0}));
    document = get("davenport-room~lab");
    EXPECT_THAT(document, Not(HasSubstr("topic")));
    EXPECT_THAT(document, Not(HasSubstr("readers")));
    EXPECT_THAT(document, Not(HasSubstr("retention_days")));
    EXPECT_THAT(document, HasSubstr("\"x\":1"));
}

TEST_F(AdminTest, ARoomIsSetAboveAModeratorWhoseClockIsAhead) {
    const auto late = base::MessageKey{now_ms + 60'000, 3, "zz"}.text();
    put("davenport-room~lab", R"({"what":"room","topic":"old","at":")" + late + "\"}");
    EXPECT_TRUE(set({.room = "lab", .by = "admin", .topic = "new"}));
    base::JsonReader reader;
    EXPECT_GT(base::text_member(*reader.read(get("davenport-room~lab")), "at"), late);
}

TEST(Circles, AreReadAsTheyAreWritten) {
    for (const std::string text : {"everybody", "nobody", "anna,bert,role:staff", "role:_admin",
                                   "name:everybody", "a\\,b", "name:role:x", "a\\\\b"})
        EXPECT_EQ(circle_text(parse_circle(text)), text);
    EXPECT_FALSE(parse_circle("everybody"));
    EXPECT_THAT(parse_circle("Anna,role:Staff")->names, ElementsAre("anna"));
    EXPECT_THAT(parse_circle("Anna,role:Staff")->roles, ElementsAre("Staff"));
    for (const auto* text : {"", "anna,", "anna,everybody", "role:", "role:_x", "\n"})
        EXPECT_THROW(parse_circle(text), std::invalid_argument) << text;
}

// ---- people

TEST_F(AdminTest, PeopleAreAddedChangedAndRemoved) {
    EXPECT_TRUE(add({"anna", {"staff"}}));
    EXPECT_TRUE(add({"\xf0\x9f\x90\x88 cat", {}}));
    EXPECT_THAT(account("anna"), Not(HasSubstr("\"tea\"")));  // the store keeps no password
    const auto people = read_people(read("_users", person_id_lead));
    ASSERT_THAT(people, SizeIs(2));
    EXPECT_EQ(people[0].name, "anna");
    EXPECT_THAT(people[0].roles, ElementsAre("staff"));
    EXPECT_THAT([&] { add({"anna", {}}); }, says("anna has an account already"));
    EXPECT_TRUE(roles("anna", {.give = {"davenport-moderator"}, .take = {"staff"}}));
    EXPECT_FALSE(roles("anna", {.give = {"davenport-moderator"}}));
    EXPECT_THAT(account("anna"), HasSubstr(R"("roles":["davenport-moderator"])"));
    EXPECT_THAT([&] { roles("anna", {.take = {"davenport-moderater"}}); },
                says("anna does not have the role davenport-moderater; did you mean davenport-moderator?"));
    const auto sign_in = [&](const std::string& password) {
        return ask("POST", "/_session", R"({"name":"anna","password":")" + password + "\"}");
    };
    EXPECT_THAT(sign_in("tea"), HasSubstr("\"ok\":true"));
    carry_out("_users", one("anna"),
              [](const auto& found, bool) { return set_password(found, "anna", "coffee"); });
    EXPECT_THAT(sign_in("tea"), Not(HasSubstr("\"ok\":true")));
    EXPECT_THAT(sign_in("coffee"), HasSubstr("\"ok\":true"));
    EXPECT_THAT(account("anna"), HasSubstr(R"("roles":["davenport-moderator"])"));
    carry_out("_users", one("anna"), [](const auto& found, bool) { return remove_person(found, "anna"); });
    EXPECT_THAT(account("anna"), HasSubstr("deleted"));
    EXPECT_TRUE(add({"anna", {}}));  // as if she had never been there
}

TEST_F(AdminTest, AnAccountKeepsMembersThatAreNotTheChats) {
    ask("PUT", "/_users/org.couchdb.user:anna",
        R"({"name":"anna","type":"user","roles":["a"],"password":"tea","mail":"anna@example"})");
    roles("anna", {.give = {"b"}});
    carry_out("_users", one("anna"),
              [](const auto& found, bool) { return set_password(found, "anna", "coffee"); });
    EXPECT_THAT(account("anna"), HasSubstr("anna@example"));
    EXPECT_THAT(account("anna"), HasSubstr(R"("roles":["a","b"])"));
}

TEST_F(AdminTest, AnAccountIsMadeOnceWhateverHappensToARequest) {
    for (const auto fate : {Fate::busy, Fate::lost_request, Fate::lost_answer})
        for (int step = 0; step < 3; ++step) {
            const auto name = fmt::format("p{}-{}", static_cast<int>(fate), step);
            SCOPED_TRACE(name);
            const auto only = [&](int at) { return at == step ? fate : Fate::answered; };
            EXPECT_TRUE(add({name, {"a"}}, only));
            EXPECT_TRUE(roles(name, {.give = {"b"}, .take = {"a"}}, only));
            EXPECT_THAT(account(name), HasSubstr(R"("roles":["b"])"));
            EXPECT_THAT(ask("POST", "/_session", R"({"name":")" + name + R"(","password":"tea"})"),
                        HasSubstr("\"ok\":true"));
        }
}

TEST(People, AnUnknownOneIsGuessed) {
    EXPECT_STREQ(unknown_person("ana", {{"anna", {}}, {"bert", {}}}).what(),
                 "no account has the name ana; did you mean anna?");
    EXPECT_STREQ(unknown_person("x", {}).what(), "no account has the name x; `people list` shows all");
}

TEST(People, ARoleOfCouchdbsOwnIsRefused) {
    EXPECT_THAT(std::string{role_problem("_admin")}, HasSubstr("CouchDB's own"));
    EXPECT_EQ(role_problem("davenport-moderator"), "");
    EXPECT_NE(role_problem(""), "");
    EXPECT_NE(role_problem("a\nb"), "");
}

}  // namespace
}  // namespace davenport::node
