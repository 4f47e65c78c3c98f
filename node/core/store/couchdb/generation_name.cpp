#include "node/core/store/couchdb/generation_name.hpp"

#include "node/base/json.hpp"

#include <algorithm>
#include <set>

namespace davenport::node {
namespace {

/// CouchDB 1 tells when it opened the database, in microseconds, and CouchDB 2 says "0".
bool is_start(std::string_view text) {
    return text.size() >= 9 && text.size() <= 12 && text.front() != '0' &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// The letter and the start behind the dot; empty when there is none.
std::string_view tail_of(std::string_view generation) {
    const auto dot = generation.rfind('.');
    const auto tail = dot == std::string_view::npos ? std::string_view{} : generation.substr(dot + 1);
    const bool fits = tail.size() > 1 && (tail[0] == 'd' || tail[0] == 'm') && is_start(tail.substr(1));
    return fits ? tail : std::string_view{};
}

}  // namespace

base::Generation name_generation(base::Random& random, GenerationMaker maker, std::string_view start) {
    auto name = random.name();
    if (!is_start(start)) return name;
    name += '.';
    name += static_cast<char>(maker);
    name += start;
    return name;
}

std::string_view start_of(std::string_view generation) {
    const auto tail = tail_of(generation);
    return tail.empty() ? tail : tail.substr(1);
}

bool is_of(std::string_view generation, std::string_view start) {
    return is_start(start) && start_of(generation) == start;
}

bool outranks(std::string_view known, std::string_view seen) {
    const auto mine = tail_of(known), theirs = tail_of(seen);
    if (mine.empty() || theirs.empty() || mine.substr(1) != theirs.substr(1)) return false;
    if (mine[0] != theirs[0]) return mine[0] == 'd';
    return mine[0] == 'm' && known < seen;
}

std::size_t count_members(std::string_view answer) {
    const auto body = base::parse_json(answer);
    const auto* shards = body ? base::member(*body, "shards") : nullptr;
    if (!shards || !shards->is_object()) return 0;
    std::set<std::string> names;
    for (const auto& [range, members] : shards->get_object()) {
        if (!members.is_array()) return 0;
        for (const auto& one : members.get_array())
            if (one.is_string()) names.emplace(one.get_string());
    }
    return names.size();
}

}  // namespace davenport::node
