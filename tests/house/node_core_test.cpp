#include "tests/house/source_tree.hpp"

#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace davenport::house {

/// The rooms of node/core: log, store (with couchdb and nats behind its door) and clients. Each rule says
/// what must not stand where, and what to do instead.
namespace {

struct Rule {
    std::string name;
    std::vector<std::string> where;   ///< paths that begin so are held to the rule
    std::vector<std::string> except;  ///< and these are not
    enum class In { includes, code } in;
    std::regex forbidden;  ///< in an included path, or in a line without its comment
    std::string instead;
};

const std::vector<Rule>& rules() {
    static const std::vector<Rule> table{
        {"node/core/store/couchdb is behind the door",
         {"node/", "sim/", "couchmock/", "reports/"},
         {"node/core/store/couchdb/", "node/core/store/make_store.", "node/core/erasure.",
          "node/core/admin/"},
         Rule::In::includes,
         std::regex{"^node/core/store/couchdb/"},
         "include node/core/store/store.hpp and ask by its words; only make_store, erasure and admin make "
         "use of the CouchDB store. What every kind of store needs lies in node/core/store"},
        {"node/core/store/nats is behind the door",
         {"node/", "sim/", "couchmock/", "reports/"},
         {"node/core/store/nats/", "node/core/store/make_store.", "node/core/stream_erasure."},
         Rule::In::includes,
         std::regex{"^node/core/store/nats/"},
         "include node/core/store/store.hpp and ask by its words; only make_store and stream_erasure make "
         "use of the NATS store"},
        {"the store knows no client",
         {"node/core/store/"},
         {},
         Rule::In::includes,
         std::regex{"^(node/core/clients/|node/core/(sessions|frames|client_frame|websocket)\\b)"},
         "tell the core by an event of node/core/store/store.hpp; clients/ makes frames of it"},
        {"the log knows no client",
         {"node/core/log/"},
         {},
         Rule::In::includes,
         std::regex{"^node/core/clients/"},
         "return what happened, and let chat_core tell clients/"},
        {"the log knows no HTTP",
         {"node/core/log/"},
         {},
         Rule::In::includes,
         std::regex{"^node/base/http\\.hpp"},
         "take and return plain values; HTTP of clients lies in clients/, that of the store in "
         "store/couchdb/"},
        {"HTTP in clients/ is for the transports that speak it",
         {"node/core/clients/"},
         {"node/core/clients/http", "node/core/clients/polls",
          // These take base64url from there, and no HTTP.
          "node/core/clients/cursor", "node/core/clients/key_ring", "node/core/clients/members",
          "node/core/clients/revocations", "node/core/clients/shared_tries"},
         Rule::In::includes,
         std::regex{"^node/base/http\\.hpp"},
         "ask the store through node/core/store/store.hpp; a transport that answers HTTP is named in "
         "`except`"},
        {"clients/ and log/ know no URL and no JSON of the store",
         {"node/core/clients/", "node/core/log/"},
         {},
         Rule::In::code,
         std::regex{
             R"re([^a-z]_changes|_bulk_docs|_all_docs|_local/|/_session\b|include_docs|last_seq|\\?"(_id|_rev|seq)\\?")re"},
         "move it to node/core/store/couchdb/ and give node/core/store/store.hpp a word for it"},
    };
    return table;
}

bool begins_with_one_of(const std::string& name, const std::vector<std::string>& beginnings) {
    return std::ranges::any_of(beginnings,
                               [&](const auto& beginning) { return name.starts_with(beginning); });
}

/// Each broken rule as "file:line: rule: what to do".
std::vector<std::string> broken(const SourceFile& file) {
    std::vector<std::string> found;
    for (const auto& rule : rules()) {
        if (!begins_with_one_of(file.name, rule.where) || begins_with_one_of(file.name, rule.except))
            continue;
        const auto complain_if = [&](int line, const std::string& text) {
            if (std::regex_search(text, rule.forbidden))
                found.push_back(file.name + ":" + std::to_string(line) + ": " + rule.name + ": " +
                                rule.instead);
        };
        if (rule.in == Rule::In::includes)
            for (const auto& include : includes_of(file)) complain_if(include.line, include.what);
        else
            for (const auto& line : file.lines)
                complain_if(line.number, line.text.substr(0, line.text.find("//")));
    }
    return found;
}

TEST(NodeCore, KeepsItsRoomsApart) {
    for (const auto& file : sources())
        for (const auto& complaint : broken(file)) ADD_FAILURE() << complaint;
}

TEST(NodeCore, TheTestFindsABreachOfEachRule) {
    struct Breach {
        std::string file;
        std::string line;
        std::string rule;
    };
    const std::vector<Breach> breaches{
        {"sim/virtual/world.cpp", "#include \"node/core/store/couchdb/api.hpp\"", "behind the door"},
        {"node/core/clients/resume.cpp", "#include \"node/core/store/couchdb/api.hpp\"", "behind the door"},
        {"sim/virtual/world.cpp", "#include \"node/core/store/nats/stream_api.hpp\"", "behind the door"},
        {"node/core/store/nats/x.cpp", "#include \"node/core/store/couchdb/store_api.hpp\"",
         "behind the door"},
        {"node/core/store/couchdb/writer.cpp", "#include \"node/core/clients/sessions.hpp\"", "no client"},
        {"node/core/store/store.hpp", "#include \"node/core/frames.hpp\"", "no client"},
        {"node/core/log/history.cpp", "#include \"node/core/clients/rooms.hpp\"", "no client"},
        {"node/core/log/history.cpp", "#include \"node/base/http.hpp\"", "no HTTP"},
        {"node/core/clients/resume.cpp", "#include \"node/base/http.hpp\"", "transports"},
        {"node/core/clients/resume.cpp", "auto target = \"/_changes?since=\" + seq;", "no URL"},
        {"node/core/log/history.cpp", "const auto id = row.member(\"_id\");", "no URL"},
    };
    for (const auto& [name, line, rule] : breaches) {
        const auto found = broken({name, {{1, line}}});
        ASSERT_EQ(found.size(), 1u) << name << ": " << line;
        EXPECT_NE(found[0].find(rule), std::string::npos) << found[0];
        EXPECT_TRUE(found[0].starts_with(name + ":1: ")) << found[0];
    }
}

TEST(NodeCore, TheTestLetsPassWhatIsRight) {
    EXPECT_TRUE(
        broken({"node/core/store/make_store.cpp", {{1, "#include \"node/core/store/couchdb/x.hpp\""}}})
            .empty());
    EXPECT_TRUE(broken({"node/core/clients/polls.hpp", {{1, "#include \"node/base/http.hpp\""}}}).empty());
    EXPECT_TRUE(
        broken({"node/core/clients/resume.cpp", {{1, "read();  // by _changes, in the end"}}}).empty());
}

}  // namespace

}  // namespace davenport::house
