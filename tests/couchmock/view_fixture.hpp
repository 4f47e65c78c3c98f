#pragma once

#include "tests/couchmock/mock_client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace davenport::couchmock::test {

/// A database of two shards, and a view `v` of a design document `v`.
class Views : public ::testing::Test {
protected:
    Views() { mock.put("/db", ""); }

    void design(const std::string& body, const std::string& name = "v") {
        const auto known = mock.get("/db/_design/" + name);
        const auto rev = known.status == 200 ? "?rev=" + known.text("_rev") : std::string{};
        const auto put = mock.put("/db/_design/" + name + rev, body);
        ASSERT_EQ(put.status, 201) << put.body;
    }
    /// One view `v` with this map function, and a reduce function where one is given.
    void view(const std::string& map, const std::string& reduce = {}) {
        std::string body = R"({"views":{"v":{"map":)" + quoted(map);
        if (!reduce.empty()) body += R"(,"reduce":)" + quoted(reduce);
        design(body + "}}}");
    }
    static std::string quoted(std::string_view text) {
        std::string out;
        base::append_json_string(out, text);
        return out;
    }
    Seen ask(const std::string& query = {}) { return mock.get("/db/_design/v/_view/v" + query); }
    /// The rows as `id:key:value`, or `key:value` of reductions; the error's words when there is one.
    std::string rows(const std::string& query = {}) { return rows_of(ask(query)); }
    static std::string rows_of(const Seen& seen) {
        const auto value = seen.value();
        const auto* list = base::member(value, "rows");
        if (!list) return seen.text("error") + ": " + seen.text("reason");
        std::string out;
        for (const auto& row : list->get_array()) {
            if (!out.empty()) out += ' ';
            if (const auto id = base::string_member(row, "id")) out += std::string{*id} + ':';
            out += base::write_json(*base::member(row, "key")) + ':' +
                   base::write_json(*base::member(row, "value"));
        }
        return out;
    }
    std::int64_t offset(const std::string& query) {
        return base::int_member(ask(query).value(), "offset").value_or(-1);
    }

    MockClient mock{MockConfig{.default_shards = 2}};
    int designs = 0;  ///< of names of their own
};

}  // namespace davenport::couchmock::test
