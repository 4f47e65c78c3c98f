# Installs the components `node` and `tools` of BUILD below SCRATCH: all is in its place, and the programs start.
#   cmake -DBUILD=... -DSCRATCH=... -P programs.cmake
file(REMOVE_RECURSE "${SCRATCH}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}" --component node OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}" --component tools OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(file lib/systemd/system/chatnode.service share/davenport/page/index.html share/davenport/scenarios/store-outage.yaml
    share/doc/davenport-node/PROTOCOL.md
    share/bash-completion/completions/chatsim)
  if(NOT EXISTS "${SCRATCH}/${file}")
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
foreach(program chatnode couchmock chatsim)
  execute_process(COMMAND "${SCRATCH}/bin/${program}" --help OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
# Each command has a manual page, made by the target davenport_man.
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --target davenport_man OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(component node tools)
  execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}" --component ${component} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endforeach()
foreach(page chatnode chatnode-admin-bans-add chatnode-admin-people chatnode-journal-backup chatnode-store-copy chatnode-erase chatnode-status couchmock chatsim
    chatsim-run)
  if(NOT EXISTS "${SCRATCH}/share/man/man1/${page}.1")
    message(FATAL_ERROR "${page} has no manual page")
  endif()
endforeach()
file(READ "${SCRATCH}/share/man/man1/chatnode-admin-bans-add.1" page)
if(NOT page MATCHES "\\.TH CHATNODE-ADMIN-BANS-ADD 1" OR NOT page MATCHES "everywhere" OR NOT page MATCHES "EXIT STATUS" OR
   NOT page MATCHES "chatnode admin bans add mallory")
  message(FATAL_ERROR "the manual page lacks what the help says:\n${page}")
endif()
file(READ "${SCRATCH}/lib/systemd/system/chatnode.service" unit)
if(NOT unit MATCHES "ExecStart=${SCRATCH}/bin/chatnode")
  message(FATAL_ERROR "the unit starts another program than the one that was installed:\n${unit}")
endif()
