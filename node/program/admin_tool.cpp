#include "node/program/admin_tool.hpp"

#include "node/base/names.hpp"
#include "node/base/text.hpp"
#include "node/core/admin/ban_change.hpp"
#include "node/core/admin/people.hpp"
#include "node/core/admin/room_change.hpp"
#include "node/program/admin_output.hpp"
#include "node/program/ask_password.hpp"
#include "node/program/asker.hpp"
#include "node/program/given_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node::program {
namespace {

using namespace std::chrono_literals;
using What = AdminCommand::What;

constexpr std::chrono::seconds answered_within = 30s;
constexpr std::chrono::milliseconds first_pause = 200ms;
constexpr int failures_max = 6;  // some 6 s of pauses
constexpr std::string_view by_nobody = "operator";
constexpr std::int64_t day_seconds = 24LL * 60 * 60;
constexpr std::int64_t span_max_seconds = 100 * 366 * day_seconds;

/// The store did not answer, whatever was tried.
struct StoreAway : std::runtime_error {
    using std::runtime_error::runtime_error;
};

base::WallTime now() {
    return std::chrono::time_point_cast<base::Duration>(std::chrono::system_clock::now());
}

std::string printable(std::string_view text) { return base::one_printable_line(text); }

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

bool is_of_people(What what) { return what <= What::people_remove; }

// ---- the command's words

/// NATS has no accounts, and this speaks HTTP.
void refuse_nats(const AdminCommand& command) {
    if (!names_nats(command.store)) return;
    if (is_of_people(command.what))
        throw std::invalid_argument(
            "people have accounts in a CouchDB, and --store names a NATS server, where names are free: there "
            "is nothing to administer");
    throw std::invalid_argument(
        "this needs a CouchDB, and --store names a NATS server: publish the document there yourself, as in "
        "nats pub 'chat.p.davenport-ban=7Elobby=7Emallory' '{\"what\":\"ban\",\"who\":\"mallory\","
        "\"room\":\"lobby\"}'; PROTOCOL.md (In a NATS stream) has the members");
}

std::string prepared_name(const std::string& name) {
    const auto prepared = base::prepare_name(name);
    if (!prepared.problem.empty())
        throw std::invalid_argument(fmt::format("the name '{}': {}", printable(name), prepared.problem));
    return prepared.text;
}

void require_room(const std::string& option, const std::string& room) {
    if (!base::is_room_name(room))
        throw std::invalid_argument(
            fmt::format("{}{}: no room can have that name: it is 1 to 64 of a-z, 0-9, "
                        "'-', '_' and '.', and begins with a letter or digit",
                        option, printable(room)));
}

/// Who is said to have done it.
std::string author(const AdminCommand& command, const std::string& account) {
    if (!command.by.empty() && !base::is_user_name(command.by))
        throw std::invalid_argument(
            fmt::format("--by {}: a name is 1 to 64 letters on one line", printable(command.by)));
    if (!command.by.empty()) return command.by;
    return base::is_user_name(account) ? account : std::string{by_nobody};
}

std::string place(const AdminCommand& command) {
    if (command.everywhere) return std::string{base::everywhere};
    if (command.room.empty()) throw std::invalid_argument("say where: --room ROOM, or --everywhere");
    require_room("--room ", command.room);
    return command.room;
}

/// A day alone is its beginning, in UTC.
std::optional<std::int64_t> end_of_ban(const AdminCommand& command) {
    const auto& text = command.until;
    if (!command.lasts.empty()) {
        const auto seconds = read_span("--for", command.lasts);
        if (seconds > span_max_seconds)
            throw std::invalid_argument(fmt::format(
                "--for {}: more than a hundred years: leave it out, and the ban is for good", command.lasts));
        return base::unix_ms(now()) + 1000 * seconds;
    }
    if (text.empty()) return std::nullopt;
    const auto end = base::parse_datetime(text.size() == 10 ? text + "T00:00:00Z" : text);
    if (!end)
        throw std::invalid_argument(fmt::format(
            "--until {}: give a day or a moment, as 2026-01-31 or 2026-01-31T12:00:00Z", printable(text)));
    if (*end <= now())
        throw std::invalid_argument(fmt::format("--until {}: that is over already", printable(text)));
    return base::unix_ms(*end);
}

base::Ban read_ban(const AdminCommand& command, const std::string& account) {
    base::Ban ban{.name = prepared_name(command.name),
                  .room = place(command),
                  .by = author(command, account),
                  .reason = command.reason,
                  .until_ms = end_of_ban(command)};
    if (ban.reason.size() > base::ban_reason_bytes_max || !base::is_utf8(ban.reason))
        throw std::invalid_argument(fmt::format("--reason: it is text, at most {} bytes, and this has {}",
                                                base::ban_reason_bytes_max, ban.reason.size()));
    return ban;
}

std::int64_t span_or_off(const std::string& option, const std::string& text) {
    return text == "off" || text.empty() ? 0 : read_span(option, text);
}

std::optional<std::optional<base::Circle>> read_circle(const std::string& option,
                                                       const std::vector<std::string>& words) {
    if (words.empty()) return std::nullopt;
    try {
        return parse_circle(fmt::format("{}", fmt::join(words, ",")));
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("{} {}", option, error.what()));
    }
}

