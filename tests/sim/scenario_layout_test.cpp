#include "sim/scenario/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// How a newcomer's file is laid out wrong: each is refused with its place, a caret and a remedy, and none
// takes what follows with it.
namespace davenport {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string errors_of(std::string_view text) {
    return sim::render(sim::read_scenario(text, "f.yaml").problems, "f.yaml", text);
}

struct Layout {
    const char* text;
    const char* place;  ///< "2:8"
    const char* message;
    const char* remedy;
};

TEST(ScenarioLayout, MistakesAreToldWithPlaceAndRemedy) {
    for (const auto& c : {
             // Quotes.
             Layout{"name: x\nabout: \"text\nexpect:\n  - p99(delivery) < 1us\n", "2:8",
                    "this quote is not closed on its line", "end the text with \" on the same line"},
             Layout{"name: x\nabout: 'text\nexpect:\n  - no_loss\n", "2:8", "this quote is not closed",
                    "end the text with '"},
             Layout{"name: x\nabout: \"text\nexpect:\n  - \"no_loss\"\n", "2:8", "this quote is not closed",
                    ""},
             Layout{"name: x\nabout: 'it''s\nseed: 4\n", "2:8", "this quote is not closed", ""},
             Layout{"name: x\nabout: \"a \\\"\nseed: 4\n", "2:8", "this quote is not closed", ""},
             Layout{"name: \"x\" y\n", "1:11", "text behind the end of the value", "written \\\" or ''"},
             Layout{"name: x\nexpect: [ \"no_loss, no_duplicates ]\n", "2:11", "this quote is not closed",
                    ""},
             Layout{"\"name: x\nseed: 4\n", "1:1", "this quote is not closed", ""},
             Layout{"name: x\nexpect:\n  - 'no_loss\n  - no_duplicates\n", "3:5", "this quote is not closed",
                    ""},
             // Brackets.
             Layout{"name: x\nload: { rate: 5/s\nexpect:\n  - no_loss\n", "2:7",
                    "'{' is not closed before the next key", "a '}' is missing"},
             Layout{"name: x\nexpect: [ no_loss\nseed: 4\n", "2:9", "'[' is not closed before the next key",
                    "a ']' is missing"},
             Layout{"name: x\nexpect: [ no_loss\n", "2:9", "'[' is not closed before the end of the file",
                    ""},
             Layout{"{ \"name\": \"x\",\n  \"topology\": { \"nodes\": 2,\n  \"seed\": 4 }\n", "1:1",
                    "'{' is not closed before the end of the file", ""},
             Layout{"name: x\ntimeline:\n  - { at: 2s, fault: feed.cut\n  - { at: 3s, fault: feed.cut }\n",
                    "3:5", "'{' is not closed before the next key", ""},
             Layout{"name: x\nload: { rate: 5/s }}\n", "2:20", "'}' closes nothing", "leave it out"},
             Layout{"name: x\nexpect: [ no_loss }\n", "2:19", "'}' where '[' is open, from line 2, column 9",
                    "close it with ']' first"},
             Layout{"name: x\nload: { rate: 5/s for: 3s }\n", "2:22", "a second ':' in one entry",
                    "a ',' is missing"},
             Layout{"name: x\ntimeline: [ { at: 2s, fault: feed.cut } { at: 3s, fault: feed.cut } ]\n",
                    "2:41", "a ',' is missing before this", ""},
             Layout{"name: x\ntopology: {nodes:2}\n", "2:17", "a blank is missing after ':'",
                    "{ key: value }"},
             Layout{"name: x\nexpect: [ no_loss\n---\n", "2:9", "'[' is not closed", ""},
             // Indentation.
             Layout{"name: x\n\ttopology: { nodes: 2 }\n", "2:1", "a tab in the indentation",
                    "indent with blanks"},
             Layout{"name: x\nload:\n  rate: 5/s\n\tfor: 3s\n", "4:1", "a tab in the indentation", ""},
             Layout{"name: x\nload:\n\xc2\xa0 rate: 5/s\n", "3:1", "a no-break blank",
                    "replace it with a blank"},
             Layout{"name: x\n  seed: 4\n", "2:3", "indented deeper than line 1", "line 1's is 1"},
             Layout{"name: x\nload:\n  rate: 5/s\n    for: 3s\n", "4:5", "indented deeper than line 3",
                    "line 3's is 3"},
             Layout{"name: x\nload:\n    rate: 5/s\n  for: 3s\n", "4:3",
                    "nothing above begins in this column", "those above have 1, 5"},
             Layout{"name: x\nload: { rate: 5/s }\n  for: 3s\n", "3:3", "indented deeper than line 2", ""},
             Layout{"name: x\nexpect:\n  - no_loss\n    - no_duplicates\n", "4:5",
                    "indented deeper than line 3", ""},
             Layout{"name: x\nexpect:\n  - no_loss\n - no_duplicates\n", "4:2",
                    "nothing above begins in this column", ""},
             Layout{"name: x\ntimeline:\n  - at: 2s\n    fault: feed.cut\n   name: y\n", "5:4",
                    "nothing above begins in this column", ""},
             Layout{"name: x\n- no_loss\n", "2:1", "a list item among keys", "indent it below its key"},
             Layout{"name: x\nexpect:\n  - no_loss\n  seed: 4\n", "4:3", "a key in a list",
                    "begin with '- '"},
             // Keys.
             Layout{"name: x\nseed 4\n", "2:1", "a ':' is missing after this", "as in key: value"},
             Layout{"name: x\nseed:4\n", "2:5", "a blank is missing after ':'", "as in key: value"},
             Layout{"name: x\n\"seed\":4\n", "2:7", "a blank is missing after ':'", ""},
             Layout{"name: x\nabout: what: this\n", "2:12", "a second ':' in one line", "between quotes"},
             Layout{"name: x\nexpect:\n  - no_loss\n  no_duplicates\n", "4:3", "a '- ' is missing", ""},
             Layout{"name: x\nexpect: - no_loss\n", "2:9", "a list cannot begin on the line of its key", ""},
             Layout{"name: x\n? seed\n", "2:1", "a key must be a word", ""},
             // Texts of several lines.
             Layout{"name: x\nabout: >\n  text\n  expect:\n    - no_loss\n", "4:3",
                    "belongs to the text that begins in line 2", "begins in the first column"},
             Layout{"name: x\nabout: |\n  text\n  load: { rate: 5/s }\n", "4:3", "belongs to the text", ""},
             Layout{"name: x\nabout: text\n  expect:\n    - no_loss\n", "3:3", "indented deeper than line 2",
                    ""},
             // Documents, and what is no text.
             Layout{"name: x\n---\nname: y\n", "2:1", "a second document", "one scenario a file"},
             Layout{"name: x\n---\n", "2:1", "a second document", ""},
             Layout{"name: x\n...\nexpect: [no_loss]\n", "3:1", "a second document", ""},
             Layout{"name: x\nabout: \xe9t\xe9\n", "2:8", "the file is not UTF-8", "save it as UTF-8"},
             Layout{"name: x\nabout: a\x01z\n", "2:9", "a control character, 0x01", ""},
         }) {
        const auto errors = errors_of(c.text);
        EXPECT_THAT(errors, StartsWith(std::string{"f.yaml:"} + c.place + ": error: ")) << c.text;
        EXPECT_THAT(errors, HasSubstr(c.message)) << c.text;
        EXPECT_THAT(errors, HasSubstr(c.remedy)) << c.text;
        EXPECT_THAT(errors, HasSubstr("    hint: ")) << c.text;
        EXPECT_THAT(errors, HasSubstr("^\n")) << c.text;
    }
}

TEST(ScenarioLayout, AllowsWhatPeopleWrite) {
    for (const auto* text : {
             "\xef\xbb\xbfname: x\n",
             "name: x\r\nexpect:\r\n  - no_loss\r\n",
             "---\nname: x\n",
             "%YAML 1.2\n---\nname: x\n...\n# nothing more\n",
             "name: x",
             "name: x\nabout: it's \"so\", isn't it # and a comment\n",
             "name: x\nabout: 'it''s so: yes'\n",
             "name: x\nabout: \"a \\\" and # no comment\"  # a comment\n",
             "name: x\nabout: a text\n  of two lines\nseed: 4\n",
             "name: x\nabout: >\n  a text: of\n\n    several lines, \"so\n  it goes\nseed: 4\n",
             "name: x\nabout: |-\n  expect: little\nexpect: [ no_loss ]\n",
             "name: x\nabout:\n  a text\nseed: 4\n",
             "name: x\nload: {\n  rate: 5/s,  # [ a comment\n\n  for: 3s\n}\nseed: 4\n",
             "name: x\nexpect:\n- no_loss\n- no_duplicates\nseed: 4\n",
             "name: x\nexpect:\n# a comment\n  - no_loss\n\n  # another\n  - p99(delivery, n1) < 3s\n",
             "name: x\ntimeline:\n  - at: 2s\n    fault: feed.cut\n  -\n    at: 3s\n    any: [ feed.cut,\n   "
             "   feed.garbage ]\n",
             "{\n\"name\": \"x\",\n\"topology\":{\"nodes\":2},\n\"expect\": [\n\t\"no_loss\"\n]\n}\n",
             "name: x\nlinks:\n  node-store: { latency: 1ms..2ms }\n  client-node:\n    latency: 1ms\n",
             "\"name\": x\n'seed': 4\n",
         })
        EXPECT_EQ(errors_of(text), "") << text;
}

TEST(ScenarioLayout, LetsNoQuoteTakeInWhatFollows) {
    // A quote opened anywhere in a good file: whatever it does, the file is refused.
    const std::string good =
        "name: x\nabout: two words\nseed: 4\nload: { rate: 5/s, for: 3s }\nexpect:\n  - no_loss\n";
    for (const char* opener : {"\"", "'"}) {
        for (const auto* before :
             {"name", "x\n", "about", "two", "seed", "4", "load", "5/s", "expect", "no_loss"}) {
            auto text = good;
            text.insert(text.find(before), opener);
            EXPECT_NE(errors_of(text), "") << text;
        }
    }
}

}  // namespace
}  // namespace davenport
