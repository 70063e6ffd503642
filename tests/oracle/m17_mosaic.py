#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""M17, eight 2MASS tiles: the plain bilinear mean equals that of SWarp, of Montage and of astropy's coordinates.

Compared pixel by pixel on the grid of tmpl.hdr. SWarp's combination was WEIGHTED with weights from its own noise
estimates, so that it is the plain mean only where one tile covers the pixel; Montage's area-weighted mean is it everywhere.
Both scale fluxes by at most 2e-6 for the change of pixel scale, far below the limits. Montage's overlap of pixel areas is
bilinear interpolation here, because tiles and grid have the same scale and are turned by 0.06 degrees only.
"""
import glob
import os

from oracle_tools import (WCS, BilinearMean, Checks, arguments, fits, mad_sigma, need_data, np, plain_mosaic,
                          same_coverage_around)


def compare(checks, name, difference):
    checks.less(f"{name}: median difference / noise", abs(np.median(difference)), 1e-3)
    checks.less(f"{name}: MAD-sigma of the difference / noise", mad_sigma(difference), 5e-3)


def main():
    sectile, data, scratch = arguments()
    folder = need_data(data, "m17_2mass")
    tiles = sorted(glob.glob(os.path.join(folder, "tiles", "*.fits.gz")))
    grid_file = os.path.join(folder, "reference", "tmpl.hdr")

    mosaic = plain_mosaic(sectile, os.path.join(scratch, "m17"), tiles, "--resample", "bilinear",
                          "--reference-grid", grid_file)

    grid = fits.Header.fromtextfile(grid_file)
    shape = (grid["NAXIS2"], grid["NAXIS1"])
    exact = BilinearMean(WCS(grid), shape)
    noises = []
    for tile in tiles:
        with fits.open(tile) as hdus:
            noises.append(hdus[0].header["SKYSIG"])
            exact.add(hdus[0].data, WCS(hdus[0].header))
    noise = np.median(noises)

    checks = Checks()
    checks.true(f"the mosaic has the shape of the grid {shape}", mosaic.science.shape == shape)
    interior = same_coverage_around(mosaic.coverage, 3) & np.isfinite(mosaic.science)
    single = interior & (mosaic.coverage == 1)
    several = interior & (mosaic.coverage > 1)
    checks.greater("interior pixels of one tile", single.sum(), 2e6)
    checks.greater("interior pixels of several tiles", several.sum(), 2e5)

    # Independent double-precision evaluation: rounding of float32 pixels of 640 ADU is 6e-6 of the noise; the rest
    # is the approximation of the coordinate map, which shows in the cores of stars.
    same_count = interior & (exact.coverage() == mosaic.coverage)
    checks.greater("interior pixels with the same coverage as the exact evaluation, fraction",
                   same_count.sum() / interior.sum(), 0.9999)
    for name, pixels in (("one tile", single & same_count), ("several tiles", several & same_count)):
        difference = (mosaic.science - exact.mean())[pixels] / noise
        checks.less(f"exact evaluation, {name}: median difference / noise", abs(np.median(difference)), 1e-4)
        checks.less(f"exact evaluation, {name}: MAD-sigma / noise", mad_sigma(difference), 1e-4)
        checks.less(f"exact evaluation, {name}: 99th percentile / noise", np.percentile(abs(difference), 99), 1e-2)

    swarp = fits.getdata(os.path.join(folder, "reference", "m17_swarp_BILINEAR.fits.gz")).astype(float)
    compare(checks, "SWarp, one tile", (mosaic.science - swarp)[single] / noise)
    montage = fits.getdata(os.path.join(folder, "reference", "m17_montage_uncorr.fits.gz")).astype(float)
    inside = np.isfinite(montage)
    compare(checks, "Montage, one tile", (mosaic.science - montage)[single & inside] / noise)
    compare(checks, "Montage, several tiles", (mosaic.science - montage)[several & inside] / noise)
    checks.end()


if __name__ == "__main__":
    main()
