# davenport_sim_process: the process world: real nodes, a real store, real sockets. transport.cpp is its only unit with Beast.
davenport_library(sim_process
  process/attached.cpp process/client_pool.cpp process/child.cpp process/descriptors.cpp process/files.cpp process/links.cpp process/log_tail.cpp process/prefix_proxy.cpp process/program.cpp process/relay.cpp process/route_relays.cpp process/environment.cpp process/store_address.cpp process/stream_reader.cpp process/stream_servers.cpp
  process/transport.cpp process/world.cpp process/wrong_clocks.cpp)
target_link_libraries(davenport_sim_process PUBLIC davenport::sim_orchestrator PRIVATE Boost::headers Boost::url Threads::Threads davenport_options)
