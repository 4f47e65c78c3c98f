#pragma once

#include "sim/checker/facts.hpp"
#include "sim/checker/judge.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Findings said for people.
namespace davenport::sim::checker {

inline constexpr std::size_t evidence_max = 10;

/// "812 us", "12.3 ms", "4.21 s".
std::string time_text(std::int64_t us);
/// The time of a run, "12.345 s".
std::string at_text(std::int64_t us);

/// "c3-17 (c3 to r1 by n1, due 12.300 s, sent 12.301 s, accepted 12.305 s, stored 12.350 s; during outage)".
std::string describe(const Facts& facts, Index message);
/// "outage, n1.kill" of the faults on at that time, empty when there are none.
std::string faults_at(const Facts& facts, std::int64_t at_us);
/// "c1, c2, c3 and 4 more", each with the node where it was last.
std::string name_clients(const Facts& facts, const std::vector<Index>& clients);

/// Collects what is wrong, keeps the first few for people, counts all.
class Evidence {
public:
    void add(std::string text) {
        if (++count_ <= static_cast<std::int64_t>(evidence_max)) lines_.push_back(std::move(text));
    }
    /// Whether add() would keep one more: making the text costs more than counting.
    [[nodiscard]] bool wants_more() const { return lines_.size() < evidence_max; }
    void count_only() { ++count_; }
    [[nodiscard]] std::int64_t count() const { return count_; }
    /// The kept lines, the last of them telling how many were left out.
    [[nodiscard]] std::vector<std::string> take();

private:
    std::int64_t count_ = 0;
    std::vector<std::string> lines_;
};

/// A finding that passes when there is no evidence against it.
Finding finding(std::string property, Evidence evidence, std::string measured);

}  // namespace davenport::sim::checker
