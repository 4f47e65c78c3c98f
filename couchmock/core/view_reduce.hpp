#pragma once

#include "couchmock/core/view_rows.hpp"

#include <optional>
#include <string>
#include <string_view>
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

    /// The finished reduction of the rows in [first, last), as JSON. Those of whole chunks of rows are kept
    /// with the chunks, as CouchDB keeps its own in the nodes of a tree: a query over many rows calls the
    /// function for its ends only.
    [[nodiscard]] std::string reduce_range(const ViewRows& rows, std::size_t first, std::size_t last) const;

    /// Why a finished reduction is none, as JSON text: its function made more of the values than it may.
    /// Nothing for any other.
    [[nodiscard]] static std::optional<std::string_view> overflow_of(std::string_view finished);

private:
    /// `rows`: at least one.
    [[nodiscard]] std::string reduce(ViewRows::Slice rows) const;
    [[nodiscard]] std::string rereduce(const std::vector<std::string>& reductions) const;
    /// What a row of the answer shows.
    [[nodiscard]] std::string finish(const std::string& reduction) const;

    enum class Kind { sum, count, stats, approx_count_distinct, top, bottom, first, last, own };
    /// `count`: of the values.
    [[nodiscard]] std::string call_own(std::string_view keys, const std::string& values, bool again,
                                       std::size_t count) const;

    std::string source_;
    javascript::Engine& engine_;
    Kind kind_ = Kind::own;
    std::size_t rank_ = 0;  ///< N of `_top_N`
};

}  // namespace davenport::couchmock
