# SPDX-License-Identifier: BSD-3-Clause
# cmake -DROOT=<repository> -P check_layers.cmake
#
# Fails when a file of src/ or include/ includes a room that does not stand below its own, a private
# header of another room, or a third-party header outside the folder that owns it.
cmake_minimum_required(VERSION 3.25)

# Rooms that a room stands on. What stands below those may be used too.
set(stands_on_core "")
set(stands_on_image core)
set(stands_on_compute image)
set(stands_on_measure image)
set(stands_on_sky image)
set(stands_on_plan sky)
set(stands_on_solve sky)
set(stands_on_comm core)
set(stands_on_report core)
set(stands_on_io comm sky)
set(stands_on_machine comm compute plan)
set(stands_on_source compute io)
set(stands_on_engine source machine)
set(stands_on_tile engine)
set(stands_on_ingest source measure solve plan)
set(stands_on_astrometry solve plan io)
set(stands_on_photometry engine solve)
set(stands_on_product plan io)
set(stands_on_simulate io)
set(stands_on_pipeline ingest astrometry photometry tile product report)
set(stands_on_app pipeline product simulate machine)
set(layers core image compute measure sky plan solve comm report io machine source engine tile ingest astrometry photometry product simulate pipeline app)

# All that stands below each, in the order above: what a room stands on comes before it.
foreach(room IN LISTS layers)
    set(below_${room} ${stands_on_${room}})
    foreach(lower IN LISTS stands_on_${room})
        list(APPEND below_${room} ${below_${lower}})
    endforeach()
    list(REMOVE_DUPLICATES below_${room})
endforeach()

# Third-party headers and the only files that may name them: pairs of regular expressions.
set(owned
    "^mpi\\.h$"             "^src/(comm/|io/(hdf5|canvas)[a-z0-9_]*\\.)"
    "^(fitsio2?|longnam)\\.h$" "^src/io/"
    "^hdf5(_hl)?\\.h$"      "^src/io/"
    "^png\\.h$"             "^src/io/"
    "^sep\\.h$"             "^src/measure/"
    "^wcslib/"              "^src/sky/"
    "^cuda"                 "^src/compute/cuda/"
    "^boost/"               "^src/app/"
    "^hwloc"                "^src/machine/"
    "^(tbb|oneapi)/"        "^src/(machine|simulate)/")
# The one private header that another room may see: the MPI communicator that parallel HDF5 needs.
set(lent_header "comm/mpi_handle.hpp")
set(lent_to "^src/io/hdf5[a-z0-9_]*\\.")

# Too heavy, or not ours to show, in any public header.
set(never_public "^(mpi\\.h|fitsio|hdf5|png\\.h|wcslib/|cuda|boost/|nlohmann/|spdlog/|fmt/|Eigen/|nanoflann|tbb/|oneapi/|hwloc|sep\\.h)")

set(breaches 0)
macro(report_breach why)
    math(EXPR breaches "${breaches} + 1")
    message(NOTICE "${file} includes ${header}: ${why}")
endmacro()

file(GLOB_RECURSE files RELATIVE "${ROOT}"
    "${ROOT}/src/*.hpp" "${ROOT}/src/*.cpp" "${ROOT}/src/*.cu" "${ROOT}/src/*.cuh" "${ROOT}/include/sectile/*.hpp")
if(NOT files)
    message(FATAL_ERROR "no sources under '${ROOT}'")
endif()
foreach(file IN LISTS files)
    if(NOT file MATCHES "^(src|include/sectile)/([a-z]+)/")
        continue()
    endif()
    set(layer "${CMAKE_MATCH_2}")
    if(NOT layer IN_LIST layers)
        message(FATAL_ERROR "${file} belongs to no known room")
    endif()
    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^[^<\"]*[<\"]([^>\"]*).*$" "\\1" header "${line}")
        if(header MATCHES "^sectile/([a-z]+)/")
            set(used "${CMAKE_MATCH_1}")
            if(NOT used STREQUAL layer AND NOT used IN_LIST below_${layer})
                report_breach("${used} does not stand below ${layer}")
            endif()
        elseif(header MATCHES "^([a-z]+)/" AND CMAKE_MATCH_1 IN_LIST layers AND NOT CMAKE_MATCH_1 STREQUAL layer)
            set(owner "${CMAKE_MATCH_1}")
            if(NOT (header STREQUAL lent_header AND file MATCHES "${lent_to}"))
                report_breach("it is private to ${owner}")
            endif()
        endif()
        if(file MATCHES "^include/" AND header MATCHES "${never_public}")
            report_breach("third-party headers stay out of public headers")
            continue()
        endif()
        set(rest ${owned})
        while(rest)
            list(POP_FRONT rest pattern owners)
            if(header MATCHES "${pattern}" AND NOT file MATCHES "${owners}")
                report_breach("only files matching ${owners} may")
            endif()
        endwhile()
    endforeach()
endforeach()
if(breaches GREATER 0)
    message(FATAL_ERROR "${breaches} breaches between the rooms")
endif()
