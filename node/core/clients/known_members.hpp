#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace davenport::base {
class JsonView;
}  // namespace davenport::base

namespace davenport::node {

/// Takes a member that is a string over; one that is not there leaves `into` as it is. False when it is there
/// and no string.
bool read_text(const base::JsonView& object, std::string_view key, std::string& into);

/// Why `object` is refused: a member that is not in `known`, and which of those was likely meant. Empty when
/// all are known. For what replaces something as a whole: there, a mistyped member would lift what it was
/// meant to set.
std::string unknown_member(const base::JsonView& object, const std::vector<std::string_view>& known);

}  // namespace davenport::node
