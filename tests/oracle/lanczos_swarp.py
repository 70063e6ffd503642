#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The plain mean of frames resampled with Lanczos3 equals SWarp's AVERAGE, and the same computed here in double.

Both normalise the taps of the kernel. SWarp's coordinates are exact here (PROJECTION_ERR 0), as are those of astropy.
"""
import os

from oracle_tools import (WCS, Checks, arguments, fits, need_program, np, plain_mosaic, run, same_coverage_around,
                          simulate)

SWARP = need_program("SWarp")
NOISE = 10.0


def swarp_average(folder, frames, header):
    """SWarp's mean of the frames on the grid of a FITS header, and its weight."""
    os.makedirs(folder)
    with open(os.path.join(folder, "coadd.head"), "w") as text:
        text.write(header.tostring(sep="\n", endcard=True, padding=False) + "\n")
    run(SWARP, *frames, "-IMAGEOUT_NAME", "coadd.fits", "-WEIGHTOUT_NAME", "weight.fits",
        "-RESAMPLING_TYPE", "LANCZOS3", "-COMBINE_TYPE", "AVERAGE", "-SUBTRACT_BACK", "N",
        "-FSCALASTRO_TYPE", "NONE", "-PROJECTION_ERR", "0", "-OVERSAMPLING", "1", "-RESAMPLE_DIR", ".",
        "-WRITE_XML", "N", "-VERBOSE_TYPE", "QUIET", "-NTHREADS", "2", cwd=folder)
    return (fits.getdata(os.path.join(folder, "coadd.fits")).astype(float),
            fits.getdata(os.path.join(folder, "weight.fits")).astype(float))


def lanczos3(distance):
    return np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0.0)


class Lanczos3Mean:
    """Mean of frames resampled with Lanczos3, taps normalised, in double, where all 36 taps are in the frame."""

    def __init__(self, grid, shape):
        rows, columns = np.indices(shape)
        self.shape = shape
        self.lon, self.lat = grid.all_pix2world(columns.ravel(), rows.ravel(), 0)
        self.total, self.count = np.zeros(columns.size), np.zeros(columns.size, int)

    def add(self, image, wcs):
        height, width = image.shape
        x, y = wcs.all_world2pix(self.lon, self.lat, 0)
        inside = np.nonzero((x >= 2) & (y >= 2) & (x < width - 3) & (y < height - 3))[0]
        x, y = x[inside], y[inside]
        column, row = np.floor(x).astype(int), np.floor(y).astype(int)
        taps = np.arange(-2, 4)
        weight_x = lanczos3(x[:, None] - column[:, None] - taps)
        weight_y = lanczos3(y[:, None] - row[:, None] - taps)
        weight_x /= weight_x.sum(axis=1, keepdims=True)
        weight_y /= weight_y.sum(axis=1, keepdims=True)
        value = np.zeros(x.size)
        for j in range(6):
            along = sum(weight_x[:, i] * image[row + taps[j], column + taps[i]] for i in range(6))
            value += weight_y[:, j] * along
        self.total[inside] += value
        self.count[inside] += 1

    def mean(self):
        with np.errstate(invalid="ignore"):
            return (self.total / self.count).reshape(self.shape)


def close(ours, theirs):
    """Fraction of pixels within the bar (METHODS.md, section 17): rtol 1e-4, atol 1e-2 of the noise."""
    return np.mean(np.abs(ours - theirs) <= 1e-4 * np.abs(theirs) + 1e-2 * NOISE)


def main():
    sectile, _, scratch = arguments()
    frames = simulate(sectile, os.path.join(scratch, "frames"), "--frames", 4, "--frames-per-pointing", 2,
                      "--width", 400, "--height", 300, "--colour", "mono", "--bits-per-pixel", -32, "--rotation", 8,
                      "--dither", 12, "--sky-level", 0, "--hot-pixels", 0, "--trails", 0, "--noise", NOISE)
    mosaic = plain_mosaic(sectile, os.path.join(scratch, "sectile"), frames, "--resample", "lanczos3")
    grid_header = mosaic.header
    shape = mosaic.science.shape

    exact = Lanczos3Mean(WCS(grid_header).celestial, shape)
    for frame in frames:
        with fits.open(frame) as hdus:
            exact.add(hdus[0].data.astype(float), WCS(hdus[0].header))
    swarp, swarp_weight = swarp_average(os.path.join(scratch, "swarp"), frames, grid_of(grid_header, shape))

    checks = Checks()
    interior = same_coverage_around(mosaic.coverage, 6) & (exact.count.reshape(shape) == mosaic.coverage)
    checks.greater("interior pixels", interior.sum(), 1e5)
    checks.true("SWarp covers the interior", (swarp_weight[interior] > 0).all())

    # A coordinate map right to 1e-3 px changes the flank of a saturated star by tens of ADU: hence a fraction, not all.
    ours = mosaic.science[interior]
    for name, theirs in (("exact", exact.mean()[interior]), ("SWarp", swarp[interior])):
        checks.greater(f"{name}: fraction of pixels within the bar", close(ours, theirs), 0.999)
        checks.less(f"{name}: median difference / noise", abs(np.median(ours - theirs)) / NOISE, 1e-4)
        checks.less(f"{name}: rms difference / noise, inner 99 %", rms_of_inner(ours - theirs), 1e-3)
    checks.end()


def rms_of_inner(difference):
    ordered = np.sort(np.abs(difference))
    return np.sqrt(np.mean(ordered[: int(0.99 * ordered.size)] ** 2)) / NOISE


def grid_of(header, shape):
    """The grid as SWarp wants it: axes' lengths and the celestial cards only."""
    grid = WCS(header).celestial.to_header()
    out = fits.Header()
    out["NAXIS"], out["NAXIS1"], out["NAXIS2"] = 2, shape[1], shape[0]
    matrix = WCS(header).celestial.pixel_scale_matrix
    for keyword in ("CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"):
        out[keyword] = grid[keyword]
    # SWarp ignores PCi_j.
    for i in (0, 1):
        for j in (0, 1):
            out[f"CD{i + 1}_{j + 1}"] = matrix[i, j]
    out["RADESYS"] = "ICRS"
    return out


if __name__ == "__main__":
    main()
