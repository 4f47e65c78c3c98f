#pragma once

#include "node/core/config.hpp"
#include "node/program/admin_command.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace davenport::node::program {

/// Everything that can be set about a node, as it was given; not yet looked at beyond its form.
struct Options {
    std::vector<std::string> stores{"http://127.0.0.1:5984/chat"};
    std::string store_password_file;
    std::string store_credentials;
    std::string store_ca;
    std::string name;
    std::string listen = "127.0.0.1:8080";
    std::vector<std::string> hosts;
    std::vector<std::string> origins;
    std::vector<std::string> trusted_proxies;
    std::string tls_cert, tls_key;
    std::string auth = "none";
    std::vector<std::string> auth_secret_files;
    std::vector<std::string> moderators;
    std::string moderator_role = "davenport-moderator";
    std::string presence = "on";
    std::string metrics;
    std::string journal = "chatnode.journal";
    std::string feed = "continuous";
    double poll_interval = 1.0;
    std::size_t batch = ChatConfig{}.bulk_documents_max;
    std::size_t page = ChatConfig{}.page_rows_max;
    std::size_t send_queue_bytes = ChatConfig{}.session_bytes_max;
    std::size_t message_bytes = ChatConfig{}.message_bytes_max;
    std::size_t posts_per_second = 20;
    std::size_t connections_per_address = 200;
    std::size_t outbox = ChatConfig{}.outbox_messages_max;
    std::string log_format = "plain";
    std::string log_level = "info";
    std::string port_file;
    bool check_config = false;
};

/// What chatnode was asked to do with a journal, instead of running.
struct JournalCommand {
    enum class Action { inspect, export_, forget, backup, restore } action;
    std::string file;        ///< the journal; of restore: the copy
    std::string older_than;  ///< "30d", "12h"
    std::string to{};        ///< of backup: the copy; of restore: the journal
};

/// What is to be erased from a chat's store, instead of running; not yet looked at beyond its form.
struct EraseCommand {
    std::string store = Options{}.stores.front();
    std::string store_password_file;
    std::string store_ca;
    std::string store_credentials;  ///< for a NATS server
    std::string user, room;
    std::vector<std::string> ids;
    std::string before;      ///< "2026-01-31"
    bool retention = false;  ///< what the rooms' settings say, in place of all these
    std::string by;
    std::uint64_t per_second = 2500;  ///< removals; 0: as fast as the store takes them
    bool dry_run = false;
    bool compact = true;
};

/// From which store into which a chat is copied, instead of running; not yet looked at beyond its form.
struct StoreCopyCommand {
    std::string from, to;  ///< as of --store
    std::string from_password_file, to_password_file;
    std::string ca, credentials;
    std::string journal = "store-copy.journal";
};

/// Which store's chat gets full ids from when on, instead of running; not yet looked at beyond its form.
struct StoreUpgradeCommand {
    std::string store;  ///< as of --store
    std::string store_password_file, store_ca, store_credentials;
    std::string in = "10m";
};

/// Which running node is asked how it is.
struct StatusCommand {
    std::string url = "http://127.0.0.1:8080";
    std::string ca_file;
};

struct CommandLine {
    Options options;
    std::optional<JournalCommand> journal;
    std::optional<EraseCommand> erase;
    std::optional<StatusCommand> status;
    std::optional<AdminCommand> admin;
    std::optional<StoreCopyCommand> store_copy;
    std::optional<StoreUpgradeCommand> store_upgrade;
    std::string settings;  ///< each setting, its value, and where it comes from: one a line
    std::map<std::string, std::string>
        places;                         ///< by an option's name without dashes: where its value comes from
    std::vector<std::string> mistakes;  ///< each with its place; options that have one keep their default
    std::vector<std::string> unknown_variables;  ///< DAVENPORT_... that no option reads, each with its remedy
};

inline constexpr int bad_usage = 64;

/// Reads the command line, then the environment (DAVENPORT_LISTEN for --listen; commas in a list), then the
/// file that --config names: what is said earlier in this list wins.
///
/// Values that are no good are collected in CommandLine::mistakes. Nothing is returned when the program is to
/// end with `exit_code`: after --help, or when the command line has an option that does not exist, told on
/// stderr.
std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code);

}  // namespace davenport::node::program
