# SPDX-License-Identifier: BSD-3-Clause
# sectile_add_layer(NAME SOURCES ... [DEPENDS room...] [LINK public...] [LINK_PRIVATE private...])
#
# Declares the library of one room: a folder of src/. The rooms in DEPENDS, and what they stand on, are
# linked with it. All rooms share the folders of headers, so that the compiler would find those of any other:
# tests/headers/check_layers.cmake is what fails when a file includes a room that does not stand
# below its own. A third-party library in LINK_PRIVATE does not leak its headers upwards.
function(sectile_add_layer name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK;LINK_PRIVATE" ${ARGN})
    add_library(sectile_${name} STATIC ${ARG_SOURCES})
    add_library(sectile::${name} ALIAS sectile_${name})
    target_include_directories(sectile_${name}
        PUBLIC "${PROJECT_SOURCE_DIR}/include"
        PRIVATE "${PROJECT_SOURCE_DIR}/src")
    target_link_libraries(sectile_${name} PRIVATE sectile_flags ${ARG_LINK_PRIVATE})
    target_link_libraries(sectile_${name} PUBLIC ${ARG_LINK})
    foreach(room IN LISTS ARG_DEPENDS)
        if(NOT TARGET sectile_${room})
            message(FATAL_ERROR "room ${name} depends on ${room}, which does not stand below it")
        endif()
        target_link_libraries(sectile_${name} PUBLIC sectile_${room})
    endforeach()
endfunction()
