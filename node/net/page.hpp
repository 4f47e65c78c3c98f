#pragma once

#include "node/base/http.hpp"

#include <optional>
#include <string_view>

namespace davenport::node {

/// The chat page's files, built into the program: the answer to a GET or HEAD of `path`, or nothing when it
/// is none of them.
std::optional<base::HttpResponse> serve_page(const base::HttpRequest& request);

}  // namespace davenport::node
