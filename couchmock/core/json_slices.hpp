#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace davenport::couchmock {

/// The members of a JSON object as pieces of its text: for requests whose large parts are read on their own.
/// Keys are unescaped. The pieces are only balanced; whoever reads one finds out whether it is JSON. Nothing
/// when `text` is no object.
std::optional<std::vector<std::pair<std::string, std::string_view>>> slice_object(std::string_view text);

/// The elements of a JSON array, likewise.
std::optional<std::vector<std::string_view>> slice_array(std::string_view text);

}  // namespace davenport::couchmock
