#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

/// Compares the results.json of two runs, or of several runs each: did it get worse?
namespace davenport::reports {

/// One figure that was looked at.
struct Difference {
    enum class Kind {
        same,  ///< equal, or within what is borne
        better,
        worse,
        changed,  ///< neither: another number of events, say
    };
    std::string what;           ///< "p99(delivery)", "requests a message"
    std::string phase;          ///< "" for the whole run
    std::string before, after;  ///< as people read them
    std::string by;             ///< "+12.5%", "[+8%, +17%]" where a bootstrap over repeats says so
    Kind kind = Kind::same;
};

/// The latencies, as results.json names them.
inline constexpr std::array metric_names{"local_ack", "local_echo", "delivery", "stored", "shown"};

/// What is borne where runs are not exact.
struct Tolerance {
    std::int64_t percent = 25;       ///< of a latency
    std::int64_t least_us = 5'000;   ///< and a latency must differ by this at least
    std::int64_t count_percent = 5;  ///< of a count for each message
    bool other_scenario = false;     ///< compares runs of different scenarios and topologies, too
};

struct Comparison {
    std::string refused;  ///< why the two cannot be compared; empty when they can
    bool exact = false;   ///< runs of the virtual world with one seed: any difference counts
    std::string title;
    std::vector<Difference> differences;  ///< all that was looked at, in the order of the report

    [[nodiscard]] std::int64_t count(Difference::Kind kind) const;
    /// For CI: 0 as good as before, 1 worse (in exact mode: different), 64 not to be compared.
    [[nodiscard]] int exit_code() const;
};

/// `before` and `after` are one or several results.json each, all of one scenario and world. With three or
/// more on both sides a bootstrap over the runs tells an effect from chance; the same input gives the same
/// interval.
Comparison compare(const std::vector<boost::json::value>& before,
                   const std::vector<boost::json::value>& after, const Tolerance& tolerance = {});

/// "214 figures compared: 3 worse, 1 better, 0 changed".
std::string conclusion(const Comparison& comparison);
/// The report page of `after`, with `before` overlaid and the differences on top; for one run on each side.
std::string comparison_html(const Comparison& comparison, const boost::json::value& before,
                            const boost::json::value& after);
/// A table for the terminal: what differs, then how much was the same.
std::string comparison_text(const Comparison& comparison, bool colour);
std::string comparison_md(const Comparison& comparison);

/// Reads results.json from a file, a run's folder, or a folder of run folders (repeats). On failure `error`
/// says what is wrong.
std::vector<boost::json::value> load_results(const std::string& path, std::string& error);

}  // namespace davenport::reports
