#pragma once

#include "sim/scenario/language.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// A fault's parameters between the file and the plan: `delay: 1.9ms` is {"delay", 1900us}.
namespace davenport::sim {

/// The parameter as what it is of; `otherwise` when there is none.
template <class T>
T parameter_or(const Parameters& parameters, std::string_view name, T otherwise) {
    const auto found = parameters.find(name);
    const auto* typed = found == parameters.end() ? nullptr : std::get_if<T>(&found->second);
    return typed ? *typed : std::move(otherwise);
}

/// A value that was read for `key`, as a world takes it.
base::Parameter typed(const language::Key& key, const Value& value);
/// Such a value as one would write it: 1900us is "1.9ms".
std::string written(const language::Key& key, const base::Parameter& value);
/// Whether `value` is of the type that `key` asks for.
bool is_of_type(const language::Key& key, const base::Parameter& value);

/// What is meant when `key` is not said, if anything is.
std::optional<base::Parameter> default_of(const language::Key& key);
/// All that `kind` takes: what is `given`, as far as it is this kind's, and the defaults of the rest.
Parameters complete(const language::FaultKind& kind, const Parameters& given);

/// "s2" is 1; the first where no store is named.
std::size_t store_number(std::string_view name);

/// "10%", "at least 1ms": a bound for a message.
std::string show_bound(Type type, std::int64_t bound);

}  // namespace davenport::sim
