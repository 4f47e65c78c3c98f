#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace davenport::node {

/// Which of the newest message ids stand in the journal, without asking SQLite.
///
/// Almost every question whether a message is known is about one that nobody has seen, and SQLite, whose
/// other connection has just committed, drops its cache and reads its pages again to say no. Ids sort by
/// time: one above all that was ever dropped from here, and above all that the journal held when it was
/// opened, is in the journal exactly when it is here.
///
/// Threads: any. Memory: at most twice `generation` ids.
class RecentIds {
public:
    enum class Answer { absent, present, unknown };

    /// `floor`: the 26 letters up to which it knows nothing; empty when the journal is.
    explicit RecentIds(std::string floor, std::size_t generation = 20'000)
        : floor_(std::move(floor)), generation_(generation) {}

    /// These are in the journal from now on.
    void add(const std::vector<std::string_view>& ids);
    /// `unknown` for what is below the floor, and for ids that are not of our form.
    [[nodiscard]] Answer look_up(std::string_view id) const;

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    struct Generation {
        std::unordered_set<std::string, Hash, std::equal_to<>> ids{};  ///< looked up, never walked
        std::string highest{};                                         ///< letters
    };

    mutable std::mutex mutex_;
    std::string floor_;
    std::size_t generation_;
    Generation young_, old_;
};

}  // namespace davenport::node
