#include "node/program/store_copy.hpp"

#include "node/net/wire/process.hpp"
#include "node/program/store_visit.hpp"

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace davenport::node::program {

int perform(const StoreCopyCommand& command) {
    if (command.from == command.to)
        throw std::invalid_argument(
            "both URLs name the same store: give the one to read from and the one to fill");
    wire::raise_descriptor_limit();
    watch_signals();
    const auto config_of = [&](const std::string& url, const std::string& password_file) {
        return visit_config(
            {url, password_file, command.ca, command.credentials, command.journal, "store copy"});
    };
    auto from = config_of(command.from, command.from_password_file);
    auto to = config_of(command.to, command.to_password_file);
    std::fputs(fmt::format("reading {}\n", url_of(from)).c_str(), stderr);
    const auto has_read = [](const NodeCounts& counts) {
        return counts.store_up && counts.caught_up && !counts.catching_up && counts.unsettled == 0;
    };
    const auto read = run_visit(std::move(from), has_read, [](const NodeCounts& counts) {
        if (!counts.store_up) return std::string{"waiting for the store"};
        if (counts.catch_up_total > 0)
            return fmt::format("read {} of {} documents", counts.catch_up_read, counts.catch_up_total);
        return fmt::format("read {} messages that were new here", counts.rows_new);
    });
    if (read && !interrupted()) {
        std::fputs(fmt::format("writing {}\n", url_of(to)).c_str(), stderr);
        const auto written = run_visit(
            std::move(to), [&](const NodeCounts& counts) { return has_read(counts) && counts.backlog == 0; },
            [](const NodeCounts& counts) {
                if (!counts.store_up) return std::string{"waiting for the store"};
                return fmt::format("{} messages are there, {} wait, and {} bans and rooms",
                                   counts.posts_stored, counts.backlog, counts.unsettled);
            });
        if (written && written->posts_failed > 0) {
            std::fputs(
                fmt::format("{} messages were refused by the store that is filled, each for the reason "
                            "above; all others are there\n",
                            written->posts_failed)
                    .c_str(),
                stderr);
            return 1;
        }
        if (written) {
            std::fputs("done; run it again for what is said meanwhile, then give the nodes the new store\n",
                       stderr);
            return 0;
        }
    }
    std::fputs("interrupted; the same command goes on where it stopped\n", stderr);
    return 1;
}

}  // namespace davenport::node::program
