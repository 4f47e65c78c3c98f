#include "node/base/json.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

namespace {

using testing::HasSubstr;

const base::json::value& at(const base::json::value& value, std::initializer_list<std::string_view> path) {
    const auto* found = &value;
    for (const auto key : path) {
        found = base::member(*found, key);
        if (!found) {
            static const base::json::value none;
            ADD_FAILURE() << "no " << key;
            return none;
        }
    }
    return *found;
}

TEST(Reference, ExplainsEveryWordOfTheLanguage) {
    for (const auto word : sim::explained()) EXPECT_FALSE(sim::reference(word).empty()) << word;
    EXPECT_EQ(sim::reference("nonsense"), "");
}

TEST(Reference, TellsAllThatIsKnownOfAFault) {
    const auto text = sim::reference("store.slow");
    EXPECT_THAT(text, HasSubstr("their answers are late;"));
    EXPECT_THAT(text, HasSubstr("| `delay` | a time, as 10s or 150ms | `200ms` |"));
    EXPECT_THAT(sim::reference("node"), HasSubstr("node.kill"));
    EXPECT_THAT(sim::reference("rate"), HasSubstr("`load.rate`"));
    EXPECT_THAT(sim::reference("load.rate"), HasSubstr("default 10/s"));
}

TEST(Reference, OfEverythingNamesEveryKeyAndFault) {
    const auto all = sim::reference("");
    for (const auto& section : sim::language::sections())
        for (const auto& key : section.keys)
            EXPECT_THAT(all, HasSubstr("| `" + std::string{key.name} + "` |"));
    for (const auto& kind : sim::language::fault_kinds())
        EXPECT_THAT(all, HasSubstr("#### " + std::string{kind.name} + "\n"));
}

TEST(Schema, HasEveryKeyOfEverySection) {
    const auto schema = base::parse_json(sim::json_schema());
    ASSERT_TRUE(schema);
    EXPECT_FALSE(base::bool_member(*schema, "additionalProperties", true));
    for (const auto& section : sim::language::sections()) {
        const auto* properties = &at(*schema, {"properties"});
        if (section.name == "link")
            properties = &at(*properties, {"links", "properties", "node-store", "properties"});
        else if (section.name == "message")
            properties = &at(*properties, {"load", "properties", "messages", "items", "properties"});
        else if (section.name == "stage")
            properties = &at(*properties, {"load", "properties", "stages", "items", "properties"});
        else if (section.name == "timeline")
            properties = &at(*properties, {"timeline", "items", "properties"});
        else if (!section.name.empty())
            properties = &at(*properties, {section.name, "properties"});
        for (const auto& key : section.keys)
            EXPECT_TRUE(base::member(*properties, key.name)) << section.name << "." << key.name;
    }
}

TEST(Schema, KnowsTheParametersOfEveryFault) {
    const auto schema = base::parse_json(sim::json_schema());
    ASSERT_TRUE(schema);
    const auto& rules = at(*schema, {"properties", "timeline", "items", "allOf"});
    std::size_t found = 0;
    for (const auto& kind : sim::language::fault_kinds()) {
        for (const auto& rule : rules.as_array()) {
            const auto* condition = base::member(rule, "if");
            if (!condition ||
                at(*condition, {"properties", "fault", "const"}) != base::json::value(kind.name))
                continue;
            ++found;
            const auto& allowed = at(rule, {"then", "propertyNames", "enum"}).as_array();
            for (const auto& parameter : kind.parameters)
                EXPECT_NE(std::find(allowed.begin(), allowed.end(), base::json::value(parameter.name)),
                          allowed.end())
                    << kind.name;
        }
    }
    EXPECT_EQ(found, sim::language::fault_kinds().size());
}

}  // namespace

}  // namespace davenport
