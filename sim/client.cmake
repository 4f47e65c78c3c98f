# The simulated client: a machine without I/O. Shares the message key with the node, and no other code of it.
davenport_library(sim_client client/client_changes.cpp client/client_core.cpp client/client_sees.cpp client/long_polling.cpp client/message_text.cpp client/posts.cpp)
target_link_libraries(davenport_sim_client PUBLIC davenport::base PRIVATE davenport_options)
