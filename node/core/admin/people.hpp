#pragma once

#include "node/core/admin/document_change.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// People who have accounts in a chat's CouchDB, as an operator sees and changes them: documents of its
/// `_users`. Pure functions, for DocumentChange.
namespace davenport::node {

inline constexpr std::string_view person_id_lead = "org.couchdb.user:";

struct Person {
    std::string name;
    std::set<std::string, std::less<>> roles;
};

/// All accounts among these documents, by name.
std::vector<Person> read_people(const std::vector<StoreDocument>& documents);

// What each of these makes of an account's document (read by its id); as DocumentChange::Decide has it.

/// A new account. AdminError when there is one of this name.
StoreDocument add_person(const std::vector<StoreDocument>& found, bool again, const Person& person,
                         std::string_view password);
/// Nothing when no account has this name.
std::optional<StoreDocument> set_password(const std::vector<StoreDocument>& found, std::string_view name,
                                          std::string_view password);
/// The account's deletion; nothing when no account has this name.
std::optional<StoreDocument> remove_person(const std::vector<StoreDocument>& found, std::string_view name);

struct RoleChange {
    std::vector<std::string> give{}, take{};
};
struct RolesAfter {
    std::optional<StoreDocument> write;  ///< nothing: the account has these roles already
    std::set<std::string, std::less<>> roles;
};
/// Nothing when no account has this name. AdminError when the account lacks a role that is to be taken away:
/// a mistyped one would be left to it. `again`: then it may have been taken by now.
std::optional<RolesAfter> change_roles(const std::vector<StoreDocument>& found, bool again,
                                       std::string_view name, const RoleChange& change);

/// "there is no account anna; did you mean anne? ..."
AdminError unknown_person(std::string_view name, const std::vector<Person>& people);
/// What is wrong with a role's name; empty: nothing.
std::string_view role_problem(std::string_view role);

}  // namespace davenport::node
