#include "node/program/status_tool.hpp"

#include "node/base/json_view.hpp"
#include "node/base/text.hpp"
#include "node/net/wire/http_server.hpp"
#include "node/program/asker.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace davenport::node::program {
namespace {

constexpr auto status_within = std::chrono::seconds{5};

/// What each status means to who runs the node.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> meanings{{
    {"ok", "takes posts, and shares them with all"},
    {"degraded", "takes posts, and keeps them until the store is back"},
    {"catching_up", "takes posts, and reads what the store had before it"},
    {"draining", "is about to end, and takes no posts"},
    {"read-only", "takes no posts: its disk is full or gone"},
    {"clock-off", "takes no posts: its clock is more than 30 s off the store's"},
}};

}  // namespace

std::string tell_readiness(std::string_view body) {
    base::JsonReader reader;
    const auto answer = reader.read(body);
    const auto status = answer ? base::string_member(*answer, "status") : std::nullopt;
    if (!status) return {};
    std::string_view meaning;
    for (const auto& [name, words] : meanings)
        if (name == *status) meaning = words;
    auto out = fmt::format("status    {}{}{}\n", base::one_printable_line(*status),
                           meaning.empty() ? "" : ": ", meaning);
    const auto to = std::back_inserter(out);
    if (const auto store = base::string_member(*answer, "store"))
        fmt::format_to(to, "store     {}\n", base::one_printable_line(*store));
    if (const auto journal = base::string_member(*answer, "journal"))
        fmt::format_to(to, "journal   {}\n", base::one_printable_line(*journal));
    if (const auto backlog = base::int_member(*answer, "backlog"))
        fmt::format_to(to, "backlog   {} messages wait for the store\n", *backlog);
    if (const auto ahead = base::int_member(*answer, "clock_ahead_ms"))
        fmt::format_to(to, "clock     {} ms {} the store's\n", *ahead < 0 ? -*ahead : *ahead,
                       *ahead < 0 ? "behind" : "ahead of");
    if (const auto catching_up = answer->member("catching_up"))
        fmt::format_to(to, "read      {} of {} documents\n",
                       base::int_member(*catching_up, "read").value_or(0),
                       base::int_member(*catching_up, "of").value_or(0));
    return out;
}

int perform(const StatusCommand& command) {
    const auto server = wire::parse_http_server(command.url);
    const auto answered = Asker{server, command.ca_file}.ask({"GET", "/readyz", {}, {}}, status_within);
    const auto told = answered.response ? tell_readiness(answered.response->body) : std::string{};
    if (told.empty()) {
        const auto trouble =
            answered.response ? fmt::format("status {}, which is no chat node's", answered.response->status)
                              : base::one_printable_line(answered.trouble);
        fmt::print(stderr, "chatnode: no node answers at {}: {}\n", server.url(), trouble);
        return 2;
    }
    fmt::print("node      {}\n{}", server.url(), told);
    return answered.response->status == 200 ? 0 : 1;
}

}  // namespace davenport::node::program
