#include "node/net/json_log.hpp"

#include "node/base/json.hpp"
#include "node/base/text.hpp"
#include "node/base/time.hpp"

#include <chrono>
#include <string>

namespace davenport::node {
namespace {

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const auto since = std::chrono::duration_cast<base::Duration>(message.time.time_since_epoch());
        const auto level = spdlog::level::to_string_view(message.level);
        const std::string_view text{message.payload.data(), message.payload.size()};
        std::string line = "{\"time\":\"" + base::iso8601(base::WallTime{since}) + "\",\"level\":\"";
        line.append(level.data(), level.size());
        line += "\",\"text\":";
        base::append_json_string(line, base::is_utf8(text) ? text : "a line that is not UTF-8");
        line += "}\n";
        out.append(line.data(), line.data() + line.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> json_log_formatter() { return std::make_unique<JsonFormatter>(); }

}  // namespace davenport::node
