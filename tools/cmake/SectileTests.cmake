# SPDX-License-Identifier: BSD-3-Clause
find_package(GTest REQUIRED)

set(SECTILE_TEST_DATA "${PROJECT_SOURCE_DIR}/../shared/data" CACHE PATH
    "Folder with the real images that some tests use; they skip where it is missing")

# sectile_add_test(NAME SOURCES ... LAYERS ... [LINK ...] [RANKS 1 2 3 4] [LABELS ...] [TIMEOUT s])
#
# One GoogleTest executable. With RANKS it is run under mpiexec once per rank count (ctest name
# NAME_rK) and carries the label mpi; without, it is run as a plain process. A run that executes no
# test fails. LAYERS: the rooms it uses. Labels are LABELS and those of the folder
# (SECTILE_TEST_LABELS).
function(sectile_add_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LAYERS;LINK;RANKS;LABELS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 300)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests" "${PROJECT_SOURCE_DIR}/src")
    list(TRANSFORM ARG_LAYERS PREPEND sectile_)
    target_link_libraries(${name} PRIVATE sectile_flags ${ARG_LAYERS} ${ARG_LINK})
    set(environment
        "SECTILE_TEST_DATA=$ENV{SECTILE_TEST_DATA}"
        "OMPI_ALLOW_RUN_AS_ROOT=1" "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"
        "OMPI_MCA_rmaps_base_oversubscribe=1" "OMPI_MCA_btl_vader_single_copy_mechanism=none")
    if("$ENV{SECTILE_TEST_DATA}" STREQUAL "")
        list(POP_FRONT environment)
        list(PREPEND environment "SECTILE_TEST_DATA=${SECTILE_TEST_DATA}")
    endif()
    if(ARG_RANKS)
        target_link_libraries(${name} PRIVATE sectile_test_mpi_main)
        foreach(ranks IN LISTS ARG_RANKS)
            add_test(NAME ${name}_r${ranks}
                     COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${name}>)
            set_tests_properties(${name}_r${ranks} PROPERTIES
                ENVIRONMENT "${environment}" TIMEOUT ${ARG_TIMEOUT} LABELS "mpi;${SECTILE_TEST_LABELS};${ARG_LABELS}"
                PROCESSORS ${ranks})
        endforeach()
    else()
        target_link_libraries(${name} PRIVATE sectile_test_main)
        add_test(NAME ${name} COMMAND ${name})
        set_tests_properties(${name} PROPERTIES
            ENVIRONMENT "${environment}" TIMEOUT ${ARG_TIMEOUT} LABELS "${SECTILE_TEST_LABELS};${ARG_LABELS}")
    endif()
endfunction()