RoomChange read_room_change(const AdminCommand& command, const std::string& account) {
    RoomChange out{.room = command.room,
                   .by = author(command, account),
                   .topic = command.topic,
                   .readers = read_circle("--readers", command.readers),
                   .writers = read_circle("--writers", command.writers)};
    if (out.topic && (out.topic->size() > base::topic_bytes_max || !base::is_utf8(*out.topic)))
        throw std::invalid_argument(fmt::format("--topic: it is text, at most {} bytes, and this has {}",
                                                base::topic_bytes_max, out.topic->size()));
    if (command.slow_mode) {
        out.slow_s = span_or_off("--slow-mode", *command.slow_mode);
        if (*out.slow_s > base::slow_s_max)
            throw std::invalid_argument(
                fmt::format("--slow-mode {}: it is at most 1d", printable(*command.slow_mode)));
    }
    if (command.retention) {
        const auto seconds = span_or_off("--retention", *command.retention);
        if (seconds % day_seconds != 0 || seconds > base::retention_days_max * day_seconds)
            throw std::invalid_argument(
                fmt::format("--retention {}: it is in whole days, at most {}d, as 30d",
                            printable(*command.retention), base::retention_days_max));
        out.retention_days = seconds / day_seconds;
    }
    if (!out.topic && !out.readers && !out.writers && !out.slow_s && !out.retention_days)
        throw std::invalid_argument(
            "say what to set: --topic, --readers, --writers, --slow-mode, --retention, or several of them");
    return out;
}

std::string roles_in_words(const Person& person) {
    const auto all = printable(fmt::format("{}", fmt::join(person.roles, ", ")));
    return person.roles.empty() ? "no role" : (person.roles.size() == 1 ? "the role " : "the roles ") + all;
}

void require_roles(const std::vector<std::string>& roles) {
    for (const auto& role : roles)
        if (const auto problem = role_problem(role); !problem.empty())
            throw std::invalid_argument(fmt::format("the role '{}': {}", printable(role), problem));
}

// ---- the work

class AdminTool {
public:
    explicit AdminTool(const AdminCommand& command)
        : command_{command},
          store_{read_given_store(command.store, command.store_password_file)},
          users_{store_.access},
          asker_{store_.server, command.store_ca} {
        users_.database = "_users";
    }

