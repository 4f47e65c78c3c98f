#pragma once

#include <string>

namespace davenport::node::program {

/// The password of `name`: the first line of `file` ("-": of the standard input), or, where `file` is empty,
/// what is typed twice at the terminal, which does not show it. Throws std::invalid_argument with one line.
std::string ask_password(const std::string& name, const std::string& file);

}  // namespace davenport::node::program
