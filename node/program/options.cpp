#include "node/program/options.hpp"

#include "node/base/closest.hpp"
#include "node/base/help_formatter.hpp"
#include "node/base/version.hpp"
#include "node/net/wire/http_server.hpp"
#include "node/program/admin_options.hpp"
#include "node/program/settings_file.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace davenport::node::program {
namespace {

/// Options that make sense on a command line only.
bool is_of_the_command_line(const std::string& name) {
    return name == "help" || name == "version" || name == "config" || name == "check-config";
}

void add_options(CLI::App& app, Options& o) {
    app.add_option(
           "--store", o.stores,
           "http://user:password@host:port/db of the CouchDB that all nodes share; repeat it for a "
           "replica that is used while the one before does not answer. Or a NATS server with JetStream: "
           "nats://user:password@host:4222,host2:4222/chat, or tls://")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->capture_default_str();
    app.add_option("--store-password-file", o.store_password_file,
                   "file whose first line is the store's password; or set DAVENPORT_STORE_PASSWORD");
    app.add_option("--store-credentials", o.store_credentials,
                   "credentials file (.creds) that a NATS server is shown in place of user and password");
    app.add_option(
        "--store-ca", o.store_ca,
        "PEM file of the authority that signed the certificate of an https or tls store; default: the "
        "system's");
    app.add_option("--name", o.name, "the node's name, which its messages bear as their host");
    app.add_option("--listen", o.listen, "host:port for clients; port 0 takes a free one")
        ->capture_default_str();
    app.add_option(
           "--host", o.hosts,
           "name that clients reach this node by; repeatable; default: any name, and on a loopback address "
           "only this machine's")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option(
           "--origin", o.origins,
           "https://chat.example: origin whose pages may use this node, for a proxy that does not pass the "
           "Host header on; repeatable")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option(
           "--trusted-proxy", o.trusted_proxies,
           "10.0.0.0/8 or an address: proxies whose word on a client's address and https is taken "
           "(X-Forwarded-For, X-Forwarded-Proto, Forwarded, PROXY protocol); repeatable; default: none")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option("--tls-cert", o.tls_cert,
                   "PEM file with the certificate and its chain: clients then use https");
    app.add_option("--tls-key", o.tls_key,
                   "PEM file with the certificate's private key; default: the file of --tls-cert");
    app.add_option(
           "--auth", o.auth,
           "none: anybody may take part, under any name; couchdb: people sign in with their CouchDB account")
        ->check(CLI::IsMember({"none", "couchdb"}))
        ->capture_default_str();
    app.add_option(
           "--auth-secret-file", o.auth_secret_files,
           "file with the secret of at least 32 bytes that signs sign-ins, the same for all nodes; "
           "repeatable: the first signs, all are believed; default: keys that the nodes make and share "
           "in the store")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option(
           "--moderators", o.moderators,
           "NAME,...: accounts that may remove what others said, with --auth couchdb; the same at all "
           "nodes")
        ->delimiter(',');
    app.add_option("--moderator-role", o.moderator_role,
                   "role in the store's _users whose bearers may moderate too; empty: none")
        ->capture_default_str();
    app.add_option("--presence", o.presence,
                   "on: people see who is present, on all nodes; off: presence is neither shown nor stored")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    app.add_option("--metrics", o.metrics, "host:port where Prometheus reads /metrics; default: not served");
    app.add_option("--journal", o.journal, "the node's own file; two nodes must not share one")
        ->capture_default_str();
    app.add_option("--feed", o.feed,
                   "how the store's changes are read: continuous, longpoll, or poll (slowest)")
        ->check(CLI::IsMember({"continuous", "longpoll", "poll"}))
        ->capture_default_str();
    app.add_option("--poll-interval", o.poll_interval, "seconds between two polls")
        ->check(CLI::Range(0.01, 3600.0))
        ->capture_default_str();
    app.add_option("--batch", o.batch, "most messages in one write request to the store")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--page", o.page, "most rows in one read from the store or the journal")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option(
           "--send-queue-bytes", o.send_queue_bytes,
           "most bytes queued for one client; one that falls further behind is cut off and resumes when it "
           "reconnects")
        ->check(CLI::Range(1024, 1 << 30))
        ->capture_default_str();
    app.add_option("--outbox-bytes", o.send_queue_bytes)  // its old name
        ->check(CLI::Range(1024, 1 << 30))
        ->group("");
    app.add_option("--message-bytes", o.message_bytes, "most bytes of a message's text")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    app.add_option("--posts-per-second", o.posts_per_second,
                   "most posts per second of one client, twice as many in a burst; 0: no limit")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option(
           "--connections-per-address", o.connections_per_address,
           "most connections from one address; those from this machine are not counted, because a proxy may "
           "run here; 0: no limit")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--outbox", o.outbox, "most messages that wait for the store; then posts are refused")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
        ->capture_default_str();
    app.add_option("--log-format", o.log_format, "plain or json")
        ->check(CLI::IsMember({"plain", "json"}))
        ->capture_default_str();
    app.add_option("--log-level", o.log_level, "trace, debug, info, warning, error, off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
    app.add_option("--port-file", o.port_file, "file that the port is written to once the node listens");
}

/// CLI11 takes 010 for eight and 0x10 for sixteen.
std::string decimal_mistake(const std::string& text) {
    const auto digits = std::string_view{text}.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
    const bool other = digits.size() > 1 && digits[0] == '0' && digits[1] != '.';
    return other ? text + " is not a decimal number: leave out the 0 at its beginning" : std::string{};
}

void take_decimals_alone(CLI::App& app) {
    for (const auto* name :
         {"--poll-interval", "--batch", "--page", "--send-queue-bytes", "--outbox-bytes", "--message-bytes",
          "--posts-per-second", "--connections-per-address", "--outbox"})
        app.get_option(name)->check(decimal_mistake);
}

constexpr base::Shown shown[] = {
    {"--store", "Store", "URL"},
    {"--store-password-file", "Store", "FILE"},
    {"--store-credentials", "Store", "FILE"},
    {"--store-ca", "Store", "FILE"},
    {"--feed", "Store", "WAY"},
    {"--poll-interval", "Store", "SECONDS"},
    {"--batch", "Store", "MESSAGES"},
    {"--page", "Store", "ROWS"},
    {"--name", "Node", "NAME"},
    {"--journal", "Node", "FILE"},
    {"--listen", "Clients", "HOST:PORT"},
    {"--host", "Clients", "NAME"},
    {"--origin", "Clients", "URL"},
    {"--trusted-proxy", "Clients", "ADDRESS[/BITS]"},
    {"--tls-cert", "Clients", "FILE"},
    {"--tls-key", "Clients", "FILE"},
    {"--presence", "Clients", "WHETHER"},
    {"--auth", "People", "WAY"},
    {"--auth-secret-file", "People", "FILE"},
    {"--moderators", "People", "NAME,..."},
    {"--moderator-role", "People", "ROLE"},
    {"--message-bytes", "Limits", "BYTES"},
    {"--posts-per-second", "Limits", "POSTS"},
    {"--send-queue-bytes", "Limits", "BYTES"},
    {"--connections-per-address", "Limits", "CONNECTIONS"},
    {"--outbox", "Limits", "MESSAGES"},
    {"--metrics", "Operation", "HOST:PORT"},
    {"--log-level", "Operation", "LEVEL"},
    {"--log-format", "Operation", "FORMAT"},
    {"--port-file", "Operation", "FILE"},
    {"--config", "Operation", "FILE"},
    {"--check-config", "Operation", ""},
};

constexpr const char* examples = R"(
Examples:
  chatnode --store http://admin:secret@127.0.0.1:5984/chat
      one node at http://127.0.0.1:8080, for this machine's browsers
  chatnode --config /etc/davenport/chatnode.yaml --check-config
      what is wrong in a file, or where each setting comes from
  DAVENPORT_STORE_PASSWORD=secret chatnode --store http://admin@db.example:5984/chat \
      --listen 0.0.0.0:8443 --tls-cert chat.pem --auth couchdb
      a node with TLS, for people with accounts
Every setting can stand in the file of --config (listen: 0.0.0.0:8080) and in the environment
(DAVENPORT_LISTEN) as well. More: man chatnode, and OPERATING.md.)";

