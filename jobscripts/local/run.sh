#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Mosaic of a folder of frames on this machine, with a few MPI ranks.
#
# usage: jobscripts/local/run.sh INPUT OUTPUT RANKS [options of `sectile run`]
#
# The threads of all ranks together use the cores of the machine; one rank per NUMA domain (socket)
# is a good choice, 1 or 2 on a workstation. SECTILE names another executable than build/release/sectile.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: jobscripts/local/run.sh INPUT OUTPUT RANKS [options of sectile run]" >&2
    exit 2
fi
input=$1
output=$2
ranks=$3
shift 3
case "$ranks" in
    '' | *[!0-9]* | 0)
        echo "run.sh: the number of ranks must be a whole number from 1 (it is '$ranks')" >&2
        exit 2
        ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sectile=${SECTILE:-$root/build/release/sectile}
if [ ! -x "$sectile" ]; then
    echo "run.sh: $sectile is not there; build it with ./tools/setup" >&2
    exit 2
fi
# shellcheck source=tools/dev/mpi_environment.sh
. "$root/tools/dev/mpi_environment.sh"
prepare_mpi "$ranks"

# sectile pins nothing itself and shares the cores among the ranks of a node: leave them unbound.
exec mpirun --bind-to none -n "$ranks" "$sectile" run --input "$input" --output "$output" "$@"
