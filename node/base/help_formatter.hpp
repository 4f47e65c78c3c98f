#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace davenport::base {

/// `--help` as all programs print it: an option's value has a name of its own in place of CLI11's types, what
/// it may be and its default value stand behind its description, lines fit a terminal, and help itself comes
/// last.
///
/// Header only: only the few units that read a command line include it (CLI11 is heavy).
class HelpFormatter : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
        auto out = make_description(app) + make_usage(app, std::move(name)) + make_positionals(app) +
                   groups(*app) + make_subcommands(app, mode);
        if (const auto footer = app->get_footer(); footer.find_first_not_of('\n') != std::string::npos)
            out += "\n" + footer.substr(footer.find_first_not_of('\n')) + "\n";
        return out;
    }

    std::string make_option(const CLI::Option* option, bool is_positional) const override {
        const auto value = is_positional ? std::string{} : value_of(*option);
        return paragraph(make_option_name(option, is_positional) + (value.empty() ? "" : " " + value),
                         described(*option, is_positional));
    }

    std::string make_subcommand(const CLI::App* command) const override {
        return paragraph(command->get_name(), command->get_description());
    }

    std::string make_description(const CLI::App* app) const override {
        auto text = app->get_description();
        return text.empty() ? text : text + "\n";
    }

private:
    static constexpr std::size_t column = 28;
    static constexpr std::size_t width = 100;

    /// The options under their headings, help itself last.
    [[nodiscard]] std::string groups(const CLI::App& app) const {
        std::string out, help;
        for (const auto& group : app.get_groups()) {
            std::string lines;
            for (const auto* option : app.get_options({})) {
                if (group.empty() || option->get_group() != group || !option->nonpositional()) continue;
                (is_about_help(*option) ? help : lines) += make_option(option, false);
            }
            if (!lines.empty()) out += "\n" + group + ":\n" + lines;
        }
        return out + "\nHelp:\n" + help;
    }

    static bool is_about_help(const CLI::Option& option) {
        return option.check_name("--help") || option.check_name("--version");
    }

    /// CLI11 puts what a value is checked by behind the name of its type: "ROWS:INT in [1 - 10000]",
    /// "WAY:{on,off}".
    struct Type {
        std::string name, choices, range;
    };
    static Type type_of(const CLI::Option& option) {
        Type out{
            .name = option.get_type_size() == 0 ? "" : option.get_type_name(), .choices = {}, .range = {}};
        if (const auto at = out.name.find(":{"); at != std::string::npos && out.name.ends_with('}')) {
            for (const char c : out.name.substr(at + 2, out.name.size() - at - 3))
                out.choices += c == ',' ? '|' : c;
            out.name.resize(at);
        } else if (const auto in = out.name.find(" in [");
                   in != std::string::npos && out.name.ends_with(']')) {
            const auto bounds = out.name.substr(in + 5, out.name.size() - in - 6);
            const auto dash = bounds.find(" - ");
            out.range = bounds.substr(0, dash) + " to " + bounds.substr(dash + 3);
            out.name.resize(out.name.rfind(':', in));
        }
        return out;
    }

    static std::string value_of(const CLI::Option& option) {
        const auto type = type_of(option);
        if (!type.choices.empty() && type.choices.size() <= 26) return type.choices;
        const bool many = option.get_expected_max() == CLI::detail::expected_max_vector_size;
        return type.name + (many && !type.name.ends_with("...") ? " ..." : "");
    }

    static std::string described(const CLI::Option& option, bool is_positional) {
        std::string notes;
        const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : "; ") + text; };
        if (option.get_required() && !is_positional) note("required");
        if (const auto range = type_of(option).range; !range.empty()) note(range);
        for (const auto& other : names_of(option.get_needs())) note("with " + other);
        for (const auto& other : names_of(option.get_excludes())) note("not with " + other);
        if (auto given = option.get_default_str(); !given.empty() && option.get_type_size() != 0) {
            if (given.starts_with('[') && given.ends_with(']')) given = given.substr(1, given.size() - 2);
            if (!given.empty()) note("default: " + given);
        }
        auto text = option.get_description();
        if (notes.empty()) return text;
        if (!text.ends_with(')')) return text + " (" + notes + ")";
        text.back() = ';';
        return text + " " + notes + ")";
    }

    /// In an order of their own: CLI11 keeps them by address.
    static std::set<std::string> names_of(const std::set<CLI::Option*>& options) {
        std::set<std::string> out;
        for (const auto* one : options) out.insert(one->get_name());
        return out;
    }

    /// "  name      text", with the text in a column of its own.
    static std::string paragraph(const std::string& name, const std::string& text) {
        std::string out = "  " + name;
        std::size_t at = out.size();
        if (at + 2 > column) {
            out += '\n';
            at = 0;
        }
        std::istringstream words{text};
        bool first = true;
        for (std::string word; words >> word; first = false) {
            if (first || at + 1 + word.size() > width) {
                if (!first) {
                    out += '\n';
                    at = 0;
                }
                out.append(column - at, ' ');
                at = column;
            } else {
                out += ' ';
                ++at;
            }
            out += word;
            at += word.size();
        }
        return out + '\n';
    }
};

/// How `--help` shows an option: under which heading (none: where it is), and what its value is called.
struct Shown {
    std::string_view option;
    std::string_view heading;
    std::string_view value;
};

/// Arranges those options of `app` that `table` has.
inline void arrange_help(CLI::App& app, std::span<const Shown> table) {
    for (const auto& one : table) {
        auto* option = app.get_option_no_throw(std::string{one.option});
        if (!option) continue;
        if (!one.heading.empty()) option->group(std::string{one.heading});
        if (!one.value.empty()) option->type_name(std::string{one.value});
    }
}

}  // namespace davenport::base
