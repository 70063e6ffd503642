// SPDX-License-Identifier: BSD-3-Clause
#include "sectile/core/error.hpp"
#include "sectile/io/canvas_file.hpp"

#include "io/canvas_file_schema.hpp"

namespace sectile::io
{
struct CanvasReader::Impl
{
    std::string path;
    Hdf5Handle file;
    CanvasLayout layout;
    CanvasDatasets datasets;

    template <class T>
    void read(Hdf5Handle const& dataset, char const* name, hid_t type, int planes,
              image::ImageView<T> const& out) const;
};

template <class T>
void CanvasReader::Impl::read(Hdf5Handle const& dataset, char const* name, hid_t type, int planes,
                              image::ImageView<T> const& out) const
{
    if (out.box.empty()) {
        return;
    }
    core::require(out.data != nullptr && out.planes == planes, "a window has the canvas' planes");
    core::require(core::Box{0, 0, layout.width, layout.height}.contains(out.box),
                  "a window lies inside the canvas");
    core::require(planes == 1 || out.plane_stride % out.row_stride == 0,
                  "planes of a window are whole rows apart");
    CanvasSelection const selection(
        dataset.get(), out.box, planes, out.row_stride,
        planes > 1 ? out.plane_stride / out.row_stride : out.box.height());
    check_hdf5(H5Dread(dataset.get(), type, selection.memory_space(), selection.file_space(),
                       H5P_DEFAULT, out.data),
               std::string("read /") + name + " of " + path);
}

CanvasReader::CanvasReader(std::string const& path) : impl_(std::make_unique<Impl>())
{
    silence_hdf5();
    impl_->path = path;
    try {
        std::string const action = "open it";
        Hdf5Handle const access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, action);
        check_hdf5(H5Pset_fapl_sec2(access.get()), action);
        check_hdf5(H5Pset_file_locking(access.get(), 0, 1), action);
        impl_->file = {H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose, action};
        impl_->datasets = open_canvas(impl_->file.get(), impl_->layout);
    } catch (core::IoError const& error) {
        throw core::IoError(core::sentence("cannot read canvas file " + path, error.what()));
    }
}

CanvasReader::~CanvasReader() = default;

CanvasLayout const& CanvasReader::layout() const
{
    return impl_->layout;
}

void CanvasReader::read_science(image::ImageView<float> out) const
{
    impl_->read(impl_->datasets.science, "science", H5T_NATIVE_FLOAT, impl_->layout.planes, out);
}

void CanvasReader::read_weight(image::ImageView<float> out) const
{
    impl_->read(impl_->datasets.weight, "weight", H5T_NATIVE_FLOAT, impl_->layout.planes, out);
}

void CanvasReader::read_coverage(image::ImageView<std::uint32_t> out) const
{
    impl_->read(impl_->datasets.coverage, "coverage", H5T_NATIVE_UINT32, impl_->layout.planes, out);
}

void CanvasReader::read_alpha(image::ImageView<std::uint8_t> out) const
{
    impl_->read(impl_->datasets.alpha, "alpha", H5T_NATIVE_UINT8, 1, out);
}
}  // namespace sectile::io
