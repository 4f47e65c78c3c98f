#pragma once

#include <string>
#include <string_view>

namespace davenport::base {

/// The raw bytes of a digest: 16 of MD5 (what CouchDB makes revisions of), 32 of SHA-256.
std::string md5(std::string_view bytes);
std::string sha256(std::string_view bytes);

}  // namespace davenport::base
