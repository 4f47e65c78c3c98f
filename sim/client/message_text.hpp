#pragma once

#include <string>
#include <string_view>

namespace sim::client {

/// The text of a message: its name, then padding made from it up to `size_bytes`, so that whoever gets it can tell that it is whole.
std::string make_text(std::string_view msg, int size_bytes);
/// The name in such a text; empty when the text is none of ours or was altered.
std::string msg_of_text(std::string_view text);

}  // namespace sim::client
