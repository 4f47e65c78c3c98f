# sim_base: the history's records, the scenario language, and the plan that a seed makes of a scenario. Plain values.
add_library(sim_base STATIC
  history/record.cpp history/history_file.cpp)
target_link_libraries(sim_base PUBLIC chat_base PRIVATE yaml-cpp davenport_options)