void add_journal_commands(CLI::App& app, std::optional<JournalCommand>& command) {
    auto* journal =
        app.add_subcommand("journal", "inspect, export, shrink, back up or restore a node's journal");
    journal->require_subcommand(1);
    const auto add = [&](const char* name, JournalCommand::Action action, const char* about,
                         const char* more) {
        auto given = std::make_shared<JournalCommand>(JournalCommand{action, {}, {}});
        auto* sub = journal->add_subcommand(name, about);
        sub->add_option("file", given->file, "the journal")->required();
        if (action == JournalCommand::Action::forget)
            sub->add_option("--older-than", given->older_than, "an age of at least 48h, as 30d, 72h or 9000m")
                ->required()
                ->type_name("AGE");
        sub->footer(more);
        sub->callback([&command, given] { command = *given; });
    };
    add("inspect", JournalCommand::Action::inspect, "print a summary",
        "It may be asked while the node runs: what waits for the store, how large it is, and its rooms.\n"
        "Example: chatnode journal inspect /var/lib/davenport/chat.journal");
    add("export", JournalCommand::Action::export_,
        "print all messages as JSON, one per line, in order of arrival",
        "Each line is the message's CouchDB document.\n"
        "Example: chatnode journal export chat.journal | gzip >chat.jsonl.gz");
    add("forget", JournalCommand::Action::forget,
        "remove the texts of old messages that the store has; the node must be stopped",
        "The messages' ids stay, so none comes back, and none is taken twice.\n"
        "Example: chatnode journal forget /var/lib/davenport/chat.journal --older-than 365d");
    const auto add_copy = [&](const char* name, JournalCommand::Action action, const char* about) {
        auto given = std::make_shared<JournalCommand>(JournalCommand{action, {}, {}, {}});
        auto* sub = journal->add_subcommand(name, about);
        sub->callback([&command, given] { command = *given; });
        return std::pair{sub, given};
    };
    const char* named = std::getenv("DAVENPORT_JOURNAL");
    const std::string usual = named && *named ? named : Options{}.journal;
    const auto [backup, from] = add_copy("backup", JournalCommand::Action::backup,
                                         "copy the whole journal, also while its node runs");
    from->file = usual;
    backup->add_option("file,--journal", from->file, "the journal")->capture_default_str();
    backup->add_option("--to", from->to, "the copy, a file that is not there yet")
        ->required()
        ->type_name("FILE");
    backup->get_option("--journal")->type_name("FILE");
    backup->footer(
        "Never copy the file by other means: a copy without its -wal file lacks what was written last.\n"
        "Example: chatnode journal backup /var/lib/davenport/chat.journal --to /backup/chat.journal");
    const auto [restore, copy] = add_copy("restore", JournalCommand::Action::restore,
                                          "put a copy back as a node's journal; the node must be stopped");
    copy->to = usual;
    restore->add_option("file", copy->file, "the copy that `journal backup` made")->required();
    restore->add_option("--journal", copy->to, "the journal that it becomes")
        ->capture_default_str()
        ->type_name("FILE");
    restore->footer(
        "The journal that was there is kept beside it.\n"
        "Example: chatnode journal restore /backup/chat.journal --journal "
        "/var/lib/davenport/chat.journal");
    journal->footer("Two processes never share a journal: what changes one needs its node stopped.");
}

