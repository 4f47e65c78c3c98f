#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/nodes.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace davenport::sim::orchestrator {

/// Reads the history of one room after the other at every node while the plan is played, page by page, as
/// people do who scroll up. Only for scenarios that expect `pages`.
///
/// No judge: of the messages that were shown at the node last, and a few before, it notes how they stood
/// there.
class PageTurns {
public:
    PageTurns(Context& context, const Nodes& nodes);

    void start();
    void on_record(const Record& record);
    void on(const HistoryTold& e);

private:
    struct Shown {
        std::string msg, id;
    };
    using Where = std::pair<std::string, std::string>;  ///< node and room

    void look();

    Context& context_;
    const Nodes& nodes_;
    const bool wanted_;
    const std::vector<std::string> rooms_;
    std::size_t next_room_ = 0;
    std::map<Where, std::vector<Shown>> shown_;  ///< in order
    /// Reads that were not answered yet, the oldest first. One that was lost makes those that follow count as
    /// begun when it was: then they owe less.
    std::map<Where, std::deque<std::int64_t>> begun_us_;
};

}  // namespace davenport::sim::orchestrator
