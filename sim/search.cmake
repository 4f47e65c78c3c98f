# The search: many runs of the virtual world on all processors, and what is found made small.
add_library(sim_search STATIC
  search/explicit_form.cpp search/failure.cpp search/marks.cpp search/replay_file.cpp search/scenario_text.cpp
  search/shrink.cpp search/shrink_setting.cpp search/shrink_steps.cpp search/shrink_times.cpp search/story.cpp search/sweep.cpp search/trial.cpp)
target_link_libraries(sim_search PUBLIC sim_base sim_checker PRIVATE sim_virtual Threads::Threads davenport_options)