    void list_people() {
        const auto people = read_people(read(users_, everybody()));
        print(command_.json ? people_json(people) : people_table(people));
    }
    void add_person() {
        const Person person{prepared_name(command_.name), {command_.give.begin(), command_.give.end()}};
        if (person.name != command_.name)
            throw std::invalid_argument(
                fmt::format("write '{}' as '{}'", printable(command_.name), person.name));
        require_roles(command_.give);
        // Asks nobody for a password in vain.
        node::add_person(read(users_, account()), false, person, "");
        const auto password = ask_password(person.name, command_.password_file);
        change(users_, account(), [&](const auto& found, bool again) {
            return std::optional{node::add_person(found, again, person, password)};
        });
        tell(person_json(person, true),
             fmt::format("{} has an account now, with {}.\n", person.name, roles_in_words(person)));
    }
    void set_password() {
        const auto person = the_person();
        const auto password = ask_password(person.name, command_.password_file);
        change(users_, account(), [&](const auto& found, bool) {
            return known(node::set_password(found, person.name, password));
        });
        tell(person_json(person, true),
             fmt::format("{} has another password now; nodes end the sign-ins that were made with the old "
                         "one within a minute.\n",
                         printable(person.name)));
    }
    void change_roles() {
        if (command_.give.empty() && command_.take.empty())
            throw std::invalid_argument("say which: +ROLE gives one, -ROLE takes one away, or several");
        require_roles(command_.give);
        Person person{command_.name, {}};
        const bool changed =
            change(users_, account(), [&](const auto& found, bool again) -> std::optional<StoreDocument> {
                auto after =
                    known(node::change_roles(found, again, person.name, {command_.give, command_.take}));
                person.roles = after->roles;
                return std::move(after->write);
            });
        tell(person_json(person, changed),
             fmt::format("{} {} {}.\n", printable(person.name), changed ? "now has" : "already has",
                         roles_in_words(person)));
    }
    void remove_person() {
        const auto person = the_person();
        change(users_, account(), [&](const auto& found, bool again) {
            auto write = node::remove_person(found, person.name);
            return again ? write : known(std::move(write));
        });
        tell(person_json(person, true),
             fmt::format("The account {0} is gone; nodes end its sign-ins within a minute. What was said "
                         "under it stays (chatnode erase --user NAME).\n",
                         printable(person.name)));
    }

    void list_bans() {
        if (!command_.room.empty()) require_room("--room ", command_.room);
        auto found = read_bans(read(store_.access, bans()));
        warn(found.nonsense);
        std::erase_if(found.bans, [&](const auto& ban) {
            const bool holds =
                command_.room.empty() || ban.room == base::everywhere || ban.room == command_.room;
            return !holds || !ban.in_force(now());
        });
        print(command_.json ? bans_json(found.bans) : bans_table(found.bans));
    }
    void add_ban() {
        const auto ban = read_ban(command_, store_.access.user);
        const bool changed = change(store_.access, bans(),
                                    [&](const auto& found, bool) { return write_ban(found, ban, now()); });
        const auto until = ban.until_ms ? "until " + base::iso8601(base::wall_from_unix_ms(*ban.until_ms))
                                        : std::string{"for good"};
        tell(ban_json(ban, changed), fmt::format("{} is {} from {} {}, by {}.\n", printable(ban.name),
                                                 changed ? "banned" : "already banned",
                                                 room_in_words(ban.room), until, printable(ban.by)));
    }
    void lift_ban() {
        base::Ban ban{.name = prepared_name(command_.name),
                      .room = place(command_),
                      .by = author(command_, store_.access.user),
                      .lifted = true};
        std::string others;
        change(store_.access, bans(), [&](const auto& found, bool again) {
            const auto all = read_bans(found);
            const base::Ban* before = nullptr;
            others.clear();
            for (const auto& one : all.bans) {
                if (!one.in_force(now()) || base::folded_name(one.name) != base::folded_name(ban.name))
                    continue;
                if (one.room == ban.room)
                    before = &one;
                else
                    others += (others.empty() ? "" : ", ") + room_in_words(one.room);
            }
            if (!before && !again) throw not_banned(all, ban.room, ban.name, now());
            if (before) ban.reason = before->reason, ban.until_ms = before->until_ms;
            return write_ban(found, ban, now());
        });
        tell(ban_json(ban, true),
             fmt::format("{} is not banned from {} any more, by {}{}.\n", printable(ban.name),
                         room_in_words(ban.room), printable(ban.by),
                         others.empty() ? "" : fmt::format("; but still from {}", others)));
    }