/// What the environment says of the store, without the replicas that only a node that runs has a use for.
std::string store_of_environment() {
    const char* named = std::getenv("DAVENPORT_STORE");
    if (!named || !*named) return Options{}.stores.front();
    const std::string_view all{named};
    return std::string{all.substr(0, all.find(','))};
}

void add_erase_command(CLI::App& app, std::optional<EraseCommand>& command) {
    auto given = std::make_shared<EraseCommand>();
    auto* erase = app.add_subcommand(
        "erase", "remove messages from the store and from every node for good, while people chat on");
    given->store = store_of_environment();
    erase
        ->add_option("--store", given->store,
                     "http://user:password@host:port/db of the chat, or "
                     "nats://user:password@host:4222/stream")
        ->type_name("URL");
    erase
        ->add_option("--store-password-file", given->store_password_file,
                     "file whose first line is the store's password; or set DAVENPORT_STORE_PASSWORD")
        ->type_name("FILE");
    erase
        ->add_option("--store-ca", given->store_ca,
                     "PEM file of the authority that signed the certificate of an https store")
        ->type_name("FILE");
    erase
        ->add_option("--store-credentials", given->store_credentials,
                     "file with the JWT and the key that a NATS server is shown")
        ->type_name("FILE");
    erase->add_option("--user", given->user, "all that this person said")->type_name("NAME");
    erase->add_option("--room", given->room, "all that was said in this room")->type_name("NAME");
    erase->add_option("--id", given->ids, "the message with this _id; repeatable")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("ID");
    erase
        ->add_option("--before", given->before,
                     "all that was said before, as 2026-01-31 or "
                     "2026-01-31T12:00:00Z")
        ->type_name("DATE");
    erase
        ->add_flag(
            "--retention", given->retention,
            "in every room, what is older than its `retention_days`, which nodes do by themselves; and the "
            "store, a CouchDB, is compacted")
        ->excludes("--user")
        ->excludes("--room")
        ->excludes("--id")
        ->excludes("--before");
    erase
        ->add_option("--by", given->by,
                     "who people see as having removed it; default: nobody, and retention with --retention")
        ->type_name("NAME");
    erase
        ->add_option("--per-second", given->per_second,
                     "most removals per second, so that people who chat meanwhile do not wait; 0: no limit")
        ->check(CLI::Range(0, 1'000'000))
        ->type_name("MESSAGES")
        ->capture_default_str();
    erase->add_flag("--dry-run", given->dry_run, "counts what would be erased, and changes nothing");
    erase->add_flag_callback(
        "--no-compact", [given] { given->compact = false; },
        "leaves compacting the database to you; until then its file keeps the texts");
    erase->footer(
        "Examples:\n"
        "  chatnode erase --store http://admin:secret@127.0.0.1:5984/chat --user anna --dry-run\n"
        "  chatnode erase --room lab --before 2026-01-31 --by 'the office'\n"
        "What is given must all hold: --user anna --room lab is what anna said in lab.\n"
        "A node that is away takes the texts out of its journal when it is back. What a node accepted and "
        "the\n"
        "store does not have yet is not found: run this again when davenport_backlog_messages is 0 "
        "everywhere.");
    erase->callback([&command, given] { command = *given; });
}

