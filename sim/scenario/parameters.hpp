#pragma once

#include "sim/scenario/language.hpp"

#include <map>
#include <string>
#include <string_view>

/// A fault's parameters as a plan has them: `delay: 20ms` is {"delay_ms", "20"}.
namespace davenport::sim {

using Parameters = std::map<std::string, std::string>;

void set_canonical(Parameters& parameters, const language::Key& key, const Value& value);

/// The parameter of `kind` that is called `canonical` in a plan, or nullptr.
const language::Key* find_canonical(const language::FaultKind& kind, std::string_view canonical);

/// All that `kind` takes: what is `given`, as far as it is this kind's, and the defaults of the rest.
Parameters complete(const language::FaultKind& kind, const Parameters& given);

/// "10%", "at least 1ms": a bound for a message.
std::string show_bound(Type type, std::int64_t bound);

}  // namespace davenport::sim
