# Plays a fixed set of scenarios in the virtual world and compares the rolling hash over all their events with hashes.txt: the same seed
# is the same run on every compiler, optimisation and processor. cmake -DCHATSIM=... -DSCENARIOS=... -DEXPECTED=... [-DRENEW=ON] -P
set(told "")
foreach(run store-outage:42 node-killed-in-outage:1 feed-rewind:1 lost-replies:1 late-joiner:1 article-2012:1
        swarm:1 swarm:2 swarm:3 swarm:5 swarm:8 swarm:13)
  string(REPLACE ":" ";" run ${run})
  list(GET run 0 name)
  list(GET run 1 seed)
  execute_process(COMMAND ${CHATSIM} verify ${SCENARIOS}/${name}.yaml --seed ${seed} OUTPUT_VARIABLE line ERROR_VARIABLE trouble
    RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${name}, seed ${seed}: ${line}${trouble}")
  endif()
  string(APPEND told "${line}")
endforeach()
if(RENEW)
  file(WRITE ${EXPECTED} "${told}")
  return()
endif()
file(READ ${EXPECTED} expected)
if(NOT told STREQUAL expected)
  message(FATAL_ERROR "these runs are not those of ${EXPECTED}:\n${told}expected:\n${expected}"
    "If the behaviour was meant to change: ./dev hashes --renew")
endif()
