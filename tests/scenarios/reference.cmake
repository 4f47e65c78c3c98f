# Writes what chatsim says of its own language: the schema for editors, the reference for people.
execute_process(COMMAND ${CHATSIM} schema OUTPUT_FILE ${SCENARIOS}/scenario.schema.json COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CHATSIM} explain OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${SCENARIOS}/REFERENCE.md "# The language of scenario files

Made by `chatsim explain`, which also tells of one key alone: `chatsim explain timeline`. Editors complete and check with scenario.schema.json.


${text}")
