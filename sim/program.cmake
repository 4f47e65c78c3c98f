# chatsim: the scenario runner. Knows the worlds, the judges and the reports; main.cpp is its only unit with CLI11.
add_executable(chatsim
  program/check.cpp program/compare.cpp program/explore.cpp program/generator_flags.cpp program/interrupt.cpp program/main.cpp program/matrix.cpp program/merge.cpp program/main_search.cpp program/node_flags.cpp program/progress.cpp
  program/replay_target.cpp program/reference.cpp program/replay.cpp program/run.cpp program/run_folder.cpp program/shrink.cpp program/store_choice.cpp program/summary.cpp
  program/sweep.cpp program/verify.cpp)
davenport_precompile(chatsim)
target_link_libraries(chatsim PRIVATE
  davenport::sim_base davenport::sim_checker davenport::sim_virtual davenport::sim_search davenport::reports davenport_version yaml-cpp
  CLI11::CLI11 davenport_options)
if(TARGET davenport::sim_process)
  target_link_libraries(chatsim PRIVATE davenport::sim_process)
  target_compile_definitions(chatsim PRIVATE DAVENPORT_PROCESS_WORLD)
endif()

# The virtual world is a quarter malloc: with this one a sweep takes 0.85 of the time (three pairs, interleaved). Sanitizers bring their own.
if(NOT DAVENPORT_SANITIZE)
  find_package(mimalloc REQUIRED)
  target_link_libraries(chatsim PRIVATE mimalloc)
endif()
