# The simulated client: a machine without I/O. Shares the message key with the node, and no other code of it.
add_library(sim_client STATIC client/client_core.cpp client/client_sees.cpp client/long_polling.cpp client/message_text.cpp)
target_link_libraries(sim_client PUBLIC chat_base PRIVATE davenport_options)
