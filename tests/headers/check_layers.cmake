# SPDX-License-Identifier: BSD-3-Clause
# cmake -DROOT=<repository> -P check_layers.cmake
#
# Fails when a file of src/ or include/ includes a layer that does not stand below its own, a private
# header of another layer, or a third-party header outside the folder that owns it.
cmake_minimum_required(VERSION 3.25)

# Layers that a layer may use, besides itself (the design's section on layers).
set(below_core "")
set(below_image core)
set(below_compute image core)
set(below_measure image core)
set(below_sky image core)
set(below_plan sky image core)
set(below_solve sky image core)
set(below_comm core)
set(below_io comm sky image core)
set(below_engine compute io plan comm sky image core)
set(below_report core)
set(below_pipeline engine measure solve report compute io plan comm sky image core)
set(below_app pipeline engine measure solve report compute io plan comm sky image core)
set(layers core image compute measure sky plan solve comm io engine report pipeline app)

# Third-party headers and the only files that may name them: pairs of regular expressions.
set(owned
    "^mpi\\.h$"             "^src/(comm/|io/(hdf5|canvas)[a-z0-9_]*\\.)"
    "^(fitsio2?|longnam)\\.h$" "^src/io/"
    "^hdf5(_hl)?\\.h$"      "^src/io/"
    "^png\\.h$"             "^src/io/"
    "^sep\\.h$"             "^src/measure/"
    "^wcslib/"              "^src/sky/"
    "^cuda"                 "^src/compute/cuda/"
    "^boost/"               "^src/app/")
# The one private header that another layer may see: the MPI communicator that parallel HDF5 needs.
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
        message(FATAL_ERROR "${file} belongs to no known layer")
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
    message(FATAL_ERROR "${breaches} breaches of the layers")
endif()
