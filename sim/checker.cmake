# davenport_sim_checker: judges a history. Sees records, scenarios and plans; no node, no world, no sockets.
davenport_library(sim_checker
  checker/audience.cpp checker/changes.cpp checker/context.cpp checker/convergence.cpp checker/duplicates.cpp checker/evidence.cpp checker/facts.cpp
  checker/facts_changes.cpp
  checker/facts_records.cpp checker/fifo.cpp checker/judge.cpp checker/latency.cpp checker/loss.cpp checker/order.cpp checker/outbox.cpp
  checker/pages.cpp checker/people.cpp checker/phantoms.cpp checker/phases.cpp checker/recovery.cpp checker/ran.cpp checker/search.cpp checker/series.cpp checker/silence.cpp checker/storm.cpp checker/stories.cpp
  checker/summary.cpp checker/thresholds.cpp checker/watch.cpp checker/whole_history.cpp checker/facts_policies.cpp
  checker/policies.cpp)
target_link_libraries(davenport_sim_checker PUBLIC davenport::sim_base fmt::fmt PRIVATE davenport_options)
