# SPDX-License-Identifier: BSD-3-Clause
# Third-party packages, each found once here and linked by the one room that owns it.
find_package(Threads REQUIRED)
if(SECTILE_KERNELS_ONLY)
    return()
endif()

find_package(PkgConfig REQUIRED)
find_package(MPI REQUIRED COMPONENTS C)
pkg_check_modules(CFITSIO REQUIRED IMPORTED_TARGET cfitsio)
pkg_check_modules(WCSLIB REQUIRED IMPORTED_TARGET wcslib)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(FMT REQUIRED IMPORTED_TARGET fmt)
pkg_check_modules(SPDLOG REQUIRED IMPORTED_TARGET spdlog)
find_package(PNG REQUIRED)
find_package(TBB REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(nanoflann REQUIRED)

set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "the HDF5 found is serial; sectile needs a parallel one (Debian: libhdf5-openmpi-dev)")
endif()
if(NOT TARGET sectile_hdf5)
    add_library(sectile_hdf5 INTERFACE)
    target_include_directories(sectile_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
    target_link_libraries(sectile_hdf5 INTERFACE ${HDF5_LIBRARIES} MPI::MPI_C)
endif()

# SEP comes without a package file. LGPL: only the shared library will do.
find_path(SEP_INCLUDE_DIR sep.h)
find_library(SEP_LIBRARY NAMES ${CMAKE_SHARED_LIBRARY_PREFIX}sep${CMAKE_SHARED_LIBRARY_SUFFIX})
if(NOT SEP_INCLUDE_DIR OR NOT SEP_LIBRARY)
    message(FATAL_ERROR "SEP was not found; sectile measures stars with it (Debian: libsep-dev)")
endif()
if(NOT TARGET SEP::SEP)
    add_library(SEP::SEP SHARED IMPORTED)
    set_target_properties(SEP::SEP PROPERTIES
        IMPORTED_LOCATION "${SEP_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${SEP_INCLUDE_DIR}")
endif()
