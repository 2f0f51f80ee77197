"""Figures that SeasonalRulesTests compares with: the sixteen rules and their mix in numpy and scipy.

usage: python3 Fixtures/rules_reference.py > SeasonalRulesReference.swift
The series is made by the same integer generator as `Series.reference` in the tests: 21 days of 15-minute values.
"""
import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.optimize import minimize

M, H = 96, 7 * 96
NARROW, WIDE = 1, 3  # 15 and 31 minutes in steps, odd


def series(n):
    state, out = 1, []
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        noise = (state >> 40) / 2**24 - 0.5
        out.append(50 + 10 * np.sin(2 * np.pi * (i % M) / M) + (-6 if i // M % 7 >= 5 else 0) + (4 if i >= 14 * M + 37 else 0) + 8 * noise)
    return np.array(out)


def tile(p, h): return np.tile(p, -(-h // len(p)))[:h]
def circ(x, w): return uniform_filter1d(x, w, mode="wrap") if w > 1 else x


def day(t, h, days, w=NARROW):
    k = min(days, len(t) // M)
    return tile(circ(np.median(t[len(t) - k * M:].reshape(k, M), 0), w), h)


def week(t, h, w=WIDE, shrink=1.0):
    d = day(t, 7 * M, 14, w); k = len(t) // (7 * M)
    if k == 0: return tile(d, h)
    W = t[len(t) - k * 7 * M:].reshape(k, 7 * M) - d
    return tile(d + k / (k + shrink) * circ(np.median(W, 0) if k > 2 else W.mean(0), w), h)


def level(base, win, tau):
    def f(t, h):
        k = min(len(t), win); d = np.median(t[-k:] - base(t, 7 * M)[np.arange(-k, 0) % (7 * M)])
        return base(t, h) + (d * np.exp(-np.arange(1, h + 1) / tau) if np.isfinite(tau) else d)
    return f


def rules(t, h):
    c = lambda v: np.full(h, v); d14 = lambda t, h: day(t, h, 14)
    return np.array([c(t[-1]), c(np.median(t)), tile(t[-M:], h), tile(t[-7 * M:], h), day(t, h, 7), day(t, h, 14), day(t, h, 28), week(t, h), week(t, h, WIDE, .3),
                     level(week, M, np.inf)(t, h), level(week, M, 3 * M)(t, h), level(week, M // 4, M)(t, h), level(d14, M, np.inf)(t, h), level(d14, M, 3 * M)(t, h),
                     c(np.median(t[-7 * M:])), c(np.median(t[-M:]))])


def fit(P, Y, reg=0.03):
    k = len(P); sc = np.abs(Y - np.median(Y)).mean() + 1e-9

    def f(z):
        w = np.exp(z - z.max()); w /= w.sum(); r = w @ P - Y
        a = np.sqrt(r * r + (0.05 * sc) ** 2); g = (P @ (r / a)) / len(Y) / sc; lk = np.log(w * k + 1e-12)
        return a.mean() / sc + reg * (w * lk).sum(), w * (g - (w * g).sum()) + reg * w * (lk + 1 - (w * (lk + 1)).sum())
    z = minimize(f, np.zeros(k), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-10}).x
    w = np.exp(z - z.max()); return w / w.sum()


t = series(21 * M); C = rules(t, H); P, Y = [], []
for back in (7, 8.5, 10):
    e = len(t) - int(back * M); P.append(rules(t[:e], H)); Y.append(t[e:e + H])
P, Y = np.concatenate(P, 1), np.concatenate(Y)
fitted = fit(P, Y); w = fitted / 2; w[[4, 10]] += .25; p = w @ C; d = w @ np.abs(C - p)
row = lambda a: "    [" + ", ".join(f"{float(v):.12g}" for v in a) + "],"
print("// Made by: python3 Fixtures/rules_reference.py > SeasonalRulesReference.swift\nenum SeasonalRulesReference {")
print("  /// Rule by rule: steps 0, 17, 100 and 671 ahead and the mean of a week.\n  static let rules: [[Double]] = [")
for r in C: print("    [" + ", ".join(f"{float(v):.12g}" for v in (r[0], r[17], r[100], r[671], r.mean())) + "],")
print("  ]\n  /// The mix's weights.\n  static let weights: [Double] = [")
for v in w: print(f"    {v:.8f},")
print("  ]\n  /// The mix and its disagreement at steps 0, 17, 100 and 671.\n  static let mix: [Double] = [" + ", ".join(f"{p[i]:.8f}" for i in (0, 17, 100, 671)) + "]")
print("  static let disagreement: [Double] = [" + ", ".join(f"{d[i]:.6f}" for i in (0, 17, 100, 671)) + "]\n}")
