# sim_process: the process world: real nodes, a real store, real sockets. transport.cpp is its only unit with Beast.
add_library(sim_process STATIC
  process/attached.cpp process/cast.cpp process/child.cpp process/files.cpp process/links.cpp process/log_tail.cpp process/program.cpp process/relay.cpp process/stage.cpp process/store_address.cpp
  process/transport.cpp process/world.cpp)
target_link_libraries(sim_process PUBLIC sim_conductor PRIVATE Boost::headers Boost::url Threads::Threads davenport_options)
