#pragma once

#include "couchmock/faults/fault_table.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

/// A rule as somebody asks for it, and its JSON: `{"name": "outage", "fault": "store.slow",
/// "delay_ms": 1.5}`. The harness writes it, the mock reads it; both by the table of faults, so nothing is
/// lost between.
namespace davenport::couchmock {

struct RequestInfo;

/// Which requests a rule is about; empty members match all. `path`, `database`, `document` and the values of
/// `query` and `headers` are globs, in which '*' stands for anything.
struct Match {
    std::string method, path, database, document, client;
    /// Each has to be there with such a value; names of headers in any case.
    std::vector<std::pair<std::string, std::string>> query, headers;
    bool not_feed = false;
    [[nodiscard]] bool matches(const RequestInfo& request) const;
    /// It leaves no request out.
    [[nodiscard]] bool is_any() const { return *this == Match{}; }
    bool operator==(const Match&) const = default;
};

struct RuleRequest {
    std::string name;  ///< empty: the mock gives it one
    Fault fault = Fault::store_down;
    Match match{};
    FaultParameters parameters{};  ///< those that were given; the table's defaults are not among them
};

/// Reads a rule; a text instead says which member is wrong, and what it should be.
std::variant<RuleRequest, std::string> read_rule(const boost::json::object& rule);
/// The parameters of a rule alone; other members are mistakes.
std::variant<FaultParameters, std::string> read_parameters(const FaultKind& kind,
                                                           const boost::json::object& members);

/// The JSON object of parameters alone.
std::string write_parameters(const FaultKind& kind, const FaultParameters& parameters);
/// The JSON text that reads back as `rule`.
std::string write_rule(const RuleRequest& rule);
/// `,"match":{...},"delay_ms":1.5`: all but the name and the fault.
void append_members(std::string& out, const RuleRequest& rule);
/// A value as the control API writes it: 1.5 (milliseconds), 0.3, "timeout".
void append_value(std::string& out, const base::Parameter& value);
/// "a number of milliseconds, 1 to 86400000": what a parameter may be.
std::string values_of(const FaultParameter& parameter);

}  // namespace davenport::couchmock
