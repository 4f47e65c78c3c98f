# Installs the component `development` of BUILD below SCRATCH, builds CONSUMER there with nothing else of ours in sight, and runs it.
#   cmake -DBUILD=... -DCONSUMER=... -DSCRATCH=... -DCOMPILER=... -P install.cmake
file(REMOVE_RECURSE "${SCRATCH}")
set(step COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${SCRATCH}/prefix" --component development ${step} OUTPUT_QUIET)
file(COPY "${CONSUMER}" DESTINATION "${SCRATCH}")
execute_process(COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${SCRATCH}/consumer" -B "${SCRATCH}/build" "-DCMAKE_PREFIX_PATH=${SCRATCH}/prefix"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" ${step})
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${SCRATCH}/build" ${step})
execute_process(COMMAND "${SCRATCH}/build/consumer" ${step})
