// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// HDF5 includes <mpi.h>; the layer's header of it leaves the C++ bindings out.
#include <string>
#include <utility>

#include <hdf5.h>

#include "comm/mpi_handle.hpp"

namespace sectile::io
{
/// Move-only owner of an HDF5 identifier of any kind: file, dataset, dataspace, property list.
class Hdf5Handle
{
  public:
    using Close = herr_t (*)(hid_t);

    Hdf5Handle() = default;
    /// Takes over `id`; throws core::IoError with HDF5's reason when it is not valid. `action` is
    /// what was tried: "create dataset /science".
    Hdf5Handle(hid_t id, Close close, std::string const& action);
    ~Hdf5Handle() { reset(); }
    Hdf5Handle(Hdf5Handle&& other) noexcept
        : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_)
    {}
    Hdf5Handle& operator=(Hdf5Handle&& other) noexcept
    {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    Hdf5Handle(Hdf5Handle const&) = delete;
    Hdf5Handle& operator=(Hdf5Handle const&) = delete;

    [[nodiscard]] hid_t get() const { return id_; }
    [[nodiscard]] bool is_open() const { return id_ >= 0; }
    /// Closes now; false when HDF5 reports an error, which a destructor could not tell.
    bool reset();
    /// Gives the identifier up without closing it; HDF5 does it when the process ends.
    void abandon() { id_ = H5I_INVALID_HID; }

  private:
    hid_t id_ = H5I_INVALID_HID;
    Close close_ = nullptr;
};

/// Errors become exceptions, so HDF5 must not print them itself.
void silence_hdf5();

/// Why the last call of HDF5 failed: its innermost message, or the operating system's where it has
/// one.
[[nodiscard]] std::string hdf5_reason();

/// Throws core::IoError "cannot <action> (<reason>)" when `status` is negative.
void check_hdf5(herr_t status, std::string const& action);
}  // namespace sectile::io
