// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Marks a function of the numerics that runs on the host and, compiled by nvcc, on a device too.
#if defined(__CUDACC__)
#define SECTILE_HOST_DEVICE __host__ __device__
#else
#define SECTILE_HOST_DEVICE
#endif
