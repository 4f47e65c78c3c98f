#pragma once

#include <string_view>

namespace davenport::couchmock {

/// What becomes of a configuration value that a client sets. A setting that CouchDB would act on and this
/// server does not is refused: a test that believes in it would prove nothing.
enum class ConfigRule {
    honoured,  ///< acted on at once
    harmless,  ///< nothing that a client could notice, or nobody's: kept and shown
    refused,   ///< a client of CouchDB would notice it
};
ConfigRule rule_of(std::string_view section, std::string_view key);

/// Sections that CouchDB lets nobody change over HTTP.
bool is_blacklisted(std::string_view section);

}  // namespace davenport::couchmock
