# Plays a scenario on real processes whose nodes bear a planted bug: it must fail, and FOUND_BY must be among what failed.
#   cmake -DCHATSIM=... -DSCENARIO=... -DNODE=... -DOUT=... -DFOUND_BY=no_loss -P process.cmake
set(nodes "")
foreach(number RANGE 1 3)
  list(APPEND nodes --node-binary n${number}=${NODE})
endforeach()
execute_process(COMMAND ${CHATSIM} run ${SCENARIO} --world process --out ${OUT} ${nodes} OUTPUT_VARIABLE told ERROR_VARIABLE told
  RESULT_VARIABLE code)
message("${told}")
if(NOT code EQUAL 1)
  message(FATAL_ERROR "it should have failed (exit code 1), and ended with ${code}")
endif()
if(NOT told MATCHES "FAIL[^\n]*${FOUND_BY}")
  message(FATAL_ERROR "${FOUND_BY} is not named")
endif()
