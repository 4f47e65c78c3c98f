#include "node/program/given_store.hpp"
#include "node/program/options.hpp"
#include "node/program/setup.hpp"
#include "node/program/status_tool.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

/// What chatnode makes of a command line, an environment and a file.
namespace davenport::node::program {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class ProgramTest : public testing::Test {
protected:
    ProgramTest()
        : folder_(std::filesystem::temp_directory_path() /
                  ("davenport-program-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~ProgramTest() override {
        std::filesystem::remove_all(folder_);
        for (const auto& name : variables_) ::unsetenv(name.c_str());
    }

    std::string file(const std::string& name, std::string_view content) {
        const auto path = (folder_ / name).string();
        std::ofstream{path, std::ios::binary} << content;
        return path;
    }
    void variable(const std::string& name, const std::string& value) {
        ::setenv(name.c_str(), value.c_str(), 1);
        variables_.push_back(name);
    }
    CommandLine read(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "chatnode");
        arguments.push_back("--journal=" + (folder_ / "journal").string());
        std::vector<char*> argv;
        for (auto& argument : arguments) argv.push_back(argument.data());
        int exit_code = 0;
        auto out = read_command_line(static_cast<int>(argv.size()), argv.data(), exit_code);
        return out ? *out : CommandLine{};
    }
    std::vector<std::string> mistakes(const std::vector<std::string>& arguments) {
        try {
            set_up(read(arguments));
            return {};
        } catch (const Mistakes& found) {
            return found.lines;
        }
    }
    std::vector<std::string> secret_mistakes(std::string_view secret, const std::string& auth = "couchdb") {
        return mistakes({"--auth", auth, "--auth-secret-file", file("secret", secret)});
    }

private:
    std::filesystem::path folder_;
    std::vector<std::string> variables_;
};

TEST_F(ProgramTest, TakesASecretAsBytes) {
    const std::string bytes = "0123456789abcdefghijklmnopqrstu";
    const auto secret = [&](std::string_view content) {
        return set_up(read({"--auth", "couchdb", "--auth-secret-file", file("secret", content)}))
            .core.auth_secrets.at(0);
    };
    EXPECT_EQ(secret(bytes + "y"), bytes + "y");
    EXPECT_EQ(secret(bytes + "y\n"), bytes + "y");
    EXPECT_EQ(secret("\n" + bytes), "\n" + bytes) << "a binary key may begin with 0x0A";
    EXPECT_EQ(secret("\n\n" + bytes + "\n"), "\n\n" + bytes);
    EXPECT_EQ(secret('\0' + bytes), '\0' + bytes);
}

TEST_F(ProgramTest, RefusesASecretThatIsTooShort) {
    for (const auto* content : {"", "\n", "\n\n", "\nshort", "0123456789012345678901234567890\n"})
        for (const auto* auth : {"couchdb", "none"})
            EXPECT_THAT(secret_mistakes(content, auth),
                        ElementsAre(AllOf(StartsWith("--auth-secret-file: "),
                                          HasSubstr("head -c 32 /dev/urandom | base64"))));
    for (const auto* path : {"/nonexistent", "/", "/dev/zero", "/dev/null"})
        EXPECT_THAT(mistakes({"--auth", "couchdb", "--auth-secret-file", path}),
                    ElementsAre(StartsWith("--auth-secret-file: ")));
    EXPECT_THAT(mistakes({"--auth", "couchdb"}), IsEmpty()) << "the nodes make keys and share them";
}

TEST_F(ProgramTest, RefusesASecretThatAnybodyGuesses) {
    for (const auto& content : {std::string(40, ' '), std::string(32, '\0'), std::string(64, 'a'),
                                std::string(16, '\r') + std::string(16, '\n') + '\n'})
        EXPECT_THAT(secret_mistakes(content), ElementsAre(HasSubstr("repeats a few bytes")));
    EXPECT_THAT(secret_mistakes("31415926535897932384626433832795\n"), IsEmpty());
}

TEST_F(ProgramTest, RefusesASecretWhereNobodySignsIn) {
    EXPECT_THAT(secret_mistakes("31415926535897932384626433832795", "none"),
                ElementsAre(AllOf(StartsWith("--auth-secret-file: "), HasSubstr("--auth couchdb"))));
}

/// Each of these was once found out when people came, or never.
TEST_F(ProgramTest, FindsWhatWouldFailOnlyLater) {
    const auto finds = [&](const std::vector<std::string>& given, std::string_view words) {
        SCOPED_TRACE(given.at(1));
        EXPECT_THAT(mistakes(given),
                    ElementsAre(AllOf(StartsWith(given.at(0) + ": "), HasSubstr(std::string{words}))));
    };
    finds({"--host", "*"}, "leave --host out");
    for (const auto* url : {"http://db.example/Chat", "http://db.example/1chat", "http://db.example/_users"})
        finds({"--store", url}, "is no name of a database");
    for (const auto* url : {"http://db.example/chat?q=1", "http://db.example/chat#x"})
        finds({"--store", url}, "goes on after the database's name");
    EXPECT_THAT(mistakes({"--store", "http://db.example/team_$()+-%2Fchat"}), IsEmpty());
    finds({"--store-ca", file("no.pem", "not a certificate")}, "PEM");
    finds({"--store-ca", "/"}, "is a folder");
    finds({"--store-password-file", "/nonexistent"}, "cannot read");
    finds({"--name", "two\nlines"}, "one line");
    finds({"--name", std::string(257, 'x')}, "256");
    finds({"--poll-interval", "nan"}, "number of seconds");
    finds({"--metrics", "127.0.0.1:8080"}, "--listen");
    finds({"--trusted-proxy", "proxy.example"}, "'proxy.example' is no address");
    EXPECT_THAT(mistakes({"--config", file("two.yaml", "---\nname: a\n---\nname: b\n")}),
                ElementsAre(AllOf(HasSubstr("two.yaml:4:1"), HasSubstr("leave out the '---'"))));
}

TEST_F(ProgramTest, ReportsEveryMistakeAtOnceWithItsPlace) {
    const auto config = file("node.yaml", "page: 0\nhost: [good.example, 'http://bad.example']\nlistne: x\n");
    variable("DAVENPORT_BATCH", "many");
    variable("DAVENPORT_METRICS", "http://127.0.0.1:9000");
    variable("DAVENPORT_LISTNE", "127.0.0.1:1");
    const auto found =
        mistakes({"--check-config", "--config", config, "--listen", "http://127.0.0.1:8080", "--feed", "fast",
                  "--presence=maybe", "--store", "db.example", "--origin", "chat.example", "--tls-key",
                  "/nonexistent", "--store-ca", "/nonexistent", "--port-file", "/nonexistent/port"});
    EXPECT_THAT(found, Contains(AllOf(HasSubstr("--feed"), HasSubstr("fast"))));
    EXPECT_THAT(found, Contains(AllOf(HasSubstr("--presence"), HasSubstr("maybe"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith(config + ":1:7: "), HasSubstr("page"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith(config + ":2:"), HasSubstr("http://bad.example"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith(config + ":3:1: "), HasSubstr("did you mean 'listen'?"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith("DAVENPORT_BATCH: "), HasSubstr("many"))));
    EXPECT_THAT(found, Contains(StartsWith("DAVENPORT_METRICS: ")));
    EXPECT_THAT(found,
                Contains(AllOf(HasSubstr("DAVENPORT_LISTNE"), HasSubstr("did you mean DAVENPORT_LISTEN?"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith("--listen: "), HasSubstr("is a URL"))));
    EXPECT_THAT(found, Contains(StartsWith("--store: ")));
    EXPECT_THAT(found, Contains(StartsWith("--origin: ")));
    EXPECT_THAT(found, Contains(StartsWith("--tls-key: ")));
    EXPECT_THAT(found, Contains(AllOf(StartsWith("--store-ca: "), HasSubstr("/nonexistent"))));
    EXPECT_THAT(found, Contains(AllOf(StartsWith("--port-file: "), HasSubstr("/nonexistent"))));
    EXPECT_THAT(found, SizeIs(14));
}

TEST_F(ProgramTest, TakesNoSettingForAPartOfTheOneBeforeIt) {
    const auto in = [&](const char* text) { return mistakes({"--config", file("one.yaml", text)}); };
    const auto quote = AllOf(HasSubstr("one.yaml:2:7: "), HasSubstr("not closed on its line"));
    const auto auth = AllOf(HasSubstr("one.yaml:3:1: "), HasSubstr("'auth' is not read as a setting"));
    EXPECT_THAT(in("listen: 127.0.0.1:8080\nname: \"chat1\nauth: couchdb\npage: 5\n"),
                AllOf(Contains(quote), Contains(auth), Contains(HasSubstr("one.yaml:4:1: 'page'"))));
    EXPECT_THAT(in("listen: 127.0.0.1:8080\nname: 'chat1\nauth: couchdb\n"),
                AllOf(Contains(quote), Contains(auth)));
    EXPECT_THAT(in("name: \"chat1 \\\"\nauth: couchdb\npage: \"5\"\n"), Not(IsEmpty()));
    EXPECT_THAT(in("name: |\n  a\n  auth: couchdb\n"), Contains(HasSubstr("one.yaml:3:3: 'auth'")));
    EXPECT_THAT(in("page: 5\nname: \"last\n"), Contains(quote));
    EXPECT_THAT(in("origin: ['https://a.example, https://b.example]\nauth: couchdb\n"), Not(IsEmpty()));
    EXPECT_THAT(in("name: 'it''s' # auth: couchdb\nhost: [\"a\", 'b', c]\norigin:\n  - https://a.example\n"),
                IsEmpty());
    EXPECT_THAT(in("name: \"a \\\"b\\\" c\"\r\nauth: none\r\n"), IsEmpty());
    EXPECT_THAT(in("store: []\n"), Contains(AllOf(HasSubstr("one.yaml:1:8"), HasSubstr("has no value"))));
    EXPECT_THAT(mistakes({"--config", "/tmp"}), ElementsAre(HasSubstr("is a folder")));
}

TEST_F(ProgramTest, ReadsDecimalNumbersAlone) {
    for (const char* number : {"010", "0x10", "0200"})
        EXPECT_THAT(mistakes({"--message-bytes", number}), Contains(HasSubstr("not a decimal number")))
            << number;
    EXPECT_THAT(mistakes({"--config", file("octal.yaml", "message-bytes: 010\n")}),
                Contains(HasSubstr("octal.yaml:1:16: ")));
    EXPECT_THAT(mistakes({"--posts-per-second", "0", "--poll-interval", "0.5"}), IsEmpty());
}

TEST_F(ProgramTest, ReportsAJournalThatCannotBe) {
    for (const auto& [journal, words] : {std::pair{"/nonexistent/journal", "/nonexistent does not exist"},
                                         {"/", "is no file"},
                                         {"/dev/null", "is no file"}}) {
        variable("DAVENPORT_JOURNAL", journal);
        std::string name = "chatnode";
        char* argv[] = {name.data()};
        int exit_code = 0;
        const auto given = read_command_line(1, argv, exit_code);
        try {
            set_up(given.value());
            ADD_FAILURE() << "it was taken";
        } catch (const Mistakes& found) {
            EXPECT_THAT(found.lines, ElementsAre(AllOf(StartsWith("DAVENPORT_JOURNAL: "), HasSubstr(words))));
        }
    }
}

TEST_F(ProgramTest, ReportsAJournalWithoutAName) {
    const auto path = file("unnamed.yaml", "journal: \"\"\n");
    std::string name = "chatnode", config = "--config=" + path;
    char* argv[] = {name.data(), config.data()};
    int exit_code = 0;
    const auto given = read_command_line(2, argv, exit_code);
    try {
        set_up(given.value());
        ADD_FAILURE() << "it was taken";
    } catch (const Mistakes& found) {
        EXPECT_THAT(found.lines, ElementsAre(AllOf(StartsWith(path + ":1:10: "), HasSubstr("is empty"))));
    }
}

TEST_F(ProgramTest, TakesOriginsFromEverywhere) {
    EXPECT_EQ(set_up(read({"--origin", "https://a.example", "--origin", "https://b.example"}))
                  .server.origins.size(),
              2u);
    variable("DAVENPORT_ORIGIN", "https://a.example,https://b.example:8443");
    EXPECT_EQ(set_up(read({})).server.origins.at(1).port, 8443);
    EXPECT_THAT(mistakes({}), IsEmpty());
}

TEST_F(ProgramTest, IgnoresVariablesOfOthersUnlessItIsToCheck) {
    variable("DAVENPORT_SOMETHING_ELSE", "1");
    variable("DAVENPORT_SERVICE_HOST", "10.0.0.1");
    EXPECT_THAT(mistakes({}), IsEmpty());
    EXPECT_THAT(mistakes({"--check-config"}), ElementsAre(HasSubstr("DAVENPORT_SOMETHING_ELSE")));
}

TEST_F(ProgramTest, ReadsEveryVariableThatTheContainersSet) {
    int found = 0;
    for (const auto* name : {"Containerfile", "compose.yaml"}) {
        std::ifstream file{std::string{DAVENPORT_CONTAINER "/"} + name};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        const std::regex pattern{"DAVENPORT_[A-Z_]+"};
        for (std::sregex_iterator it{text.begin(), text.end(), pattern}, end; it != end; ++it, ++found)
            variable(it->str(), "");
    }
    EXPECT_GE(found, 7);
    EXPECT_THAT(read({}).unknown_variables, IsEmpty());
}

TEST(Readiness, IsToldInWords) {
    EXPECT_EQ(tell_readiness(R"({"status":"ok","store":"up","journal":"writable","backlog":0})"),
              "status    ok: takes posts, and shares them with all\n"
              "store     up\njournal   writable\nbacklog   0 messages wait for the store\n");
    const auto behind = tell_readiness(
        R"({"status":"clock-off","store":"up","clock_ahead_ms":-61000,"catching_up":{"read":5,"of":9}})");
    EXPECT_THAT(behind, HasSubstr("clock     61000 ms behind the store's\n"));
    EXPECT_THAT(behind, HasSubstr("read      5 of 9 documents\n"));
    EXPECT_EQ(tell_readiness(R"({"status":"new\nword"})"), "status    new\\nword\n");
    for (const auto* other : {"", "<html>", "{}", "[1]", R"({"status":7})"})
        EXPECT_EQ(tell_readiness(other), "") << other;
}

TEST_F(ProgramTest, RefusesAPasswordFileWithoutAPassword) {
    EXPECT_THAT(mistakes({"--store", "http://ann@127.0.0.1/chat", "--store-password-file",
                          file("password", "\nx\n")}),
                ElementsAre(StartsWith("--store-password-file: ")));
}

TEST_F(ProgramTest, ReadsANatsServerOrACluster) {
    const auto one = read_nats_store("nats://ann:s%40cret@db.example/chat");
    EXPECT_THAT(one.servers.addresses, ElementsAre("db.example:4222"));
    EXPECT_EQ(one.servers.user, "ann");
    EXPECT_EQ(one.servers.password, "s@cret");
    EXPECT_FALSE(one.servers.tls);
    EXPECT_EQ(one.access.stream, "chat");
    EXPECT_EQ(one.access.replicas, 1);
    EXPECT_EQ(one.servers.url(), "nats://db.example:4222");
    const auto three = read_nats_store("tls://a:1,b,[::1]:3/the_chat-2");
    EXPECT_THAT(three.servers.addresses, ElementsAre("a:1", "b:4222", "[::1]:3"));
    EXPECT_TRUE(three.servers.tls);
    EXPECT_EQ(three.access.stream, "the_chat-2");
    EXPECT_EQ(three.access.replicas, 3);
    for (const auto* url :
         {"nats://host", "nats://host/", "nats://host/a.b", "nats://host/a/b", "nats:///chat",
          "nats://:@host/chat", "nats://a,,b/chat", "nats://host:x/chat", "nats://%zz@host/chat"})
        EXPECT_THROW(read_nats_store(url), std::invalid_argument) << url;
}

TEST_F(ProgramTest, RefusesWhatANatsStoreCannotDo) {
    if (!NatsClient::available()) {
        EXPECT_THAT(mistakes({"--store", "nats://127.0.0.1/chat"}),
                    ElementsAre(AllOf(StartsWith("--store: "), HasSubstr("built without NATS"))));
        return;
    }
    EXPECT_THAT(mistakes({"--store", "nats://ann:secret@127.0.0.1/chat"}), IsEmpty());
    EXPECT_THAT(mistakes({"--store", "nats://127.0.0.1/chat", "--auth", "couchdb"}),
                ElementsAre(AllOf(StartsWith("--auth: "), HasSubstr("NATS"))));
    EXPECT_THAT(mistakes({"--store", "nats://127.0.0.1/chat", "--feed", "poll"}),
                ElementsAre(StartsWith("--feed: ")));
    EXPECT_THAT(mistakes({"--store", "nats://127.0.0.1/chat", "--store-credentials", "/nonexistent"}),
                ElementsAre(StartsWith("--store-credentials: ")));
    EXPECT_THAT(mistakes({"--store-credentials", "/nonexistent"}),
                ElementsAre(AllOf(StartsWith("--store-credentials: "), HasSubstr("a CouchDB has none"))));
    EXPECT_THAT(mistakes({"--store", "nats://127.0.0.1/chat", "--store", "nats://127.0.0.2/chat"}),
                ElementsAre(AllOf(StartsWith("--store: "), HasSubstr("as one URL"))));
    EXPECT_THROW(read_given_store("nats://127.0.0.1/chat", ""), std::invalid_argument);
}

TEST_F(ProgramTest, HelpShowsEverySettingUnderAHeadingWithWhatItTakes) {
    testing::internal::CaptureStdout();
    read({"--help"});
    const auto help = testing::internal::GetCapturedStdout();
    for (const std::string heading :
         {"Store:", "Node:", "Clients:", "People:", "Limits:", "Operation:", "Help:", "Examples:"})
        EXPECT_THAT(help, HasSubstr("\n" + heading));
    EXPECT_THAT(help,
                testing::ContainsRegex("--listen HOST:PORT +host:port .*\\(default: 127.0.0.1:8080\\)"));
    for (const std::string type : {" TEXT", " INT", " UINT", " FLOAT", "Options:"})
        EXPECT_THAT(help, testing::Not(HasSubstr(type))) << "a setting that arrange_help() does not know";
}

}  // namespace
}  // namespace davenport::node::program
