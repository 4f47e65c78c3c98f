#pragma once

#include "node/program/admin_command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace davenport::node::program {

/// Adds `admin` with its subcommands to `app`; `command` is set when one of them is given. `store`: the
/// default of --store. All three must live until the command line is read.
void add_admin_commands(CLI::App& app, std::optional<AdminCommand>& command, const std::string& store);

/// What is wrong with `arguments` of `admin` that `app` would tell without saying what to do: a subcommand
/// that there is not, a password in the open. Empty: nothing.
std::string admin_mistake(const CLI::App& app, const std::vector<std::string>& arguments);

/// `admin people roles anna +staff -guest` as options, which a parser of options takes for what they are:
/// `--give=staff --take=guest`. Other command lines come back as they are.
std::vector<std::string> spell_out_roles(std::vector<std::string> arguments);

}  // namespace davenport::node::program
