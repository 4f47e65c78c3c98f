# The search: many runs of the virtual world on all processors, and what is found made small.
davenport_library(sim_search
  search/explicit_form.cpp search/explore.cpp search/failure.cpp search/identity.cpp search/mutation.cpp search/seed_ranges.cpp search/situation_coverage.cpp search/replay_file.cpp search/scenario_text.cpp search/shares.cpp
  search/shrink.cpp search/shrink_setting.cpp search/shrink_steps.cpp search/shrink_times.cpp search/story.cpp search/sweep.cpp search/trail.cpp search/trial.cpp)
target_link_libraries(davenport_sim_search PUBLIC davenport::sim_base davenport::sim_checker PRIVATE davenport::sim_virtual Threads::Threads davenport_options)
