#pragma once

#include "sim/history/record.hpp"
#include "sim/scenario/plan.hpp"

#include <cstdint>
#include <string>

namespace sim::program {

/// Shows how far a run is: one line on a terminal, written over again and again; nothing in a pipe.
///
/// As a sink it counts what it sees; show() draws.
class Progress final : public HistorySink {
public:
    Progress(std::string title, const Plan& plan);
    ~Progress() override { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void add(const Record& record) override;
    void show(Duration at);
    /// Takes the line off the terminal.
    void clear();

private:
    std::string title_;
    Duration end_;
    bool terminal_;
    bool shown_ = false;
    Duration last_{-1};
    std::int64_t sent_ = 0, accepted_ = 0, shown_count_ = 0;
    std::string phase_ = "settling";
};

}  // namespace sim::program
