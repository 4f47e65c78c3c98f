#include "reports/reports.hpp"
#include "sim/history/history_file.hpp"
#include "tests/sim/reports_history.hpp"

#include <cstdio>
#include <cstring>
#include <filesystem>

using namespace davenport;

// reports_example DIR [lose] [slow]: a made-up run's history and everything that is reported of it, for
// scripts that look at the files.
int main(int argc, char** argv) {
    if (argc < 2) return 64;
    const std::filesystem::path dir{argv[1]};
    reports::test::MakeUp how;
    for (int i = 2; i < argc; ++i) {
        how.lose = how.lose || std::strcmp(argv[i], "lose") == 0;
        if (std::strcmp(argv[i], "slow") == 0) how.slower_us = 50'000;
    }
    std::filesystem::create_directories(dir);
    const auto run = reports::test::make_up(how);
    sim::checker::Judge judge{run.scenario, run.plan};
    {
        sim::HistoryWriter history{dir / "history.jsonl"};
        for (const auto& record : run.records) {
            history.add(record);
            judge.add(record);
        }
    }
    const auto verdict = judge.finish();
    const auto summary = judge.summary();
    reports::RunInfo info;
    info.world = "virtual";
    info.store = "couchmock";
    info.seed = how.seed;
    info.replay = "chatsim run scenarios/made_up.yaml --world virtual --seed 1";
    info.event_hash = 0x1234abcd5678ef90;
    info.events = run.records.size();
    info.took_ms = 1'234;
    info.environment = reports::environment();
    const auto error = reports::write_results(dir, {info, run.scenario, verdict, summary});
    std::fputs(error.c_str(), stderr);
    return error.empty() ? 0 : 1;
}
