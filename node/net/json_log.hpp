#pragma once

#include <memory>

#include <spdlog/formatter.h>

namespace davenport::node {

/// One JSON object a line: {"time":"...","level":"info","text":"..."}.
std::unique_ptr<spdlog::formatter> json_log_formatter();

}  // namespace davenport::node
