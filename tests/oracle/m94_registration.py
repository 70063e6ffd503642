#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""M94: stars of session 1 and of session 3 (another telescope, turned by 70 degrees) coincide to 0.1 px.

Both sessions are mosaicked apart onto the grid of the mosaic of all sessions, in both modes; the centroids of
isolated stars in the mean of the colours are compared. The bar holds for the common shift of all stars, and for the
typical distance of those whose centroids have less noise than 0.03 px (a peak of 60 sigma with the window used here).
The plate solutions of the two sessions themselves, without any resampling, put the same stars 0.10 px apart.
Usage: m94_registration.py SECTILE DATA SCRATCH
"""
import os
import subprocess
import sys

try:
    import numpy as np
    from astropy.io import fits
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


def run(sectile, output, inputs, options):
    command = ["mpirun", "-n", "2", sectile, "run", "--output", output, "--input", *inputs, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(output, "mosaic.fits")


def stars(image, weight):
    """Centroids (x, y) and peaks of bright isolated stars: iterated Gaussian-windowed centroids, sigma 2 px."""
    good = weight > 0
    sky = np.nanmedian(image[good])
    noise = 1.4826 * np.nanmedian(np.abs(image[good] - sky))
    clean = np.where(good & np.isfinite(image), image - sky, 0.0)
    found = []
    half = 7
    inner = clean[half:-half, half:-half]
    peak = inner > 25 * noise
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            if (dx, dy) != (0, 0):
                peak &= inner > clean[half + dy:clean.shape[0] - half + dy,
                                      half + dx:clean.shape[1] - half + dx]
    for y, x in zip(*np.nonzero(peak)):
        y, x = y + half, x + half
        box = clean[y - half:y + half + 1, x - half:x + half + 1]
        if not good[y - half:y + half + 1, x - half:x + half + 1].all() or box.max() > clean[y, x]:
            continue
        cx, cy = float(x), float(y)
        yy, xx = np.mgrid[y - half:y + half + 1, x - half:x + half + 1]
        local = box - np.median(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
        for _ in range(20):
            window = np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * 2.0 ** 2)) * local
            cx += 2 * (window * (xx - cx)).sum() / window.sum()
            cy += 2 * (window * (yy - cy)).sum() / window.sum()
        if abs(cx - x) < 2 and abs(cy - y) < 2:
            found.append((cx, cy, clean[y, x] / noise))
    return np.array(found)


def colours_mean(path):
    with fits.open(path) as hdus:
        return hdus[0].data.astype(float).mean(axis=0), hdus["WEIGHT"].data.min(axis=0)


def compare(first, second):
    a, b = stars(*colours_mean(first)), stars(*colours_mean(second))
    pairs = []
    for x, y, signal in a:
        distance = np.hypot(b[:, 0] - x, b[:, 1] - y)
        nearest = int(np.argmin(distance))
        if distance[nearest] < 2:
            pairs.append((b[nearest, 0] - x, b[nearest, 1] - y, min(signal, b[nearest, 2])))
    return np.array(pairs)


def main():
    sectile, data, scratch = sys.argv[1:4]
    m94 = os.path.join(data, "m94_seestar")
    if not os.path.isdir(m94):
        print(f"skipped: {m94} is missing")
        return 77
    sessions = [os.path.join(m94, f"session{i}") for i in (1, 2, 3)]
    failed = False
    for mode in ("classic", "mosaic-first"):
        options = ["--mode", mode]
        whole = run(sectile, f"{scratch}/m94_{mode}", sessions, options)
        options += ["--reference-grid", whole]
        apart = [run(sectile, f"{scratch}/m94_{mode}_{i}", [sessions[i - 1]], options) for i in (1, 3)]
        pairs = compare(*apart)
        bright = pairs[pairs[:, 2] > 60]
        dx, dy = np.median(pairs[:, 0]), np.median(pairs[:, 1])
        every, typical = (np.median(np.hypot(p[:, 0], p[:, 1])) for p in (pairs, bright))
        print(f"{mode}: {len(pairs)} common stars, median shift ({dx:+.3f}, {dy:+.3f}) px, median distance "
              f"{every:.3f} px, of the {len(bright)} brightest {typical:.3f} px")
        failed |= len(bright) < 8 or abs(dx) > 0.1 or abs(dy) > 0.1 or typical > 0.1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
