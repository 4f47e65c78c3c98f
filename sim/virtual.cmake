# davenport_sim_store_rule: how a fault of the plan is said to the mock.
davenport_library(sim_store_rule orchestrator/store_rule.cpp)
target_link_libraries(davenport_sim_store_rule PUBLIC davenport::sim_base PRIVATE davenport::couchmock_fault_table davenport_options)

# davenport_sim_orchestrator: plays a plan, in either world; a machine without I/O.
davenport_library(sim_orchestrator
  orchestrator/clients.cpp orchestrator/faults.cpp orchestrator/final_reads.cpp orchestrator/healing.cpp orchestrator/nodes.cpp
  orchestrator/by_hand.cpp orchestrator/orchestrator.cpp orchestrator/others_messages.cpp orchestrator/page_turns.cpp orchestrator/pending_deliveries.cpp orchestrator/placement.cpp orchestrator/searches.cpp orchestrator/store_faults.cpp orchestrator/stream_control.cpp
  orchestrator/policies.cpp orchestrator/foreign.cpp orchestrator/replication.cpp)
target_link_libraries(davenport_sim_orchestrator PUBLIC davenport::sim_base davenport::sim_client PRIVATE davenport::sim_store_rule davenport_options)

# davenport_model_journal: the journal of the virtual world, on a disk that loses what was not synced.
davenport_library(model_journal virtual/model_journal.cpp)
target_link_libraries(davenport_model_journal PUBLIC davenport::base PRIVATE davenport_options)

# davenport_model_jetstream: a NATS server of the virtual world, and a cluster of them.
davenport_library(model_jetstream virtual/model_jetstream.cpp virtual/model_cluster.cpp)
target_link_libraries(davenport_model_jetstream PUBLIC davenport::base PRIVATE davenport_options)

# The virtual world: every core of a run in one process, in virtual time.
davenport_library(sim_virtual
  virtual/clients.cpp virtual/connections.cpp virtual/environment.cpp virtual/environment_faults.cpp virtual/events.cpp virtual/node.cpp virtual/store.cpp virtual/stream_store.cpp
  virtual/world.cpp)
target_link_libraries(davenport_sim_virtual PUBLIC davenport::sim_base PRIVATE davenport::model_jetstream davenport::model_journal davenport::sim_orchestrator davenport::sim_client davenport::node_core davenport::couchmock_core davenport_options)
