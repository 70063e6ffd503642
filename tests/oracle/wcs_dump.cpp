// SPDX-License-Identifier: BSD-3-Clause
// Prints what sectile makes of the coordinate systems of files, for comparison with other programs:
//   frame PATH HDU WIDTH HEIGHT SCALE_ARCSEC     then, for a lattice of pixels over the image,
//   X Y RA DEC X_BACK Y_BACK                      (0-based pixels, ICRS degrees, pixels of the way
//   back)
// or
//   unusable PATH HDU REASON
#include <algorithm>
#include <cstdio>
#include <string>

#include "sectile/core/error.hpp"
#include "sectile/io/frame_reader.hpp"
#include "sectile/sky/sky_wcs.hpp"

namespace
{
using sectile::sky::FrameHeader;
using sectile::sky::PixelPos;
using sectile::sky::SkyCoord;
using sectile::sky::SkyWcs;

constexpr int lattice = 9;  ///< points along a side

void print_lattice(FrameHeader const& frame)
{
    SkyWcs const wcs(frame.wcs);
    std::printf("frame %s %d %lld %lld %.6f\n", frame.path.c_str(), frame.hdu,
                static_cast<long long>(wcs.width()), static_cast<long long>(wcs.height()),
                wcs.pixel_scale().arcsec());
    for (int j = 0; j < lattice; ++j) {
        for (int i = 0; i < lattice; ++i) {
            PixelPos const pixel{static_cast<double>(wcs.width() - 1) * i / (lattice - 1),
                                 static_cast<double>(wcs.height() - 1) * j / (lattice - 1)};
            SkyCoord const sky = wcs.pixel_to_sky(pixel);
            PixelPos const back = wcs.sky_to_pixel(sky);
            std::printf("%.17g %.17g %.17g %.17g %.17g %.17g\n", pixel.x, pixel.y,
                        sky.lon.degrees(), sky.lat.degrees(), back.x, back.y);
        }
    }
}
}  // namespace

int main(int argc, char** argv)
{
    for (int k = 1; k < argc; ++k) {
        sectile::io::FileScan const scan = sectile::io::scan_file(argv[k], false);
        for (auto const& bad : scan.unreadable) {
            std::printf("unusable %s %d %s\n", bad.path.c_str(), bad.hdu, bad.reason.c_str());
        }
        for (FrameHeader const& frame : scan.frames) {
            try {
                print_lattice(frame);
            } catch (sectile::core::Error const& error) {
                std::printf("unusable %s %d %s\n", frame.path.c_str(), frame.hdu, error.what());
            }
        }
    }
    return 0;
}
