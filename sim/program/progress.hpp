#pragma once

#include "sim/record/record.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace davenport::sim::program {

/// Shows how far a run is. On a terminal: three lines, drawn over again and again (time, faults; rates of the
/// last seconds; backlog and the p99 of what was delivered in them). In a pipe: one line every ten seconds of
/// the run. Nothing at all when it is not wanted.
///
/// As a sink it counts what it sees; show() draws.
class Progress final : public HistorySink {
public:
    Progress(std::string title, const Plan& plan, bool wanted = true);
    ~Progress() override { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void add(const Record& record) override;
    /// `at`: since the run began; negative: it has not yet.
    void show(Duration at);
    /// Takes the lines off the terminal.
    void clear();

private:
    struct Seen {
        std::int64_t at_us;
        std::int64_t waited_us;  ///< of a showing; else -1
        RecordKind kind;
    };
    /// Until the run begins.
    void count_down(Duration left);
    void forget_before(std::int64_t at_us);
    [[nodiscard]] std::string rates() const;
    [[nodiscard]] std::string backlogs() const;

    std::string title_;
    Duration end_;
    bool wanted_;
    bool terminal_;
    bool shown_ = false;
    Duration last_ = Duration::min();  ///< when it was last drawn
    std::int64_t sent_ = 0, shown_count_ = 0;
    std::unordered_set<std::string> accepted_;
    std::unordered_map<std::string, std::int64_t> due_us_;  ///< of each message; looked up, never walked
    std::deque<Seen> window_;                               ///< of the last seconds
    std::map<std::string, std::int64_t> backlog_;           ///< by node, as last told
    std::set<std::string> faults_;                          ///< on at the moment
    std::string phase_ = "settling";
};

}  // namespace davenport::sim::program
