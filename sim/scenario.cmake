# sim_base: the history's records, the scenario language, and the plan that a seed makes of a scenario. Plain values.
add_library(sim_base STATIC
  history/history_file.cpp history/record.cpp history/scenario_file.cpp
  scenario/arrivals.cpp scenario/condition.cpp scenario/expression.cpp scenario/fault_kinds.cpp scenario/keys.cpp scenario/parameters.cpp
  scenario/of_seed.cpp scenario/plan.cpp scenario/problem.cpp scenario/properties.cpp scenario/reach.cpp scenario/reader.cpp scenario/reference.cpp scenario/schema.cpp scenario/sense.cpp
  scenario/value.cpp scenario/yaml_tree.cpp)
target_link_libraries(sim_base PUBLIC chat_base PRIVATE yaml-cpp davenport_options)
