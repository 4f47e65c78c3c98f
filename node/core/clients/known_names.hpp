#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace davenport::node {

/// The names that are known in one room: of who is there, and of who has spoken. Finds those that people take
/// for one another (base::looks_of).
///
/// Bounded: of more than `names_max` names, those that came first are forgotten until they are seen again.
class KnownNames {
public:
    static constexpr std::size_t names_max = 2000;
    static constexpr std::size_t alike_max = 8;

    [[nodiscard]] bool contains(std::string_view name) const { return names_.contains(name); }
    /// From now on it is known. True when that is news, and it looks like another name that is known.
    bool add(std::string_view name);
    /// The names that look like `name`, itself among them where it is known, in the order in which they came
    /// to be known: the first, and the newest, at most `alike_max` in all.
    [[nodiscard]] std::vector<std::string> alike(std::string_view name) const;
    /// A list as of alike() for each look that several names have.
    [[nodiscard]] std::vector<std::vector<std::string>> all_alike() const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    void forget_first();

    /// With the order in which they came.
    std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> names_;
    std::deque<std::string> in_order_;
    std::uint64_t added_ = 0;
    /// By each of their looks.
    std::unordered_map<std::string, std::vector<std::string>> by_look_;
    std::set<std::string> shared_;  ///< looks that several names have
};

}  // namespace davenport::node
