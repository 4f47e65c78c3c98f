#include "node/program/options.hpp"

#include "node/program/settings_file.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node::program {
namespace {

/// Options that make sense on a command line only.
bool is_of_the_command_line(const std::string& name) {
    return name == "help" || name == "version" || name == "config" || name == "check-config";
}

void add_options(CLI::App& app, Options& o) {
    app.add_option(
           "--store", o.stores,
           "http://user:password@host:port/db of the CouchDB that all nodes share; given several times: "
           "the next is used while one does not answer")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->capture_default_str();
    app.add_option("--store-password-file", o.store_password_file,
                   "file with the password; or set DAVENPORT_STORE_PASSWORD");
    app.add_option("--store-ca", o.store_ca,
                   "PEM file of the authority that signed an https store, if the system does not know it");
    app.add_option("--name", o.name, "written into messages as their host");
    app.add_option("--listen", o.listen, "host:port for clients; port 0 takes a free one")
        ->capture_default_str();
    app.add_option("--host", o.hosts,
                   "names that this node is reached by; without it: any, or on loopback only this machine's")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option("--tls-cert", o.tls_cert,
                   "PEM file with the certificate (and its chain) to show clients: https");
    app.add_option("--tls-key", o.tls_key, "PEM file with its private key");
    app.add_option("--auth", o.auth,
                   "who may take part: none (anybody, under any name) or couchdb (people sign in "
                   "with their CouchDB account)")
        ->check(CLI::IsMember({"none", "couchdb"}))
        ->capture_default_str();
    app.add_option(
        "--auth-secret-file", o.auth_secret_file,
        "what sign-ins are signed with, the same for all nodes; without it: made from the store's password");
    app.add_option("--presence", o.presence,
                   "on: people see who is there, on all nodes; off: nobody is told, and nothing of it is in "
                   "the store")
        ->check(CLI::IsMember({"on", "off"}))
        ->capture_default_str();
    app.add_option("--metrics", o.metrics,
                   "host:port at which Prometheus finds /metrics; without it: nowhere");
    app.add_option("--journal", o.journal, "the node's own file; no two nodes share one")
        ->capture_default_str();
    app.add_option("--feed", o.feed,
                   "how to learn of others' messages: continuous, longpoll, or poll (the slow way)")
        ->check(CLI::IsMember({"continuous", "longpoll", "poll"}))
        ->capture_default_str();
    app.add_option("--poll-interval", o.poll_interval, "seconds between two polls")
        ->check(CLI::Range(0.01, 3600.0))
        ->capture_default_str();
    app.add_option("--batch", o.batch, "messages that are sent to the store in one request, at most")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--page", o.page, "rows that are read at once from the store or the journal, at most")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--send-queue-bytes", o.send_queue_bytes,
                   "that wait for one client, at most: who falls further behind is cut off, and resumes when "
                   "it comes back")
        ->check(CLI::Range(1024, 1 << 30))
        ->capture_default_str();
    app.add_option("--outbox-bytes", o.send_queue_bytes)  // its name of old
        ->check(CLI::Range(1024, 1 << 30))
        ->group("");
    app.add_option("--message-bytes", o.message_bytes, "of a message's text, at most")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    app.add_option("--posts-per-second", o.posts_per_second,
                   "of one client, in the long run; twice as many at once; 0 for no bound")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--connections-per-address", o.connections_per_address,
                   "of clients elsewhere (this machine's own are not counted: a proxy may stand there); 0 "
                   "for no bound")
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--outbox", o.outbox, "messages that may wait for the store; then posts are refused")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
        ->capture_default_str();
    app.add_option("--log-format", o.log_format, "plain or json")
        ->check(CLI::IsMember({"plain", "json"}))
        ->capture_default_str();
    app.add_option("--log-level", o.log_level, "trace, debug, info, warning, error, off")
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
    app.add_option("--port-file", o.port_file, "is written with the port once it listens");
}

void add_journal_commands(CLI::App& app, std::optional<JournalCommand>& command) {
    auto* journal = app.add_subcommand("journal", "look into a node's journal, or make it smaller");
    journal->require_subcommand(1);
    const auto add = [&](const char* name, JournalCommand::What what, const char* about) {
        auto given = std::make_shared<JournalCommand>(JournalCommand{what, {}, {}});
        auto* sub = journal->add_subcommand(name, about);
        sub->add_option("file", given->file, "the journal")->required();
        if (what == JournalCommand::What::forget)
            sub->add_option("--older-than", given->older_than, "a time as 30d, 12h or 90m")->required();
        sub->callback([&command, given] { command = *given; });
    };
    add("inspect", JournalCommand::What::inspect, "what is in it");
    add("export", JournalCommand::What::export_, "all its messages as JSON, one a line, in order of arrival");
    add("forget", JournalCommand::What::forget,
        "forgets the texts of old messages that the store has; the node must not run");
}

std::string variable_of(const std::string& name) {
    std::string out = "DAVENPORT_";
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
            value = hide_password(value);
        }
        told_ += fmt::format("{:24} {:40} ({})\n", name, fmt::format("{}", fmt::join(values, ", ")), from);
    }

    void set(CLI::Option& option, const std::vector<std::string>& values, const std::string& from) {
        try {
            if (values.size() > 1 && !is_list(option))
                throw CLI::ValidationError(option.get_name(), "takes one value");
            for (const auto& value : values) option.add_result(value);
            option.run_callback();
        } catch (const CLI::Error& error) {
            mistakes_.push_back(fmt::format("{}: {}", from, error.what()));
        }
    }

    /// "http://user:...@host": what is printed may be pasted elsewhere.
    static std::string hide_password(const std::string& url) {
        const auto scheme = url.find("://");
        if (scheme == std::string::npos) return url;
        const auto at = url.rfind('@', url.find('/', scheme + 3));
        const auto colon = url.find(':', scheme + 3);
        return at == std::string::npos || colon > at ? url
                                                     : url.substr(0, colon + 1) + "..." + url.substr(at);
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
};

}  // namespace

std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code) {
    CommandLine out;
    CLI::App app{
        "A chat node: browsers talk to it, it talks to CouchDB, and it goes on when CouchDB is gone."};
    std::string config;
    add_options(app, out.options);
    app.add_option("--config", config,
                   "YAML file with any of these settings: 'listen: 0.0.0.0:8080'; the environment "
                   "(DAVENPORT_LISTEN) and the command line are stronger");
    app.add_flag("--check-config", out.options.check_config,
                 "only says what is wrong, or where each setting comes from");
    app.set_version_flag("--version", std::string{DAVENPORT_VERSION});
    add_journal_commands(app, out.journal);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        exit_code = app.exit(error) == 0 ? 0 : bad_usage;
        return std::nullopt;
    }
    if (out.journal) return out;  // these are settings of a node that runs
    if (const char* named = std::getenv("DAVENPORT_CONFIG"); config.empty() && named) config = named;
    const Sources sources{app, config};
    for (const auto& mistake : sources.mistakes())
        std::fputs(fmt::format("chatnode: {}\n", mistake).c_str(), stderr);
    if (!sources.mistakes().empty()) {
        exit_code = bad_usage;
        return std::nullopt;
    }
    out.settings = sources.told();
    return out;
}

}  // namespace davenport::node::program
