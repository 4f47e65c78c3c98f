# Brings node_modules up to the lock file: nothing to do when npm's own record of what it installed is newer.
set(here ${CMAKE_CURRENT_LIST_DIR})
if(NOT NPM)
  message(FATAL_ERROR "npm is not there: install it (Debian: nodejs and npm), or run ./dev test, which does")
endif()
if(EXISTS ${here}/node_modules/.package-lock.json AND
   NOT ${here}/package-lock.json IS_NEWER_THAN ${here}/node_modules/.package-lock.json)
  return()
endif()
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund WORKING_DIRECTORY ${here} COMMAND_ERROR_IS_FATAL ANY)
