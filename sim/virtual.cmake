# sim_conduct: how a fault of the plan is said to the mock.
add_library(sim_conduct STATIC conduct/store_rule.cpp)
target_link_libraries(sim_conduct PUBLIC sim_base PRIVATE davenport_options)

# sim_conductor: plays a plan, in either world; a machine without I/O.
add_library(sim_conductor STATIC
  conduct/awaited.cpp conduct/conductor.cpp conduct/faults.cpp conduct/finale.cpp)
target_link_libraries(sim_conductor PUBLIC sim_base sim_client PRIVATE sim_conduct davenport_options)

# The virtual world: every core of a run in one process, in virtual time.
add_library(sim_virtual STATIC
  virtual/clients.cpp virtual/events.cpp virtual/links.cpp virtual/nodes.cpp virtual/requests.cpp virtual/stage.cpp virtual/store.cpp
  virtual/world.cpp)
target_link_libraries(sim_virtual PUBLIC sim_base PRIVATE sim_conductor sim_client chat_core couchmock_core davenport_options)