void add_upgrade_command(CLI::App& store, std::optional<StoreUpgradeCommand>& command) {
    auto given = std::make_shared<StoreUpgradeCommand>();
    auto* upgrade = store.add_subcommand(
        "upgrade", "give messages ids of 128 bits of hash, when all nodes of the chat are of this version");
    upgrade->add_option("store", given->store, "where the chat's store is, as of --store")
        ->required()
        ->type_name("URL");
    upgrade
        ->add_option("--in", given->in,
                     "from when on; until then every node must reach the store for some seconds")
        ->type_name("SPAN")
        ->capture_default_str();
    upgrade
        ->add_option("--store-password-file", given->store_password_file,
                     "file whose first line is the store's password; or set DAVENPORT_STORE_PASSWORD")
        ->type_name("FILE");
    upgrade
        ->add_option("--store-ca", given->store_ca,
                     "PEM file of the authority that signed the store's certificate")
        ->type_name("FILE");
    upgrade
        ->add_option("--store-credentials", given->store_credentials,
                     "credentials file (.creds) for a NATS server")
        ->type_name("FILE");
    upgrade->footer(
        "A chat that began with this version needs none of it. Nodes of version 0.1 refuse the store "
        "afterwards,\n"
        "and keep what they accepted until they are upgraded. There is no way back.\n"
        "Example: chatnode store upgrade http://admin:secret@127.0.0.1:5984/chat --in 10m");
    upgrade->callback([&command, given] { command = *given; });
}

void add_store_commands(CLI::App& app, std::optional<StoreCopyCommand>& command,
                        std::optional<StoreUpgradeCommand>& upgrade) {
    auto* store = app.add_subcommand("store", "copy a chat from one store to another, or upgrade it");
    store->require_subcommand(1);
    add_upgrade_command(*store, upgrade);
    auto given = std::make_shared<StoreCopyCommand>();
    auto* copy =
        store->add_subcommand("copy", "bring a chat into another store, of any kind, while people chat");
    store->footer("A store is a CouchDB database or a NATS server's stream, as --store of a node names it.");
    copy->add_option("from", given->from, "the URL of the store that has it, as of --store")->required();
    copy->add_option("to", given->to, "the URL of the store that is to have it too")->required();
    copy->add_option("--from-password-file", given->from_password_file,
                     "file whose first line is the first store's password; or set DAVENPORT_STORE_PASSWORD")
        ->type_name("FILE");
    copy->add_option("--to-password-file", given->to_password_file, "the same of the second store")
        ->type_name("FILE");
    copy->add_option("--store-ca", given->ca,
                     "PEM file of the authority that signed the stores' certificates")
        ->type_name("FILE");
    copy->add_option("--store-credentials", given->credentials, "credentials file (.creds) for a NATS server")
        ->type_name("FILE");
    copy->add_option("--journal", given->journal,
                     "file that keeps what was read: the same command goes on from there")
        ->type_name("FILE")
        ->capture_default_str();
    copy->footer(
        "Messages, their changes, bans and rooms' settings are copied; who is signed in is not. Run it again "
        "for\n"
        "what was said meanwhile, then give the nodes the new store: what is missing there they bring "
        "themselves.\n"
        "What the second store has and the first has not is written to the first when this is run again.\n"
        "Example: chatnode store copy http://admin:secret@127.0.0.1:5984/chat nats://127.0.0.1:4222/chat");
    copy->callback([&command, given] { command = *given; });
}

