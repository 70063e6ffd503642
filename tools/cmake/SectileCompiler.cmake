# SPDX-License-Identifier: BSD-3-Clause
# Flags that every target of the project gets, through the interface target sectile_flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(SECTILE_CCACHE ccache)
if(SECTILE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${SECTILE_CCACHE}")
endif()

add_library(sectile_flags INTERFACE)
# Contraction to fused multiply-add would make the bytes of a product depend on the machine.
target_compile_options(sectile_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -ffp-contract=off -fno-math-errno>
    $<$<COMPILE_LANGUAGE:CXX>:-fopenmp-simd>)
foreach(sanitizer IN LISTS SECTILE_SANITIZE)
    target_compile_options(sectile_flags INTERFACE
        $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${sanitizer} -fno-omit-frame-pointer>)
    target_link_options(sectile_flags INTERFACE -fsanitize=${sanitizer})
endforeach()
