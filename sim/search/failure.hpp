#pragma once

#include "sim/checker/judge.hpp"

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace davenport::sim::search {

/// One way in which a run failed, said so that two runs with different messages, nodes and times can be
/// compared.
///
/// The property names the promise and the shape what the checker saw: "_: shown to _ of _, never to _". Two
/// failures of one cause have both in common; a search that shrinks a run must not trade one bug for another.
struct Failure {
    std::string property;
    std::string shape;  ///< of one line of evidence; empty where a checker gives none (a threshold, say)
    auto operator<=>(const Failure&) const = default;
};

/// What is left of a line of evidence without its particulars: names, numbers, quotations and what stands in
/// parentheses.
std::string shape_of(std::string_view evidence);

/// Every failure in a verdict, each once, in the order of its findings.
std::vector<Failure> failures_of(const checker::Verdict& verdict);

/// Why a run's outcome is unknown, without particulars.
std::vector<std::string> doubts_of(const checker::Verdict& verdict);

/// "no_loss (_: shown to _ of _, never to _)", for people.
std::string show(const Failure& failure);

}  // namespace davenport::sim::search
