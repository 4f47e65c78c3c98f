#include "sim/program/replay_target.hpp"

#include "sim/history/scenario_file.hpp"
#include "sim/program/run_one.hpp"
#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/scenario/value.hpp"
#include "sim/search/replay_file.hpp"
#include "sim/search/sweep.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace davenport::sim::program {

namespace {

namespace fs = std::filesystem;

/// The words of a command line; what stands between quotes is one.
std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::string word;
    char quote = '\0';
    bool any = false;
    for (const char c : line + ' ') {
        if (quote != '\0') {
            if (c == quote)
                quote = '\0';
            else
                word += c;
        } else if (c == '"' || c == '\'') {
            quote = c;
            any = true;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            if (!word.empty() || any) words.push_back(std::move(word));
            word.clear();
            any = false;
        } else {
            word += c;
        }
    }
    return words;
}

std::optional<std::uint64_t> number_in(const std::string& text) {
    std::string why;
    const auto value = parse_value(Type::count, text, why);
    return value ? std::optional{static_cast<std::uint64_t>(value->low)} : std::nullopt;
}

/// A pasted line, taken apart. "chatsim", its command and options that do not matter here may stand in it.
bool read_line(RunName& name) {
    const auto words = words_of(name.text);
    name.text.clear();
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        const auto next = i + 1 < words.size() ? words[i + 1] : std::string{};
        if (word == "--seed" && !name.seed) {
            name.seed = number_in(next);
            if (!name.seed)
                return fmt::print(stderr, "chatsim: --seed needs a number, not '{}'\n", next), false;
        } else if (word == "--add") {
            name.addition = next;
        } else if (word == "--store") {
            name.store.store = next;
        } else if (word == "--nats-servers") {
            name.store.nats_servers = static_cast<int>(number_in(next).value_or(0));
        } else if (word == "--vary") {
            return fmt::print(stderr,
                              "chatsim: run that line itself: replay takes no settings of a matrix\n"),
                   false;
        } else if (word == "--world" && next != "virtual") {
            return fmt::print(stderr, "chatsim: only runs of the virtual world can be replayed\n"), false;
        } else if (!word.starts_with("--") && name.text.empty() && fs::is_regular_file(word)) {
            name.text = word;
            continue;
        }
        if (word.starts_with("--")) ++i;
    }
    if (name.text.empty()) fmt::print(stderr, "chatsim: the line names no file that is there\n");
    return !name.text.empty();
}

std::optional<ReplayTarget> from_replay_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{in}, {}};
    std::string error;
    auto replay = search::read_replay(text, error);
    if (!error.empty()) {
        fmt::print(stderr, "{}: error: {}\n", path, error);
        return {};
    }
    ReplayTarget target;
    target.origin = fmt::format("{}, seed {}", replay.scenario.file, replay.plan.seed);
    target.line = "chatsim replay " + path;
    target.scenario = std::move(replay.scenario);
    target.plan = std::move(replay.plan);
    target.event_hash = replay.event_hash;
    return target;
}

/// "store.lose_reply 7 n2"
std::optional<Plan> plan_with(const Scenario& scenario, std::uint64_t seed, const std::string& addition) {
    const auto words = words_of(addition);
    const auto nth = words.size() > 1 ? number_in(words[1]) : std::nullopt;
    const auto kinds = search::single_fault_kinds();
    if (!nth || words.size() > 3 || std::ranges::find(kinds, words[0]) == kinds.end()) {
        fmt::print(stderr, "chatsim: '{}' is no single fault; as in 'store.lose_reply 7'\n", addition);
        return {};
    }
    return search::with_single_fault(scenario, seed, words[0], *nth, words.size() > 2 ? words[2] : "");
}

}  // namespace

std::string replay_line(const std::string& file, std::uint64_t seed, const std::string& addition,
                        const StoreChoice& store) {
    auto line = fmt::format("chatsim replay {} --seed {}", file, seed);
    if (!addition.empty()) line += fmt::format(" --add '{}'", addition);
    line += flags_of(store);
    return line;
}

std::optional<ReplayTarget> find_replay_target(const RunName& given) {
    auto name = given;
    std::error_code error;
    const bool is_line = !fs::exists(name.text, error) && name.text.find(' ') != std::string::npos;
    if (is_line && !read_line(name)) return {};
    if (name.text.ends_with(".json")) {
        // A scenario may be JSON too; a replay file says what it is.
        std::ifstream in{name.text, std::ios::binary};
        std::string head(64, '\0');
        in.read(head.data(), static_cast<std::streamsize>(head.size()));
        if (head.find("davenport_replay") != std::string::npos) return from_replay_file(name.text);
    }
    auto loaded = load_scenario(name.text);
    if (!loaded.scenario) {
        fmt::print(stderr, "{}", loaded.errors);
        return {};
    }
    if (!is_possible(*loaded.scenario, name.store)) return {};
    if (beyond_the_world({*loaded.scenario}, RunRequest{})) return {};
    ReplayTarget target;
    const auto seed = name.seed.value_or(loaded.scenario->seed);
    target.scenario = draw_choices(with_store(std::move(*loaded.scenario), name.store), seed);
    if (name.addition.empty()) {
        target.plan = make_plan(target.scenario, seed);
    } else if (auto plan = plan_with(target.scenario, seed, name.addition)) {
        target.plan = std::move(*plan);
    } else {
        return {};
    }
    target.origin = fmt::format("{}, seed {}", name.text, seed);
    if (!name.addition.empty()) target.origin += " and " + name.addition;
    target.line = replay_line(name.text, seed, name.addition, name.store);
    return target;
}

bool write_replay_file(const std::string& path, const Scenario& scenario, const Plan& plan,
                       std::uint64_t event_hash) {
    std::ofstream out{path, std::ios::binary};
    out << search::write_replay({scenario, plan, event_hash, DAVENPORT_VERSION});
    out.flush();
    if (!out) fmt::print(stderr, "{}: error: cannot be written\n", path);
    return static_cast<bool>(out);
}

}  // namespace davenport::sim::program
