# davenport_sim_base: the history's records, the scenario language, and the plan that a seed makes of a scenario. Plain values.
davenport_library(sim_base
  history/history_file.cpp history/joined_history.cpp record/record.cpp history/scenario_file.cpp
  scenario/arrivals.cpp scenario/condition.cpp scenario/expression.cpp scenario/fault_kinds.cpp scenario/keys.cpp scenario/parameters.cpp
  scenario/draw_choices.cpp scenario/placement_reader.cpp scenario/plan.cpp scenario/problem.cpp scenario/properties.cpp scenario/world_support.cpp scenario/reader.cpp scenario/reference.cpp scenario/schema.cpp scenario/share.cpp scenario/validate.cpp
  scenario/value.cpp scenario/yaml_flow.cpp scenario/yaml_form.cpp scenario/yaml_tree.cpp)
target_link_libraries(davenport_sim_base PUBLIC davenport::base PRIVATE davenport::couchmock_fault_table yaml-cpp davenport_options)
# Where a unit is a batch of sources: its words (object, number, ...) are those of JSON Schema, and of half of its neighbours.
set_source_files_properties(scenario/schema.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
