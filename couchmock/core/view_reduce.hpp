#pragma once

#include "couchmock/core/view_rows.hpp"

#include <string>
#include <vector>

namespace davenport::couchmock {

namespace javascript {
class Engine;
}

/// A reduce function: one of CouchDB's own by its name, or a design document's by its source.
///
/// A reduction is a text that only the same function knows what to do with, until finish() makes JSON of it.
///
/// Errors: javascript::Failure is thrown. What CouchDB's own functions find wrong with a value is a reduction
/// too, an object with `error` and `reason`.
class Reducer {
public:
    /// `engine`: for a function of one's own; has to outlive the reducer.
    Reducer(std::string source, javascript::Engine& engine);

    [[nodiscard]] std::string reduce(const ViewRows& rows, std::size_t first, std::size_t last) const;
    [[nodiscard]] std::string rereduce(const std::vector<std::string>& reductions) const;
    /// What a row of the answer shows.
    [[nodiscard]] std::string finish(const std::string& reduction) const;

private:
    enum class Kind { sum, count, stats, approx_count_distinct, top, bottom, first, last, own };
    [[nodiscard]] std::string call_own(std::string_view keys, const std::string& values, bool again) const;

    std::string source_;
    javascript::Engine& engine_;
    Kind kind_ = Kind::own;
    std::size_t rank_ = 0;  ///< N of `_top_N`
};

/// The reductions of a view's blocks of rows, kept until rows in them or before them change, so that a query
/// over many rows calls the function for its ends only. CouchDB keeps its own in the nodes of a tree.
class ReductionCache {
public:
    explicit ReductionCache(Reducer reducer) : reducer_(std::move(reducer)) {}

    /// Rows from `place` on may be others.
    void changed_from(std::size_t place);
    /// The finished reduction of the rows in [first, last), as JSON.
    [[nodiscard]] std::string reduce(const ViewRows& rows, std::size_t first, std::size_t last);

private:
    static constexpr std::size_t block_rows = 256;

    Reducer reducer_;
    std::vector<std::string> blocks_;  ///< empty: not known
};

}  // namespace davenport::couchmock
