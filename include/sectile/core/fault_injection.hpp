// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

/// Failures on demand, to test that nothing is lost. Off unless set; a check then costs one load.
namespace sectile::core
{
enum class FaultPoint
{
    allocation,   ///< a large buffer from the memory budget
    device_call,  ///< a call of the accelerator's runtime
    write         ///< a write into a file
};

/// Sets what fails from a text: "KIND=N", "KIND=NxCOUNT" or "KIND=NxCOUNT@RANK", several with
/// commas; KIND is allocation, device or write; the Nth call (from 1) and COUNT - 1 after it fail,
/// on rank RANK only or on all. Empty: nothing fails. Counting starts anew. Throws ConfigError.
void set_faults(std::string const& text, int rank);

/// Whether this call is one that must fail. Counts. Thread-safe.
[[nodiscard]] bool must_fail(FaultPoint point) noexcept;
}  // namespace sectile::core
