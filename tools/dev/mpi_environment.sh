# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Sourced by scripts that start mpirun with a given number of ranks on this machine.
# prepare_mpi RANKS: sets what Open MPI wants where the defaults refuse to start.
prepare_mpi() {
    local ranks=$1
    if [ "$(id -u)" -eq 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    # More ranks than cores is a fair wish for a trial; Open MPI wants to be told.
    if [ "$ranks" -gt "$(nproc)" ]; then
        export OMPI_MCA_rmaps_base_oversubscribe=1
    fi
    # Containers often forbid the system call of the single-copy transport; it then only warns and
    # falls back, line after line.
    export OMPI_MCA_btl_vader_single_copy_mechanism="${OMPI_MCA_btl_vader_single_copy_mechanism:-none}"
}
