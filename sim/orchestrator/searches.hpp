#pragma once

#include "sim/orchestrator/context.hpp"
#include "sim/orchestrator/nodes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace davenport::sim::orchestrator {

/// Asks nodes for the words of messages that were shown there: now and then while the plan is played, and at
/// the end for many of them. Only for scenarios that expect `search`.
///
/// No judge: what nodes answer is noted in the history.
class Searches {
public:
    Searches(Context& context, const Nodes& nodes);

    void start();
    void on_record(const Record& record);
    /// Asks every node for what it has shown, up to a bound, and calls `then` when all have answered.
    void ask_all(std::function<void()> then);

private:
    struct Shown {
        std::string room, msg, id;
    };
    struct Question {
        std::string node;
        Shown about;
        std::int64_t asked_us = 0;
        std::string before{};  ///< the next page of the answer
        int pages_left = 0;
        int tries_left = 0;  ///< while the node still builds its index
    };
    void look();
    void ask(Question question);
    void on_answer(Question question, const Answered& answer);
    void note(const Question& question, bool found, std::int64_t count, std::string silent);

    Context& context_;
    const Nodes& nodes_;
    const bool wanted_;
    std::map<std::string, std::vector<Shown>> shown_;  ///< by node, in order
    std::map<std::string, std::size_t> next_;          ///< by node: to be asked for next, while it plays
    std::vector<Shown> changed_;                       ///< edited or removed, since they were last asked for
    std::size_t open_ = 0;                             ///< questions without an answer
    std::function<void()> then_;
};

}  // namespace davenport::sim::orchestrator
