"""Figures that the tests of preparation compare with: statsmodels' STL and MSTL, SciPy's CubicSpline, NumPy.

usage: python3 preparation_reference.py, in this folder; writes preparation.json.
Series are made by the same integer generator as `Series.reference` in the tests.
"""
import json

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.stats import median_abs_deviation
from statsmodels.tsa.seasonal import MSTL, STL
from statsmodels.tsa.stattools import acf


class Noise:
    def __init__(self, seed): self.state = seed

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 40) / 2**24 - 0.5


def reference(count):
    noise, out = Noise(1), []
    for i in range(count):
        weekend, shift = (-6 if i // 96 % 7 >= 5 else 0), (4 if i >= 14 * 96 + 37 else 0)
        out.append(50 + 10 * np.sin(2 * np.pi * (i % 96) / 96) + weekend + shift + 8 * noise.next())
    return np.array(out)


def spiked(count):
    """With an outlier every 41 values."""
    out = reference(count)
    out[5::41] += 60
    return out


def hourly(count):
    noise = Noise(3)
    return np.array([30 + 0.01 * i + 8 * np.sin(2 * np.pi * i / 24) + 5 * np.sin(2 * np.pi * i / 168) + 2 * noise.next() for i in range(count)])


def short(values, every=1): return [float(f"{v:.12g}") for v in np.asarray(values)[::every]]


result = {"stl": [], "mstl": [], "spline": [], "clean": []}
for name, count, period, seasonal, robust, every in [
    ("reference", 21 * 96, 96, 7, False, 7), ("spiked", 14 * 96, 96, 7, True, 7), ("reference", 500, 24, 13, False, 3),
    ("spiked", 200, 7, 9, True, 1), ("reference", 48, 24, 7, False, 1), ("reference", 15, 7, 7, False, 1),
    ("spiked", 90, 5, 7, True, 1), ("reference", 4, 2, 7, False, 1), ("reference", 101, 50, 7, False, 1),
]:
    y = {"reference": reference, "spiked": spiked}[name](count)
    fit = STL(y, period=period, seasonal=seasonal, robust=robust).fit()
    result["stl"].append(dict(
        series=name, count=count, period=period, window=seasonal, robust=robust, every=every, trend=short(fit.trend, every),
        seasonal=short(fit.seasonal, every), weights=short(fit.weights, every)))
for count, periods, robust, every in [(24 * 35, [24, 168], False, 5), (24 * 22, [24, 168], True, 5), (400, [6, 24, 84], False, 3)]:
    fit = MSTL(hourly(count), periods=periods, stl_kwargs=dict(robust=robust)).fit()
    result["mstl"].append(dict(
        count=count, periods=periods, robust=robust, every=every, trend=short(fit.trend, every),
        seasonal=[short(fit.seasonal[:, i], every) for i in range(len(periods))], residual=short(fit.resid, every)))
for seed, count, share in [(1, 60, .3), (2, 200, .7), (3, 40, .9), (4, 12, .5), (5, 9, .6), (6, 300, .1)]:
    rng = np.random.default_rng(seed)
    y = np.round(np.cumsum(rng.normal(size=count)), 6)
    missing = rng.random(count) < share
    missing[[0, -1]] = False
    x = np.arange(count)
    filled = CubicSpline(x[~missing], y[~missing])(x)
    result["spline"].append(dict(values=[None if m else float(v) for v, m in zip(y, missing)], filled=short(filled)))
for k in (3, 5):
    y, far = spiked(400), []
    windows = [y[max(0, i - 15):i + 16] for i in range(len(y))]
    distance = np.array([abs(v - np.median(w)) for v, w in zip(y, windows)])
    local = np.array([median_abs_deviation(w, scale="normal") for w in windows])
    limit = k * np.maximum(local, median_abs_deviation(distance, center=lambda a, axis: 0 * np.median(a, axis), scale="normal"))
    result["clean"].append(dict(k=k, removed=np.flatnonzero(distance > limit).tolist()))
y = hourly(300)
result["acf"] = short(acf(y - y.mean(), nlags=40, fft=False, adjusted=True))
result["line"] = short(np.polyfit(np.arange(300), y, 1)[::-1])
with open("preparation.json", "w") as file: json.dump(result, file, separators=(",", ":"))
