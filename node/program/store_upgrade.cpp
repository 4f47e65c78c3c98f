#include "node/program/store_upgrade.hpp"

#include "node/base/message_id.hpp"
#include "node/base/time.hpp"
#include "node/net/wire/loop.hpp"
#include "node/program/admin_output.hpp"
#include "node/program/store_visit.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace davenport::node::program {
namespace {

/// What the visiting node needs only while it runs.
class ScratchFolder {
public:
    ScratchFolder() {
        auto name = (std::filesystem::temp_directory_path() / "chatnode-upgrade-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("no folder can be made in the system's temporary one: set TMPDIR");
        path_ = name;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace

int perform(const StoreUpgradeCommand& command) {
    const auto seconds = read_span("--in", command.in);
    watch_signals();
    const ScratchFolder folder;
    auto config = visit_config({command.store, command.store_password_file, command.store_ca,
                                command.store_credentials, folder.file("journal"), "store upgrade"});
    config.core.full_ids_from = base::unix_ms(wire::Loop::now().wall) + seconds * 1000;
    std::fputs(fmt::format("upgrading {}\n", url_of(config)).c_str(), stderr);
    const auto done = run_visit(
        std::move(config), [](const NodeCounts& counts) { return counts.store_up; },
        [](const NodeCounts& counts) {
            return std::string{counts.store_up ? "the store has it" : "waiting for the store"};
        });
    if (!done) {
        std::fputs("interrupted; nothing is sure: run it again\n", stderr);
        return 1;
    }
    fmt::print("the chat is of version 2; {}\n",
               done->full_ids_from == base::full_ids_always
                   ? std::string{"it was so from its beginning"}
                   : "what is said from " + base::iso8601(base::wall_from_unix_ms(done->full_ids_from)) +
                         " on has full ids");
    return 0;
}

}  // namespace davenport::node::program
