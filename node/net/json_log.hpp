#pragma once

#include <memory>

#include <spdlog/formatter.h>

namespace node {

/// One JSON object a line: {"time":"...","level":"info","text":"..."}.
std::unique_ptr<spdlog::formatter> json_log_formatter();

}  // namespace node
