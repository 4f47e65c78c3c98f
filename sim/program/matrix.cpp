#include "reports/matrix.hpp"

#include "sim/program/run_one.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

namespace davenport::sim::program {
namespace {

namespace fs = std::filesystem;
using checker::Outcome;

struct Axis {
    std::string key;
    std::vector<std::string> values;
};

/// "feed=poll,longpoll": nothing when it is not of that form.
std::optional<Axis> read_axis(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return {};
    Axis axis{text.substr(0, equals), {}};
    std::istringstream values{text.substr(equals + 1)};
    for (std::string value; std::getline(values, value, ',');)
        if (!value.empty()) axis.values.push_back(value);
    return axis;
}

/// Where a short name stands in a scenario file: "feed" is topology.feed.
std::string dotted(const std::string& key) {
    for (const auto* section : {"topology", "load"})
        if (language::section(section).find(key)) return fmt::format("{}.{}", section, key);
    return key;
}

using Settings = std::vector<std::pair<std::string, std::string>>;

std::vector<Settings> combinations(const std::vector<Axis>& axes) {
    std::vector<Settings> made{{}};
    for (const auto& axis : axes) {
        std::vector<Settings> longer;
        for (const auto& settings : made)
            for (const auto& value : axis.values) {
                longer.push_back(settings);
                longer.back().emplace_back(axis.key, value);
            }
        made = std::move(longer);
    }
    return made;
}

/// The scenario's text with the settings in it, read as strictly as the file itself.
Reading with(const std::string& text, const fs::path& file, const Settings& settings) {
    auto tree = YAML::Load(text);
    for (const auto& [key, value] : settings) {
        if (key == "store") continue;
        const auto path = dotted(key);
        const auto dot = path.find('.');
        if (dot == std::string::npos)
            tree[path] = value;
        else
            tree[path.substr(0, dot)][path.substr(dot + 1)] = value;
    }
    YAML::Emitter out;
    out << tree;
    return read_scenario(out.c_str(), file.string());
}

std::string name_of(const Settings& settings) {
    std::string name;
    for (const auto& [key, value] : settings) {
        if (!name.empty()) name += "_";
        name += key + "-" +
                (key == "store" && value != "couchmock" ? "couchdb" : value);  // a URL may bear a password
    }
    std::ranges::replace_if(
        name, [](char c) { return c == '/' || c == ' ' || c == ':'; }, '-');
    return name;
}

}  // namespace

int matrix(const MatrixRequest& request) {
    const auto& file = request.run.files.front();
    std::vector<Axis> axes;
    for (const auto& text : request.vary) {
        const auto axis = read_axis(text);
        if (!axis || axis->values.empty()) {
            fmt::print(stderr,
                       "chatsim: --vary {}: give it as KEY=VALUE,VALUE,..., as in feed=poll,continuous\n",
                       text);
            return exit_usage;
        }
        axes.push_back(*axis);
    }
    std::ifstream in{file, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        fmt::print(stderr, "{}: error: cannot be read\n", file.string());
        return exit_usage;
    }
    if (const auto whole = read_scenario(text.str(), file.string()); !whole.scenario) {
        fmt::print(stderr, "{}", render(whole.problems, file.string(), text.str()));
        return exit_usage;
    }

    // All settings are read before the first is run: a mistake in the last shall not cost the others.
    struct Planned {
        Settings settings;
        Scenario scenario;
        RunRequest run;
    };
    std::vector<Planned> planned;
    for (const auto& settings : combinations(axes)) {
        auto reading = with(text.str(), file, settings);
        for (const auto& problem : reading.problems)
            fmt::print(stderr, "chatsim: {} with {}: {}{}\n", file.string(), name_of(settings),
                       problem.message, problem.hint.empty() ? "" : ": " + problem.hint);
        if (!reading.scenario) return exit_usage;
        auto run = request.run;
        run.quiet = true;
        for (const auto& [key, value] : settings) {
            const bool is_url = key == "store" && value != "couchmock" && value != nats_store;
            run.settings.push_back(key + "=" + (is_url ? "URL" : value));  // a URL may bear a password
            if (key == "store") run.store = value;
        }
        if (const auto bad = bad_request(run); !bad.empty()) {
            fmt::print(stderr, "chatsim: {}\n", bad);
            return exit_usage;
        }
        if (beyond_the_world({*reading.scenario}, run)) return exit_usage;
        planned.push_back({settings, std::move(*reading.scenario), run});
    }

    catch_interrupts();
    std::vector<reports::MatrixCell> cells;
    auto worst = Outcome::pass;
    for (std::size_t i = 0; i < planned.size() && !interrupted(); ++i) {
        const auto& [settings, scenario, run] = planned[i];
        const auto name = name_of(settings);
        if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K{}/{} {}", i + 1, planned.size(), name);
        const auto outcome = run_one(scenario, run, run.out / name);
        if (!outcome) return exit_files;
        if (*outcome == Outcome::fail || worst == Outcome::pass) worst = *outcome;
        std::ifstream results{run.out / name / "results.json", std::ios::binary};
        std::ostringstream content;
        content << results.rdbuf();
        auto shown = settings;
        for (auto& [key, value] : shown)
            if (key == "store" && value != "couchmock") value = "CouchDB";
        cells.push_back({std::move(shown), content.str(), name});
    }
    if (isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K");
    if (cells.empty()) return exit_unknown;
    fmt::print("{} ({} world)\n{}", planned.front().scenario.name, request.run.world,
               reports::matrix_text(cells));
    const auto error =
        reports::write_matrix(request.run.out, planned.front().scenario.name + ", by setting", cells);
    if (!error.empty()) return fmt::print(stderr, "{}\n", error), exit_files;
    fmt::print("page: {}\n", (request.run.out / "matrix.html").string());
    return cells.size() < planned.size() && worst == Outcome::pass ? static_cast<int>(exit_unknown)
                                                                   : exit_code(worst);
}

}  // namespace davenport::sim::program
