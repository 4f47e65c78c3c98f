#include "node/core/admin/people.hpp"

#include "node/base/closest.hpp"
#include "node/base/json_view.hpp"
#include "node/base/json_writer.hpp"
#include "node/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace davenport::node {
namespace {

constexpr std::size_t role_bytes_max = 256;  // as rooms' readers and writers have it

std::string id_of(std::string_view name) { return std::string{person_id_lead}.append(name); }

const StoreDocument* account(const std::vector<StoreDocument>& found, std::string_view name) {
    const auto at = std::ranges::find(found, id_of(name), &StoreDocument::id);
    return at == found.end() ? nullptr : &*at;
}

std::set<std::string, std::less<>> read_roles(const base::JsonView& document) {
    std::set<std::string, std::less<>> out;
    if (const auto roles = document.member("roles"))
        roles->each_item([&](const base::JsonView& role) {
            if (const auto text = role.string()) out.emplace(*text);
        });
    return out;
}

std::string roles_json(const std::set<std::string, std::less<>>& roles) {
    std::string out;
    base::JsonWriter json{out};
    json.begin_array();
    for (const auto& role : roles) json.value(role);
    json.end_array();
    return out;
}

std::set<std::string, std::less<>> roles_of(const StoreDocument& account) {
    base::JsonReader reader;
    const auto document = reader.read(account.json);
    return document ? read_roles(*document) : std::set<std::string, std::less<>>{};
}

std::string has_no_role(std::string_view name, const std::string& role,
                        const std::set<std::string, std::less<>>& roles) {
    const auto near = base::closest(role, {roles.begin(), roles.end()});
    return fmt::format("{} does not have the role {}{}", name, role,
                       !near.empty()   ? fmt::format("; did you mean {}?", near)
                       : roles.empty() ? std::string{", and no other"}
                                       : fmt::format(", but {}", fmt::join(roles, ", ")));
}

}  // namespace

std::vector<Person> read_people(const std::vector<StoreDocument>& documents) {
    std::vector<Person> out;
    base::JsonReader reader;
    for (const auto& [id, json] : documents) {
        const auto document = reader.read(json);
        if (!id.starts_with(person_id_lead) || !document) continue;
        out.push_back({id.substr(person_id_lead.size()), read_roles(*document)});
    }
    std::ranges::sort(out, {}, &Person::name);
    return out;
}

StoreDocument add_person(const std::vector<StoreDocument>& found, bool again, const Person& person,
                         std::string_view password) {
    const auto* there = account(found, person.name);
    if (there && !again)
        throw AdminError(
            fmt::format("{} has an account already: `people password` and `people roles` change it",
                        base::one_printable_line(person.name)));
    // There since the last attempt: its own, whose answer was lost.
    return {id_of(person.name), with_members(there ? std::string_view{there->json} : "{}",
                                             {{"_id", json_text(id_of(person.name))},
                                              {"name", json_text(person.name)},
                                              {"type", json_text("user")},
                                              {"roles", roles_json(person.roles)},
                                              {"password", json_text(password)}})};
}

std::optional<StoreDocument> set_password(const std::vector<StoreDocument>& found, std::string_view name,
                                          std::string_view password) {
    const auto* there = account(found, name);
    if (!there) return std::nullopt;
    return StoreDocument{there->id, with_members(there->json, {{"password", json_text(password)}})};
}

std::optional<StoreDocument> remove_person(const std::vector<StoreDocument>& found, std::string_view name) {
    const auto* there = account(found, name);
    if (!there) return std::nullopt;
    base::JsonReader reader;
    const auto document = reader.read(there->json);
    const auto revision = document ? base::text_member(*document, "_rev") : std::string{};
    return StoreDocument{there->id, with_members("{}", {{"_id", json_text(there->id)},
                                                        {"_rev", json_text(revision)},
                                                        {"_deleted", "true"}})};
}

std::optional<RolesAfter> change_roles(const std::vector<StoreDocument>& found, bool again,
                                       std::string_view name, const RoleChange& change) {
    const auto* there = account(found, name);
    if (!there) return std::nullopt;
    const auto before = roles_of(*there);
    RolesAfter out{std::nullopt, before};
    for (const auto& role : change.take)
        if (out.roles.erase(role) == 0 && !again)
            throw AdminError(has_no_role(base::one_printable_line(name), role, before) +
                             "; nothing was changed");
    out.roles.insert(change.give.begin(), change.give.end());
    if (out.roles != before)
        out.write = StoreDocument{there->id, with_members(there->json, {{"roles", roles_json(out.roles)}})};
    return out;
}

AdminError unknown_person(std::string_view name, const std::vector<Person>& people) {
    std::vector<std::string_view> names;
    names.reserve(people.size());
    for (const auto& person : people) names.push_back(person.name);
    const auto near = base::closest(name, names);
    return AdminError{
        fmt::format("no account has the name {}{}", base::one_printable_line(name),
                    near.empty() ? "; `people list` shows all" : fmt::format("; did you mean {}?", near))};
}

std::string_view role_problem(std::string_view role) {
    if (role.empty()) return "give a role's name";
    if (role.starts_with('_')) return "roles that begin with '_' are CouchDB's own, and no account has one";
    if (role.size() > role_bytes_max) return "a role's name is at most 256 bytes";
    if (!base::is_utf8(role) || base::one_printable_line(role) != role)
        return "a role's name is one line of text";
    return {};
}

}  // namespace davenport::node
