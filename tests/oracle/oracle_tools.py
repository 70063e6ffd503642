# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the oracle tests: how they skip, start sectile, state a check and evaluate bilinear mosaics.

Every oracle test is called as SCRIPT SECTILE DATA SCRATCH and compares products of sectile with what an
independent program makes of the same input. Exit code 0: all checks hold; 1: one does not; 77: skipped.
"""
import glob
import os
import shutil
import subprocess
import sys
import warnings

try:
    import numpy as np
    from astropy.io import fits
    from astropy.wcs import WCS, FITSFixedWarning
except ImportError as missing:
    print(f"skipped: {missing} (./tools/setup --oracles installs it)")
    sys.exit(77)

warnings.simplefilter("ignore", FITSFixedWarning)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def arguments():
    """(sectile, data folder, empty scratch folder) from the command line."""
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} SECTILE DATA SCRATCH")
    sectile, data, scratch = sys.argv[1:]
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    return sectile, data, scratch


def need_program(name):
    path = shutil.which(name)
    if path is None:
        skip(f"{name} is not installed (./tools/setup --oracles installs it)")
    return path


def need_data(data, *names):
    path = os.path.join(data, *names)
    if not os.path.exists(path):
        skip(f"{path} is missing (SECTILE_TEST_DATA names the folder with the real images)")
    return path


def run(*command, cwd=None, may_fail=False):
    """Runs a program and returns what it prints; a failure is shown and ends the test unless it may fail."""
    done = subprocess.run([str(word) for word in command], cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 and not may_fail:
        print(done.stdout)
        sys.exit(f"FAILED: {' '.join(str(word) for word in command)} ended with code {done.returncode}")
    return done.stdout


# The mean that SWarp AVERAGE and reproject compute: no weights, no matching, no rejection (METHODS.md, section 10.6).
PLAIN_MEAN = ["--mode", "mosaic-first", "--global-coadd-method", "mean", "--stacking-weighting-method", "none",
              "--stacking-normalize-method", "none", "--feather-px", "0", "--intertile-photometric-match", "off",
              "--registration", "wcs"]


def simulate(sectile, output, *options):
    run(sectile, "simulate", "--output", output, *options)
    return sorted(glob.glob(os.path.join(output, "frame_*.fits")))


class Mosaic:
    """Planes of a mosaic.fits; science in double."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "mosaic.fits")
        with fits.open(self.path) as hdus:
            self.header = hdus[0].header.copy()
            self.science = hdus[0].data.astype(float)
            self.weight = hdus["WEIGHT"].data.astype(float)
            self.coverage = hdus["COVERAGE"].data.astype(int)


def plain_mosaic(sectile, output, inputs, *options):
    run(sectile, "run", "--input", *inputs, "--output", output, *PLAIN_MEAN, *options)
    return Mosaic(output)


class Checks:
    """States each comparison with its figure and its limit; ends the test."""

    def __init__(self):
        self.failed = 0

    def less(self, what, value, limit):
        good = bool(np.isfinite(value) and value < limit)
        self._say(good, f"{what}: {value:.3g} (below {limit:g})")

    def greater(self, what, value, limit):
        good = bool(np.isfinite(value) and value > limit)
        self._say(good, f"{what}: {value:.6g} (above {limit:g})")

    def true(self, what, good):
        self._say(bool(good), what)

    def _say(self, good, text):
        print(("ok      " if good else "FAILED  ") + text)
        self.failed += not good

    def end(self):
        print("all checks hold" if self.failed == 0 else f"{self.failed} checks failed")
        sys.exit(1 if self.failed else 0)


def mad_sigma(values):
    """Standard deviation of a Gaussian with the median absolute deviation of `values`."""
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def around(mask, radius, all_of):
    """Whether all (or any) pixels of `mask` within a square of the given radius are set; False outside."""
    combine = np.logical_and if all_of else np.logical_or
    result = mask
    for axis in (0, 1):
        padded = np.pad(result, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)])
        size = result.shape[axis]
        parts = [np.take(padded, range(k, k + size), axis=axis) for k in range(2 * radius + 1)]
        result = combine.reduce(parts)
    return result


def same_coverage_around(coverage, radius):
    """Covered pixels whose neighbours within `radius` are covered by as many frames: away from edges and seams."""
    inner = np.zeros(coverage.shape, bool)
    for count in np.unique(coverage):
        if count > 0:
            inner |= around(coverage == count, radius, all_of=True)
    return inner


class BilinearMean:
    """Mean of frames interpolated bilinearly on a grid, with exact coordinates from astropy, in double.

    A frame counts at a pixel when all four neighbours there lie in it and are finite. The two systems must be of the same
    celestial frame.
    """

    def __init__(self, grid, shape):
        rows, columns = np.indices(shape)
        self.shape = shape
        self.lon, self.lat = grid.all_pix2world(columns.ravel(), rows.ravel(), 0)
        self.total = np.zeros(shape[0] * shape[1])
        self.count = np.zeros(shape[0] * shape[1], int)

    def add(self, image, wcs):
        height, width = image.shape
        near = self._near(wcs, width, height)
        x, y = wcs.all_world2pix(self.lon[near], self.lat[near], 0)
        inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        near, x, y = near[inside], x[inside], y[inside]
        column = np.minimum(x.astype(int), width - 2)
        row = np.minimum(y.astype(int), height - 2)
        u, v = x - column, y - row
        pixels = image.astype(float)
        value = ((1 - v) * ((1 - u) * pixels[row, column] + u * pixels[row, column + 1])
                 + v * ((1 - u) * pixels[row + 1, column] + u * pixels[row + 1, column + 1]))
        good = np.isfinite(value)
        self.total[near[good]] += value[good]
        self.count[near[good]] += 1

    def _near(self, wcs, width, height):
        """Grid pixels within the frame's circumscribed circle."""
        center = np.array(wcs.all_pix2world((width - 1) / 2, (height - 1) / 2, 0))
        corner = np.array(wcs.all_pix2world(-1, -1, 0))
        radius = 1.05 * separation(*center, *corner)
        return np.nonzero(separation(self.lon, self.lat, *center) < radius)[0]

    def mean(self):
        with np.errstate(invalid="ignore"):
            return (self.total / self.count).reshape(self.shape)

    def coverage(self):
        return self.count.reshape(self.shape)


def separation(lon_a, lat_a, lon_b, lat_b):
    """Angle between directions, degrees (haversine formula)."""
    lon_a, lat_a, lon_b, lat_b = (np.radians(value) for value in (lon_a, lat_a, lon_b, lat_b))
    half = (np.sin((lat_b - lat_a) / 2) ** 2
            + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2)
    return np.degrees(2 * np.arcsin(np.sqrt(np.minimum(1, half))))
