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
file(READ "${SCRATCH}/lib/systemd/system/chatnode.service" unit)
if(NOT unit MATCHES "ExecStart=${SCRATCH}/bin/chatnode")
  message(FATAL_ERROR "the unit starts another program than the one that was installed:\n${unit}")
endif()