void add_status_command(CLI::App& app, std::optional<StatusCommand>& command) {
    auto given = std::make_shared<StatusCommand>();
    auto* status = app.add_subcommand("status", "ask a running node how it is");
    status->add_option("url", given->url, "where the node listens, as https://chat.example:8443")
        ->type_name("URL")
        ->capture_default_str();
    status->add_option("--ca", given->ca_file, "PEM file of the authority that signed the node's certificate")
        ->type_name("FILE");
    status->footer(
        "Example: chatnode status https://chat.example:8443 --ca authority.pem\nExit code: 0 when the node "
        "takes posts, 1 when it takes none, 2 when none answers.");
    status->callback([&command, given] { command = *given; });
}

constexpr std::string_view prefix = "DAVENPORT_";

std::string variable_of(const std::string& name) {
    std::string out{prefix};
    for (const char c : name)
        out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

/// Fills in what the command line did not say, and notes where each setting comes from.
class Sources {
public:
    Sources(CLI::App& app, const std::string& config) {
        for (auto* option : app.get_options())
            if (const auto name = option->get_single_name(); !is_of_the_command_line(name))
                known_.push_back(name);
        if (!config.empty()) {
            file_ = read_settings_file(config, known_);
            mistakes_ = file_.mistakes;
        }
        for (const auto& name : known_) settle(*app.get_option("--" + name), name);
    }

    [[nodiscard]] const std::vector<std::string>& mistakes() const { return mistakes_; }
    [[nodiscard]] const std::string& told() const { return told_; }
    /// By an option's name: where its value comes from.
    [[nodiscard]] const std::map<std::string, std::string>& places() const { return places_; }

    /// What the environment has for this program that no option reads.
    [[nodiscard]] std::vector<std::string> unknown_variables() const {
        std::vector<std::string> variables{"DAVENPORT_CONFIG", "DAVENPORT_STORE_PASSWORD"};
        for (const auto& name : known_) variables.push_back(variable_of(name));
        const std::vector<std::string_view> views{variables.begin(), variables.end()};
        std::vector<std::string> out;
        for (char** entry = environ; *entry; ++entry) {
            const std::string_view text{*entry};
            const auto name = text.substr(0, text.find('='));
            if (!name.starts_with(prefix) || std::ranges::find(views, name) != views.end()) continue;
            const auto rest = name.substr(prefix.size());
            // What an orchestrator sets for a service of this name.
            if (rest.starts_with("SERVICE_") || rest == "PORT" || rest.starts_with("PORT_8")) continue;
            const auto near = base::closest(name, views);
            out.push_back(fmt::format(
                "the environment's {}: no setting reads it{}", name,
                near.empty() ? "; chatnode --help lists all" : fmt::format("; did you mean {}?", near)));
        }
        std::ranges::sort(out);
        return out;
    }

private:
    void settle(CLI::Option& option, const std::string& name) {
        std::string from = "default";
        const char* variable = std::getenv(variable_of(name).c_str());
        if (option.count() > 0) {
            from = "command line";
        } else if (variable && *variable) {
            from = variable_of(name);
            set(option, is_list(option) ? split(variable) : std::vector<std::string>{variable}, from);
        } else if (const auto found = file_.settings.find(name); found != file_.settings.end()) {
            from = found->second.place;
            set(option, found->second.values, from);
        }
        auto values =
            option.count() > 0 ? option.results() : std::vector<std::string>{option.get_default_str()};
        for (auto& value : values) {
            if (value.starts_with('[') && value.ends_with(']'))
                value = value.substr(1, value.size() - 2);  // a list's default
            value = wire::hide_password(value);
        }
        places_[name] = from;
        told_ += fmt::format("{:24} {:40} ({})\n", name, fmt::format("{}", fmt::join(values, ", ")), from);
    }

    void set(CLI::Option& option, const std::vector<std::string>& values, const std::string& from) {
        try {
            if (values.size() > 1 && !is_list(option))
                throw CLI::ValidationError(option.get_name(), "takes one value");
            if (values.empty()) throw CLI::ValidationError(option.get_name(), "has no value");
            for (const auto& value : values) option.add_result(value);
            option.run_callback();
        } catch (const CLI::Error& error) {
            mistakes_.push_back(fmt::format("{}: {}", from, error.what()));
            option.clear();
        }
    }

    /// A list in the environment has commas.
    static std::vector<std::string> split(const std::string& text) {
        std::vector<std::string> out;
        for (std::size_t at = 0; at <= text.size();) {
            const auto comma = std::min(text.find(',', at), text.size());
            out.push_back(text.substr(at, comma - at));
            at = comma + 1;
        }
        return out;
    }

    static bool is_list(const CLI::Option& option) {
        return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    }

    std::vector<std::string> known_;
    SettingsFile file_;
    std::vector<std::string> mistakes_;
    std::string told_;
    std::map<std::string, std::string> places_;
};

/// The option whose value `error` is about; null when it is about none.
const CLI::Option* option_of(const CLI::App& app, const CLI::ParseError& error) {
    const std::string text = error.what();
    const CLI::Option* found = nullptr;
    for (const auto* option : app.get_options()) {
        const auto name = option->get_name();
        if (text.starts_with(name + ':') || text.find(": " + name + " =") != std::string::npos)
            found = option;
    }
    return found;
}

/// Without `name` and its values: "--name value" and "--name=value".
std::vector<std::string> without(std::vector<std::string> arguments, const std::string& name) {
    for (std::size_t i = 0; i < arguments.size();) {
        const bool alone = arguments[i] == name;
        if (!alone && !arguments[i].starts_with(name + '=')) {
            ++i;
            continue;
        }
        const auto from = arguments.begin() + static_cast<std::ptrdiff_t>(i);
        arguments.erase(from, from + (alone && i + 1 < arguments.size() ? 2 : 1));
    }
    return arguments;
}

/// CLI11 stops at the first value that is no good: notes it and parses again without that option.
void parse(CLI::App& app, std::vector<std::string> arguments, std::vector<std::string>& mistakes) {
    for (;;) {
        try {
            return app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
        } catch (const CLI::ParseError& error) {
            const auto* option = option_of(app, error);
            auto fewer = option ? without(arguments, option->get_name()) : arguments;
            if (fewer.size() == arguments.size()) throw;
            mistakes.push_back(error.what());
            arguments = std::move(fewer);
        }
    }
}

}  // namespace

