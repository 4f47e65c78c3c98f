#include "node/net/json_log.hpp"

#include "node/base/json_writer.hpp"
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
        std::string line;
        base::JsonWriter{line}
            .begin_object()
            .member("time", base::iso8601(base::WallTime{since}))
            .member("level", std::string_view{level.data(), level.size()})
            .member("text", base::repair_utf8(text))
            .end_object();
        line += '\n';
        out.append(line.data(), line.data() + line.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> json_log_formatter() { return std::make_unique<JsonFormatter>(); }

}  // namespace davenport::node