    void list_rooms() {
        const auto found = read_rooms(read(store_.access, {.lead = std::string{base::room_id_lead}}));
        warn(found.nonsense);
        print(command_.json ? rooms_json(found.rooms) : rooms_table(found.rooms));
    }
    void show_room() {
        require_room("", command_.room);
        show(read(store_.access, room()));
    }
    void set_room() {
        require_room("", command_.room);
        const auto wanted = read_room_change(command_, store_.access.user);
        std::vector<StoreDocument> after;
        change(store_.access, room(), [&](const auto& found, bool) {
            auto write = write_room(found, wanted, now());
            after = write ? std::vector{*write} : found;
            return write;
        });
        show(after);
    }

private:
    static DocumentChange::Reads everybody() { return {.lead = std::string{person_id_lead}}; }
    static DocumentChange::Reads bans() { return {.lead = std::string{base::ban_id_lead}}; }
    [[nodiscard]] DocumentChange::Reads account() const {
        return {.ids = {std::string{person_id_lead} + command_.name}};
    }
    [[nodiscard]] DocumentChange::Reads room() const {
        return {.ids = {base::room_settings_id(command_.room)}};
    }

    std::vector<StoreDocument> read(const StoreAccess& access, DocumentChange::Reads reads) {
        DocumentChange reading{access, std::move(reads)};
        carry_out(reading);
        return reading.found();
    }
    /// Whether something was written.
    bool change(const StoreAccess& access, DocumentChange::Reads reads, DocumentChange::Decide decide) {
        DocumentChange all{access, std::move(reads), std::move(decide)};
        carry_out(all);
        return all.has_written() || all.may_be_written();
    }
    void carry_out(DocumentChange& all) {
        auto pause = first_pause;
        for (int failures = 0; !all.is_done();) {
            const auto answer = asker_.ask(all.request(), answered_within);
            if (answer.response && all.take(*answer.response)) continue;
            if (!answer.response) all.on_lost();
            if (++failures == failures_max)
                throw StoreAway(fmt::format(
                    "the store at {} does not answer ({}): {}", store_.server.url(),
                    answer.response ? printable(all.trouble()) : answer.trouble,
                    all.may_be_written() ? "nobody knows whether it was done; run this again when it is back"
                                         : "nothing was changed"));
            std::this_thread::sleep_for(pause);
            pause *= 2;
        }
    }

    /// AdminError when there is none.
    Person the_person() {
        const auto people = read_people(read(users_, account()));
        if (people.empty()) throw unknown_person(command_.name, read_people(read(users_, everybody())));
        return people.front();
    }
    template <class Found>
    Found known(Found found) {
        if (!found) throw unknown_person(command_.name, read_people(read(users_, everybody())));
        return found;
    }

    void show(const std::vector<StoreDocument>& documents) const {
        auto found = read_rooms(documents);
        if (!found.nonsense.empty())
            throw AdminError(fmt::format("the document counts for nothing ({}): mend or delete it by hand",
                                         found.nonsense.front()));
        const auto settings =
            found.rooms.empty() ? base::RoomSettings{.room = command_.room} : std::move(found.rooms.front());
        print(command_.json ? room_json(settings) : room_facts(settings));
    }
    void tell(const std::string& json, const std::string& words) const {
        print(command_.json ? json : words);
    }
    static void warn(const std::vector<std::string>& nonsense) {
        for (const auto& one : nonsense)
            fmt::print(stderr, "chatnode: a document counts for nothing: {}\n", printable(one));
    }

    const AdminCommand& command_;
    GivenStore store_;
    StoreAccess users_;
    Asker asker_;
};

void carry_out(AdminTool& tool, What what) {
    switch (what) {
        case What::people_list:
            return tool.list_people();
        case What::people_add:
            return tool.add_person();
        case What::people_password:
            return tool.set_password();
        case What::people_roles:
            return tool.change_roles();
        case What::people_remove:
            return tool.remove_person();
        case What::bans_list:
            return tool.list_bans();
        case What::bans_add:
            return tool.add_ban();
        case What::bans_lift:
            return tool.lift_ban();
        case What::rooms_list:
            return tool.list_rooms();
        case What::rooms_show:
            return tool.show_room();
        case What::rooms_set:
            return tool.set_room();
    }
}

}  // namespace

int perform(const AdminCommand& command) {
    refuse_nats(command);
    try {
        AdminTool tool{command};
        carry_out(tool, command.what);
    } catch (const StoreAway& away) {
        fmt::print(stderr, "chatnode: {}\n", away.what());
        return 2;
    }
    return 0;
}

}  // namespace davenport::node::program