std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code) {
    CommandLine out;
    CLI::App app{
        "A chat node: serves browsers, shares messages through CouchDB, and keeps working while CouchDB is "
        "down."};
    app.name("chatnode");
    app.formatter(std::make_shared<base::HelpFormatter>());
    std::string config;
    add_options(app, out.options);
    take_decimals_alone(app);
    app.add_option("--config", config,
                   "YAML file with any of these settings, as 'listen: 0.0.0.0:8080'; the environment "
                   "(DAVENPORT_LISTEN) overrides it, and the command line overrides both");
    app.add_flag("--check-config", out.options.check_config,
                 "reports every mistake in the configuration, or where each setting comes from, and exits");
    app.set_version_flag("--version", std::string{base::version()});
    base::arrange_help(app, shown);
    add_journal_commands(app, out.journal);
    add_erase_command(app, out.erase);
    add_admin_commands(app, out.admin, store_of_environment());
    add_status_command(app, out.status);
    add_store_commands(app, out.store_copy, out.store_upgrade);
    app.footer(examples);  // after the subcommands, which would take it over
    try {
        const auto arguments = spell_out_roles({argv + 1, argv + argc});
        if (auto mistake = admin_mistake(app, arguments); !mistake.empty())
            throw std::invalid_argument(std::move(mistake));
        parse(app, arguments, out.mistakes);
    } catch (const CLI::ParseError& error) {
        for (const auto& mistake : out.mistakes)
            std::fputs(fmt::format("chatnode: {}\n", mistake).c_str(), stderr);
        exit_code = app.exit(error) == 0 ? 0 : bad_usage;
        return std::nullopt;
    }
    if (out.journal || out.erase || out.admin || out.status || out.store_copy || out.store_upgrade)
        return out;  // these are settings of a node that runs
    if (const char* named = std::getenv("DAVENPORT_CONFIG"); config.empty() && named) config = named;
    const Sources sources{app, config};
    out.mistakes.insert(out.mistakes.end(), sources.mistakes().begin(), sources.mistakes().end());
    out.settings = sources.told();
    out.places = sources.places();
    out.unknown_variables = sources.unknown_variables();
    return out;
}

}  // namespace davenport::node::program
