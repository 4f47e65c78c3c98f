#include "couchmock/faults/rule_request.hpp"
#include "tests/couchmock/mock_client.hpp"

#include <set>

#include <gmock/gmock.h>

/// The table of faults, and the rules that are read and written by it.
namespace davenport::couchmock::test {
namespace {

using testing::HasSubstr;

/// What is wrong with a rule; empty when nothing is.
std::string trouble(std::string_view text) {
    const auto read = read_rule(base::parse_json(text).value().get_object());
    const auto* said = std::get_if<std::string>(&read);
    return said ? *said : "";
}

std::int64_t number_in(const base::Parameter& value) {
    if (const auto* time = std::get_if<base::Duration>(&value)) return time->count();
    if (const auto* chance = std::get_if<base::Probability>(&value)) return chance->millionths;
    const auto* number = std::get_if<std::int64_t>(&value);
    return number ? *number : 0;
}

TEST(FaultTable, HasEachFaultOnceWithDefaultsOfItsOwnTypes) {
    std::set<std::string_view> names;
    for (const auto& kind : fault_table()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_EQ(find_fault(kind.name), &kind);
        EXPECT_EQ(&kind_of(kind.fault), &kind);
        for (const auto& parameter : kind.parameters) {
            SCOPED_TRACE(std::string{kind.name} + " " + std::string{parameter.json});
            EXPECT_LE(parameter.low, parameter.high);
            if (!parameter.default_value) continue;
            FaultParameters into;
            EXPECT_TRUE(set_parameter(into, parameter, *parameter.default_value));
            EXPECT_GE(number_in(*parameter.default_value), parameter.low);
            EXPECT_LE(number_in(*parameter.default_value), parameter.high);
        }
    }
    EXPECT_EQ(names.size(), 43u);
}

/// Both bounds of every parameter of every fault.
TEST(FaultTable, EveryValueThatARuleMaySayReadsBackAsItself) {
    int checked = 0;
    for (const auto& kind : fault_table())
        for (const auto& parameter : kind.parameters)
            for (const auto bound : {parameter.low, parameter.high}) {
                RuleRequest rule{.name = "r \"1\"", .fault = kind.fault};
                rule.match.path = kind.takes_match ? "/db/*" : "";
                for (const auto& other : kind.parameters)
                    if (other.required) set_parameter(rule.parameters, other, base::Duration{1});
                const base::Parameter values[] = {
                    bound, base::Duration{bound}, base::Probability{bound}, bound != 0,
                    std::string{parameter.choices.empty() ? "x" : parameter.choices.back()}};
                ASSERT_TRUE(set_parameter(rule.parameters, parameter, values[parameter.member.index()]));
                const auto text = write_rule(rule);
                const auto read = read_rule(base::parse_json(text).value().get_object());
                ASSERT_TRUE(std::holds_alternative<RuleRequest>(read)) << std::get<std::string>(read);
                const auto& back = std::get<RuleRequest>(read);
                EXPECT_EQ(back.parameters, rule.parameters) << text;
                EXPECT_EQ(back.match, rule.match);
                EXPECT_EQ(back.name, rule.name);
                ++checked;
            }
    EXPECT_GT(checked, 200);
}

TEST(FaultTable, KeepsTimesToTheMicrosecond) {
    const auto delay = [](std::string_view ms) {
        const auto read =
            read_rule(base::parse_json(R"({"fault":"store.slow","delay_ms":)" + std::string{ms} + "}")
                          .value()
                          .get_object());
        return std::get<RuleRequest>(read).parameters.delay.value().count();
    };
    EXPECT_EQ(delay("1"), 1000);
    EXPECT_EQ(delay("1.9"), 1900);
    EXPECT_EQ(delay("1.001"), 1001);
    EXPECT_EQ(delay("86400000"), 86'400'000'000);
}

TEST(FaultTable, ARefusalNamesTheMemberAndTheRemedy) {
    EXPECT_THAT(trouble(R"({})"), HasSubstr("needs a `fault`"));
    EXPECT_THAT(trouble(R"({"fault":"store.dwon"})"), HasSubstr("there are store.down, store.refuse"));
    EXPECT_EQ(trouble(R"({"fault":"store.error","every":0})"),
              "`every` of store.error must be a whole number, 1 to 1000000, not 0");
    EXPECT_EQ(trouble(R"({"fault":"store.error","probability":0})"),
              "`probability` of store.error must be a number above 0, at most 1, not 0");
    EXPECT_EQ(trouble(R"({"fault":"store.slow","delay_ms":0.9})"),
              "`delay_ms` of store.slow must be a number of milliseconds, 1 to 86400000, not 0.9");
    EXPECT_EQ(
        trouble(R"({"fault":"store.slow","delay":20})"),
        "store.slow takes no `delay`: it takes name, match, delay_ms, probability, every, at, count, for_ms");
    EXPECT_EQ(trouble(R"({"fault":"store.wipe","for_ms":20})"),
              "store.wipe takes no `for_ms`: it takes name");
    EXPECT_EQ(trouble(R"({"fault":"store.error","probability":0.5,"every":3})"),
              "`probability` and `every` exclude each other: leave one of them out");
    EXPECT_THAT(trouble(R"({"fault":"store.clock_skew"})"),
                HasSubstr("needs `offset_ms`, a number of milliseconds"));
    EXPECT_THAT(trouble(R"({"fault":"store.bulk_errors","error":"none"})"),
                HasSubstr("one of internal_server_error, unauthorized, timeout"));
    EXPECT_THAT(trouble(R"({"fault":"store.error","match":{"color":"red"}})"),
                HasSubstr("`match` cannot have `color`"));
    for (const auto* bad :
         {R"({"fault":"store.error","count":0})", R"({"fault":"store.error","at":0})",
          R"({"fault":"store.error","at":1.5})", R"({"fault":"store.amnesia","rows":0})",
          R"({"fault":"store.down","probability":0.5})", R"({"fault":"store.down","for_ms":0})",
          R"({"fault":"store.slow","delay_ms":86400001})", R"({"fault":"store.slow","delay_ms":"20"})",
          R"({"fault":"store.clock_skew","offset_ms":-86400001})", R"({"fault":"store.error","status":199})",
          R"({"fault":"store.restart","uuid":""})", R"({"fault":"store.wipe","match":{}})"})
        EXPECT_NE(trouble(bad), "") << bad;
}

/// A rule without parameters does what the language's fault without parameters does.
TEST(FaultTable, DefaultsAreThoseOfTheLanguage) {
    const auto of = [](std::string_view name) { return with_defaults(*find_fault(name), {}); };
    EXPECT_EQ(of("store.error").status, 500);
    EXPECT_EQ(of("store.lose_reply").probability, base::Probability{300'000});
    EXPECT_EQ(of("store.partial_bulk").rows, 1);
    EXPECT_EQ(of("feed.repeat").probability, base::Probability{300'000});
    EXPECT_EQ(of("store.amnesia").rows, 10);
    FaultParameters every;
    every.every = 3;
    EXPECT_FALSE(with_defaults(*find_fault("store.lose_reply"), every).probability)
        << "one way to choose excludes the other's default";
}

TEST(FaultTable, ARuleIsListedAsTheFaultThatItWasSetAs) {
    MockClient mock;
    mock.put("/db", "");
    for (const auto* fault : {"store.crash", "store.failover", "store.restart"}) {
        mock.fault(R"({"name":"f","fault":")" + std::string{fault} + R"(","for_ms":2000})");
        EXPECT_FALSE(mock.listening);
        const auto listed = mock.get("/_mock/faults/f").value();
        EXPECT_EQ(base::string_member(base::member(listed, "faults")->get_array()[0], "fault"), fault);
        EXPECT_TRUE(mock.get("/db").reset);
        mock.pass(2s);
        EXPECT_TRUE(mock.listening);
        EXPECT_EQ(mock.get("/db").status, 200);
    }
}

TEST(FaultTable, AnActByItselfTakesWhatTheFaultTakes) {
    MockClient mock;
    mock.put("/db", "");
    for (int i = 0; i < 12; ++i) mock.put("/db/d" + std::to_string(i), "{}");
    EXPECT_EQ(mock.ask("POST", "/_mock/store/amnesia", R"({"rows":0})").status, 400);
    EXPECT_EQ(mock.ask("POST", "/_mock/store/amnesia", R"({"row":1})").status, 400);
    EXPECT_EQ(mock.get("/db/d11").status, 200);
    EXPECT_EQ(mock.ask("POST", "/_mock/store/amnesia").status, 200);
    EXPECT_EQ(mock.get("/db/d1").status, 200) << "ten are lost, as the table says";
    EXPECT_EQ(mock.get("/db/d2").status, 404);
}

}  // namespace
}  // namespace davenport::couchmock::test
