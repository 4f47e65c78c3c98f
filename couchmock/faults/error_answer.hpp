#pragma once

#include "node/base/http.hpp"

#include <optional>
#include <string_view>

namespace davenport::couchmock {

/// An error as CouchDB answers it, in its own words for the status (chttpd:error_info); `reason` instead of
/// the usual one.
base::HttpResponse error_answer(int status, std::optional<std::string_view> reason = {});

}  // namespace davenport::couchmock
