#include "couchmock/embed/mock_server.hpp"
#include "couchmock/net/data_file.hpp"
#include "tests/net_test.hpp"

#include <csignal>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace davenport::couchmock {
namespace {

class DataFileTest : public testing::Test {
protected:
    DataFileTest() {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    ~DataFileTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("couchmock-data-" + std::to_string(::getpid()));
    std::string path_ = (folder_ / "data.sqlite").string();
};

TEST_F(DataFileTest, GivesBackWhatWasCommittedAndNothingElse) {
    {
        DataFile file{path_};
        file.put({Record::Kind::database, "db", "", "{}"});
        file.put({Record::Kind::document, "db", "b", "{\"v\":1}"});
        file.put({Record::Kind::document, "db", "a", std::string("nul \0 inside", 12)});
        file.put({Record::Kind::document, "db", "b", "{\"v\":2}"});
        EXPECT_TRUE(file.commit());
        file.put({Record::Kind::document, "db", "late", "{}"});
    }
    DataFile file{path_};
    const auto records = file.read_all();
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].kind, Record::Kind::database);
    EXPECT_EQ(records[1].value.size(), 12u);
    EXPECT_EQ(records[2].value, "{\"v\":2}");
}

TEST_F(DataFileTest, DropsADatabaseWithAllThatIsInIt) {
    DataFile file{path_};
    for (const auto* name : {"a", "b"}) {
        file.put({Record::Kind::database, name, "", "{}"});
        file.put({Record::Kind::document, name, "x", "{}"});
    }
    file.drop("a");
    file.erase(Record::Kind::document, "b", "x");
    EXPECT_TRUE(file.commit());
    const auto records = file.read_all();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].database, "b");
}

TEST_F(DataFileTest, IsHeldAgainstASecondProcess) {
    DataFile file{path_};
    file.put({Record::Kind::server, "", "", "{}"});
    EXPECT_TRUE(file.commit());
    EXPECT_THROW(DataFile{path_}, DataFileError);
}

TEST_F(DataFileTest, SaysWhenTheFileCannotBe) {
    EXPECT_THROW(DataFile{(folder_ / "no" / "such" / "folder").string()}, DataFileError);
}

/// No file may grow beyond `bytes` while this lives.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
};

TEST_F(DataFileTest, KeepsWhatAFullDiskDidNotTakeAndWritesItLater) {
    const std::string large(100'000, 'x');
    {
        DataFile file{path_};
        file.put({Record::Kind::database, "db", "", "{}"});
        EXPECT_TRUE(file.commit());
        {
            const FullDisk full{60'000};
            file.put({Record::Kind::document, "db", "a", large});
            EXPECT_FALSE(file.commit());
            EXPECT_NE(file.complaint(), "");
            file.put({Record::Kind::document, "db", "b", "{}"});
            EXPECT_FALSE(file.commit()) << "in their order, or not at all";
            EXPECT_EQ(file.pending(), 2u);
        }
        EXPECT_TRUE(file.commit());
        EXPECT_EQ(file.pending(), 0u);
    }
    DataFile file{path_};
    ASSERT_EQ(file.read_all().size(), 3u);
    EXPECT_EQ(file.read_all()[1].value, large);
}

/// The answer to one request on a connection of its own.
std::string ask(std::uint16_t port, const std::string& line, const std::string& body = {}) {
    net_test::Client client{port};
    client.send(fmt::format(
        "{} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        line, body.size(), body));
    return client.until_closed();
}

TEST_F(DataFileTest, AFullDiskIsAnsweredWith507AndLivedThrough) {
    using testing::HasSubstr;
    const auto large = fmt::format(R"({{"x":"{}"}})", std::string(200'000, 'x'));
    embed::MockServer::Options options;
    options.data = path_;
    {
        embed::MockServer server{options};
        EXPECT_THAT(ask(server.port(), "PUT /db"), HasSubstr("201 Created"));
        EXPECT_THAT(ask(server.port(), "PUT /db/a", "{}"), HasSubstr("201 Created"));
        net_test::Client follower{server.port()};
        follower.send("GET /db/_changes?feed=continuous HTTP/1.1\r\nHost: localhost\r\n\r\n");
        follower.until("\"id\":\"a\"");
        {
            const FullDisk full{60'000};
            EXPECT_THAT(ask(server.port(), "PUT /db/big", large), HasSubstr("507"));
            EXPECT_THAT(ask(server.port(), "PUT /db/b", "{}"), HasSubstr("507"));
            EXPECT_THAT(ask(server.port(), "GET /db/a"), HasSubstr("200 OK"));
        }
        EXPECT_THAT(follower.until("\"id\":\"big\""), HasSubstr("\"seq\""))
            << "told when it is written, not before";
        EXPECT_THAT(ask(server.port(), "PUT /db/c", "{}"), HasSubstr("201 Created"));
    }
    embed::MockServer server{options};
    EXPECT_THAT(ask(server.port(), "GET /db/_all_docs"), HasSubstr("\"id\":\"c\""));
    EXPECT_THAT(ask(server.port(), "GET /db/b"), HasSubstr("404"));
}

}  // namespace
}  // namespace davenport::couchmock
