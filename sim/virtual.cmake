# The virtual world: every core of a run in one process, in virtual time.
add_library(sim_conduct STATIC conduct/store_rule.cpp)
target_link_libraries(sim_conduct PUBLIC sim_base PRIVATE davenport_options)

add_library(sim_virtual STATIC
  virtual/clients.cpp virtual/events.cpp virtual/links.cpp virtual/nodes.cpp virtual/stage.cpp virtual/store.cpp
  virtual/world.cpp)
target_link_libraries(sim_virtual PUBLIC sim_base PRIVATE sim_conductor sim_client chat_core couchmock_core davenport_options)
