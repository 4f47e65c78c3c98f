#pragma once

#include "node/base/http.hpp"

#include <optional>
#include <string_view>

namespace davenport::node {

/// The chat page's files, built into the program: the answer to a GET or HEAD of `path`, or nothing when it
/// is not one of them.
///
/// `/` holds the script and the style within itself, so that a first visit takes one answer; its policy
/// allows these two by their hashes. The files that they were made from are served beside it. Each is given
/// compressed where the client takes gzip.
std::optional<base::HttpResponse> serve_page(const base::HttpRequest& request);

/// True when `accept_encoding` (the value of that header) takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace davenport::node
