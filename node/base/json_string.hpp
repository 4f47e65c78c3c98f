#pragma once

#include <string_view>

namespace davenport::base {

/// True when `text` stands in a JSON string as it is: append_json_string() would only put quotes around it.
bool is_plain_in_json(std::string_view text);

}  // namespace davenport::base
