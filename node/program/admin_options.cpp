#include "node/program/admin_options.hpp"

#include "node/base/closest.hpp"
#include "node/base/text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <tuple>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace davenport::node::program {
namespace {

using What = AdminCommand::What;

constexpr const char* exit_codes =
    "Exit code: 0 when it is done, 1 when the store refuses or there is nothing of that name, 2 when the "
    "store does\n"
    "not answer, 64 for a mistake in the command.";

/// Makes the leaves of `admin`, each with what all of them have.
class AdminTree {
public:
    AdminTree(std::optional<AdminCommand>& command, const std::string& store)
        : command_{&command}, store_{&store} {}

    struct Leaf {
        CLI::App* app;
        std::shared_ptr<AdminCommand> given;
    };
    Leaf add(CLI::App& parent, const char* name, const char* help, What what, const std::string& more = {}) {
        const auto given = std::make_shared<AdminCommand>();
        given->what = what;
        given->store = *store_;
        auto* app = parent.add_subcommand(name, help);
        app->add_option("--store", given->store, "http://user:password@host:port/db of the chat")
            ->type_name("URL")
            ->group("Store");
        app->add_option("--store-password-file", given->store_password_file,
                        "file whose first line is the store's password; or set DAVENPORT_STORE_PASSWORD")
            ->type_name("FILE")
            ->group("Store");
        app->add_option("--store-ca", given->store_ca,
                        "PEM file of the authority that signed the certificate of an https store")
            ->type_name("FILE")
            ->group("Store");
        app->add_flag("--json", given->json, "prints JSON, for programs")->group("Output");
        app->footer(more.empty() ? exit_codes : more + "\n" + exit_codes);
        app->callback([command = command_, given] { *command = *given; });
        return {app, given};
    }

private:
    std::optional<AdminCommand>* command_;
    const std::string* store_;
};

void add_by(const AdminTree::Leaf& leaf) {
    leaf.app
        ->add_option("--by", leaf.given->by,
                     "who is shown to have done it; default: the name of the store's account")
        ->type_name("NAME");
}

void add_name(const AdminTree::Leaf& leaf, const char* help) {
    leaf.app->add_option("name", leaf.given->name, help)->required()->type_name("NAME");
}

void add_password(const AdminTree::Leaf& leaf) {
    leaf.app
        ->add_option("--password-file", leaf.given->password_file,
                     "file whose first line is the person's password, '-' for the standard input; without, "
                     "the terminal is asked")
        ->type_name("FILE");
}

void add_people(CLI::App& admin, AdminTree& tree) {
    auto* people = admin.add_subcommand("people", "accounts of people, in the CouchDB's _users");
    people->require_subcommand(1);
    tree.add(*people, "list", "who has an account, and with which roles", What::people_list);
    const auto add = tree.add(*people, "add", "make an account", What::people_add,
                              "Example: chatnode admin people add anna --role davenport-moderator");
    add_name(add, "the person's name");
    add.app->add_option("--role", add.given->give, "role of the account; repeatable")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("ROLE");
    add_password(add);
    const auto password =
        tree.add(*people, "password", "give an account another password", What::people_password,
                 "Nodes end the sign-ins that were made with the old one within a minute.");
    add_name(password, "the account");
    add_password(password);
    const auto roles = tree.add(
        *people, "roles", "give roles to an account (+ROLE), or take them away (-ROLE)", What::people_roles,
        "Example: chatnode admin people roles anna +davenport-moderator -guest\n"
        "Whoever has the role davenport-moderator (chatnode --moderator-role) moderates, at all nodes "
        "within a minute.");
    add_name(roles, "the account");
    for (const auto& [option, into, help] :
         {std::tuple{"--give", &roles.given->give, "the same as +ROLE; repeatable"},
          std::tuple{"--take", &roles.given->take, "the same as -ROLE; repeatable"}})
        roles.app->add_option(option, *into, help)
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->type_name("ROLE");
    const auto remove =
        tree.add(*people, "remove", "delete an account", What::people_remove,
                 "Nodes end its sign-ins within a minute. What the person said stays: chatnode "
                 "erase --user NAME.");
    add_name(remove, "the account");
    people->footer("People need accounts where nodes run with --auth couchdb.");
}

void add_place(const AdminTree::Leaf& leaf) {
    auto* room = leaf.app->add_option("--room", leaf.given->room, "the ban in this room")->type_name("ROOM");
    leaf.app->add_flag("--everywhere", leaf.given->everywhere, "the ban in all rooms")->excludes(room);
}

void add_bans(CLI::App& admin, AdminTree& tree) {
    auto* bans = admin.add_subcommand("bans", "who may not take part");
    bans->require_subcommand(1);
    bans->footer("A ban is of a name, without regard to case, whether there is an account or not.");
    const auto list = tree.add(*bans, "list", "the bans in force", What::bans_list);
    list.app
        ->add_option("--room", list.given->room,
                     "those that hold in this room, which are its own and those "
                     "in all rooms")
        ->type_name("ROOM");
    const auto add = tree.add(*bans, "add", "ban somebody from a room, or from all", What::bans_add,
                              "Example: chatnode admin bans add mallory --room lobby --for 2d --reason spam\n"
                              "It replaces the ban of the same name in the same place. All nodes put the "
                              "person out at once; one\n"
                              "that is away does so when it is back.");
    add_name(add, "who is banned, whether they have an account or not");
    add_place(add);
    add.app->add_option("--reason", add.given->reason, "told to the banned; at most 500 bytes")
        ->type_name("TEXT");
    auto* until =
        add.app
            ->add_option("--until", add.given->until,
                         "when it ends, as 2026-01-31 or 2026-01-31T12:00:00Z; without, it is for good")
            ->type_name("TIME");
    add.app->add_option("--for", add.given->lasts, "how long it lasts, as 30m, 12h, 2d or 4w")
        ->excludes(until)
        ->type_name("TIME");
    add_by(add);
    const auto lift = tree.add(*bans, "lift", "end a ban", What::bans_lift);
    add_name(lift, "who is banned");
    add_place(lift);
    add_by(lift);
}

void add_circle(const AdminTree::Leaf& leaf, const char* option, std::vector<std::string>& into,
                const char* help) {
    leaf.app->add_option(option, into, help)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("WHO");
}

void add_rooms(CLI::App& admin, AdminTree& tree) {
    auto* rooms = admin.add_subcommand("rooms",
                                       "rooms' topics, who reads and writes there, how fast, and "
                                       "how long what was said is kept");
    rooms->require_subcommand(1);
    rooms->footer("Only rooms with settings need any: without, a room is open to everybody.");
    tree.add(*rooms, "list", "the rooms that have settings", What::rooms_list,
             "A room without settings is open to everybody; GET /api/rooms of a node lists all rooms.");
    const auto add_room = [](const AdminTree::Leaf& leaf) {
        leaf.app->add_option("room", leaf.given->room, "the room")->required()->type_name("ROOM");
    };
    add_room(tree.add(*rooms, "show", "what a room is", What::rooms_show));
    const auto set =
        tree.add(*rooms, "set", "change a room's settings; what is not given stays", What::rooms_set,
                 "WHO is everybody, nobody (then moderators alone), or names and roles: anna,role:staff. A "
                 "comma in a name\n"
                 "stands behind a backslash. A room with readers or writers needs --auth couchdb.\n"
                 "Examples:\n"
                 "  chatnode admin rooms set lab --topic 'Glass, fire, no food' --slow-mode 5s --retention "
                 "30d\n"
                 "  chatnode admin rooms set lab --topic '' --slow-mode off --retention off\n"
                 "  chatnode admin rooms set news --writers role:editors --readers everybody");
    add_room(set);
    set.app->add_option("--topic", set.given->topic, "what it is about, at most 1000 bytes; '': nothing")
        ->type_name("TEXT");
    add_circle(set, "--readers", set.given->readers, "who alone reads there; repeatable");
    add_circle(set, "--writers", set.given->writers, "who alone of the readers writes there; repeatable");
    set.app
        ->add_option("--slow-mode", set.given->slow_mode,
                     "time between two posts of a person, at most 1d, as 5s; off: none")
        ->type_name("TIME");
    set.app
        ->add_option("--retention", set.given->retention,
                     "how long messages are kept, in whole days, as 30d or 4w; off: for ever")
        ->type_name("TIME");
    add_by(set);
}

}  // namespace

