#include "node/program/admin_options.hpp"
#include "node/program/admin_output.hpp"
#include "node/program/admin_tool.hpp"
#include "node/program/ask_password.hpp"
#include "node/program/options.hpp"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

/// `chatnode admin`: what it makes of a command line, and what it prints.
namespace davenport::node::program {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using What = AdminCommand::What;

std::optional<AdminCommand> read_admin(std::vector<std::string> words) {
    words.insert(words.begin(), {"chatnode", "admin"});
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    int exit_code = 0;
    const auto out = read_command_line(static_cast<int>(argv.size()), argv.data(), exit_code);
    return out ? out->admin : std::nullopt;
}

auto says(const std::string& text) { return ThrowsMessage<std::invalid_argument>(HasSubstr(text)); }

TEST(AdminCommandLine, HasWhatIsGivenAndNothingElse) {
    const auto set = read_admin({"rooms", "set", "lab", "--topic", "", "--readers", "anna", "--readers",
                                 "role:staff", "--slow-mode=off", "--store", "http://h:1/db"});
    ASSERT_TRUE(set);
    EXPECT_EQ(set->what, What::rooms_set);
    EXPECT_EQ(set->room, "lab");
    EXPECT_EQ(set->store, "http://h:1/db");
    EXPECT_EQ(set->topic, "");
    EXPECT_EQ(set->slow_mode, "off");
    EXPECT_FALSE(set->retention);
    EXPECT_THAT(set->readers, ElementsAre("anna", "role:staff"));
    EXPECT_THAT(set->writers, IsEmpty());
    const auto ban = read_admin({"bans", "add", "mallory", "--everywhere", "--for", "2d", "--json"});
    ASSERT_TRUE(ban);
    EXPECT_EQ(ban->what, What::bans_add);
    EXPECT_TRUE(ban->everywhere && ban->json);
    EXPECT_EQ(ban->lasts, "2d");
    EXPECT_EQ(ban->store, "http://127.0.0.1:5984/chat");
}

TEST(AdminCommandLine, TakesRolesWithTheirSigns) {
    const auto roles = read_admin({"people", "roles", "anna", "+staff", "-helper", "--give", "-odd",
                                   "--take=+even", "--json", "+last"});
    ASSERT_TRUE(roles);
    EXPECT_EQ(roles->name, "anna");
    EXPECT_THAT(roles->give, ElementsAre("staff", "-odd", "last"));
    EXPECT_THAT(roles->take, ElementsAre("helper", "+even"));
    EXPECT_TRUE(roles->json);
    const std::vector<std::string> other{"admin", "bans", "add", "+x", "-y"};
    EXPECT_EQ(spell_out_roles(other), other);
}

TEST(AdminCommandLine, TellsWhatWasMeant) {
    EXPECT_THAT(
        [] {
            read_admin({"peple", "list"});
        },
        says("admin: there is no 'peple'; did you mean people?"));
    EXPECT_THAT([] { read_admin({"bans", "ad"}); }, says("admin bans: there is no 'ad'; did you mean add?"));
    EXPECT_THAT([] { read_admin({"rooms", "zzzzzz"}); }, says("chatnode admin rooms --help"));
    EXPECT_THAT(
        [] {
            read_admin({"people", "add", "anna", "--password=tea"});
        },
        says("--password-file FILE"));
}

TEST(AdminCommandLine, AMistakeIsToldBeforeTheStoreIsAsked) {
    const auto mistake = [](AdminCommand command) {
        command.store = "http://127.0.0.1:1/chat";
        return [command] { perform(command); };
    };
    AdminCommand ban{.what = What::bans_add, .name = "eve"};
    EXPECT_THAT(mistake(ban), says("say where: --room ROOM, or --everywhere"));
    ban.room = "No Room";
    EXPECT_THAT(mistake(ban), says("--room No Room: no room can have that name"));
    ban.room = "lab";
    ban.reason = std::string(501, 'x');
    EXPECT_THAT(mistake(ban), says("--reason: it is text, at most 500 bytes, and this has 501"));
    ban.reason.clear();
    ban.lasts = "6000w";
    EXPECT_THAT(mistake(ban), says("more than a hundred years"));
    ban.by = "a\nb";
    EXPECT_THAT(mistake(ban), says("--by a\\nb"));
    ban.name = "\xe2\x80\x8b";
    EXPECT_THAT(mistake(ban), says("the name"));
    AdminCommand room{.what = What::rooms_set, .room = "lab"};
    EXPECT_THAT(mistake(room), says("say what to set"));
    room.slow_mode = "2d";
    EXPECT_THAT(mistake(room), says("--slow-mode 2d: it is at most 1d"));
    room.slow_mode = "off";
    room.retention = "40000d";
    EXPECT_THAT(mistake(room), says("--retention 40000d: it is in whole days, at most 36500d"));
    EXPECT_THAT(mistake({.what = What::people_roles, .name = "eve"}), says("+ROLE gives one"));
    EXPECT_THAT(mistake({.what = What::people_roles, .name = "eve", .give = {"_admin"}}),
                says("CouchDB's own"));
    AdminCommand nats{.what = What::bans_list, .store = "nats://127.0.0.1:4222/chat"};
    EXPECT_THAT([&] { perform(nats); }, says("publish the document there"));
    nats.what = What::people_list;
    EXPECT_THAT([&] { perform(nats); }, says("names are free"));
}

TEST(AdminCommandLine, APasswordIsTheFirstLineOfItsFile) {
    const auto path =
        std::filesystem::temp_directory_path() / ("davenport-admin-" + std::to_string(::getpid()));
    std::ofstream{path} << "tea for two\r\nand more\n";
    EXPECT_EQ(ask_password("anna", path.string()), "tea for two");
    std::ofstream{path} << "\xff\n";
    EXPECT_THAT([&] { ask_password("anna", path.string()); }, says("UTF-8"));
    std::filesystem::remove(path);
    EXPECT_THAT([&] { ask_password("anna", path.string()); }, says("cannot read"));
}

TEST(Spans, AreReadAsTheyAreShown) {
    for (const std::string text : {"5s", "90s", "1m", "12h", "2d", "4w"})
        EXPECT_EQ(span_text(read_span("--for", text)), text);
    EXPECT_EQ(read_span("--for", "2d"), 2 * 86'400);
    for (const auto* text :
         {"", "d", "2", "0d", "-1d", "2 d", "2dd", "1.5h", "99999999999999999999s", "9999999999w"})
        EXPECT_THAT([&] { read_span("--for", text); }, says("give a number and s, m, h, d or w")) << text;
}

TEST(AdminTables, AlignLettersNotBytesAndShowNothingThatMovesACursor) {
    EXPECT_EQ(people_table({{"\xc3\xa4nne", {"b", "a"}}, {"x", {}}}), "NAME  ROLES\n\xc3\xa4nne  a, b\nx\n");
    EXPECT_EQ(bans_table({{.name = "eve", .room = "*", .by = "", .reason = "a\x1b[2J", .until_ms = 0}}),
              "NAME  FROM       UNTIL                     BY  REASON\n"
              "eve   all rooms  1970-01-01T00:00:00.000Z      a\\x1b[2J\n");
}

TEST(AdminTables, JsonIsAsTheNodesHaveIt) {
    EXPECT_EQ(
        bans_json({{.name = "eve", .room = "*", .by = "m"}, {.name = "bob", .room = "lab", .until_ms = 0}}),
        R"({"bans":[{"name":"eve","by":"m","reason":""},{"name":"bob","room":"lab","by":"","reason":"",)"
        R"("until":"1970-01-01T00:00:00.000Z"}]})"
        "\n");
    EXPECT_EQ(rooms_json({{.room = "lab", .topic = "t", .by = "m", .slow_s = 5}, {.room = "x"}}),
              R"({"rooms":[{"room":"lab","topic":"t","slow_s":5,"by":"m"},{"room":"x","topic":""}]})"
              "\n");
    EXPECT_EQ(person_json({"anna", {"a"}}, false),
              "{\"name\":\"anna\",\"roles\":[\"a\"],\"changed\":false}\n");
}

}  // namespace
}  // namespace davenport::node::program
