#include "couchmock/net/data_file.hpp"

#include <filesystem>

#include <gtest/gtest.h>
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
        file.commit();
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
    file.commit();
    const auto records = file.read_all();
    ASSERT_EQ(records.size(), 1u);
    EXPECT_EQ(records[0].database, "b");
}

TEST_F(DataFileTest, IsHeldAgainstASecondProcess) {
    DataFile file{path_};
    file.put({Record::Kind::server, "", "", "{}"});
    file.commit();
    EXPECT_THROW(DataFile{path_}, DataFileError);
}

TEST_F(DataFileTest, SaysWhenTheFileCannotBe) {
    EXPECT_THROW(DataFile{(folder_ / "no" / "such" / "folder").string()}, DataFileError);
}

}  // namespace
}  // namespace davenport::couchmock