void add_admin_commands(CLI::App& app, std::optional<AdminCommand>& command, const std::string& store) {
    auto* admin = app.add_subcommand("admin", "people, bans and rooms of a chat, while its nodes run");
    admin->require_subcommand(1);
    AdminTree tree{command, store};
    add_people(*admin, tree);
    add_bans(*admin, tree);
    add_rooms(*admin, tree);
    admin->footer(
        "It changes documents of the store, which all nodes follow. A moderator does the same to bans and\n"
        "rooms in the page.");
}

std::string admin_mistake(const CLI::App& app, const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.front() != "admin") return {};
    for (const auto& word : arguments)
        if (word == "--password" || word.starts_with("--password="))
            return "--password: a list of processes would show it: give --password-file FILE, or let the "
                   "terminal ask";
    const CLI::App* at = &app;
    std::string path;
    for (const auto& word : arguments) {
        const auto below = at->get_subcommands([](const CLI::App*) { return true; });
        if (word.starts_with('-') || below.empty()) return {};
        std::vector<std::string> names;
        names.reserve(below.size());
        for (const auto* one : below) names.push_back(one->get_name());
        const auto found = std::ranges::find(names, word);
        if (found == names.end()) {
            const auto near = base::closest(word, {names.begin(), names.end()});
            return fmt::format("{}: there is no '{}'; {}", path, base::one_printable_line(word),
                               near.empty() ? fmt::format("chatnode {} --help shows what there is", path)
                                            : fmt::format("did you mean {}?", near));
        }
        at = below[static_cast<std::size_t>(found - names.begin())];
        path += (path.empty() ? "" : " ") + word;
    }
    return {};
}

std::vector<std::string> spell_out_roles(std::vector<std::string> arguments) {
    constexpr std::array<std::string_view, 3> command{"admin", "people", "roles"};
    if (arguments.size() <= command.size() || !std::equal(command.begin(), command.end(), arguments.begin()))
        return arguments;
    for (std::size_t i = command.size(); i < arguments.size(); ++i) {
        auto& word = arguments[i];
        const auto& before = arguments[i - 1];
        const bool is_value =
            before.starts_with("--") && before.find('=') == before.npos && before != "--json";
        if (is_value || word.size() < 2 || word == "-h") continue;
        if (word.front() == '+')
            word.replace(0, 1, "--give=");
        else if (word.front() == '-' && word[1] != '-')
            word.replace(0, 1, "--take=");
    }
    return arguments;
}

}  // namespace davenport::node::program
