"""Figures that SeasonalRulesTests compares with: the rules and their mix in numpy and scipy.

usage: python3 Fixtures/rules_reference.py > SeasonalRulesReference.swift
The series is made by the same integer generator as `Series.reference` in the tests: 21 days of 15-minute values.
"""
import numpy as np
from scipy.ndimage import uniform_filter1d

M, W, H = 96, 7 * 96, 7 * 96
NARROW, WIDE, HOUR, TWO = 1, 3, 5, 9  # 15, 31, 61 and 121 minutes in steps, odd
BACK = (1, 2.3, 3.6, 5.3, 7, 8.5, 10, 11.5, 13, 14.5, 16)
EDGES = (0, 12, 96, 288, 672)


def series(n):
    state, out = 1, []
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        noise = (state >> 40) / 2**24 - 0.5
        out.append(50 + 10 * np.sin(2 * np.pi * (i % M) / M) + (-6 if i // M % 7 >= 5 else 0) + (4 if i >= 14 * M + 37 else 0) + 8 * noise)
    return np.array(out)


def tile(p): return np.tile(p, -(-H // len(p)))[:H]
def circ(x, w): return uniform_filter1d(x, w, mode="wrap") if w > 1 else x
def rows(t, k, period): k = min(k, len(t) // period); return t[len(t) - k * period:].reshape(k, period)


def week(t, base, w, shrink):
    d = np.tile(base, 7); k = len(t) // W
    if k == 0: return d
    return d + k / (k + shrink) * circ((np.median if k > 2 else np.mean)(rows(t, k, W) - d, 0), w)


def autoregression(t, shape, pull, log=False):
    """Huber regression by reweighting; the ridge as further equations of an ordinary least-squares problem"""
    y = t[len(t) % 4:].reshape(-1, 4).mean(1)
    if log: y = np.log(y)
    lags = [1, 2, 23, 24, 25, 48, 49, 167, 168, 169, 192, 193]
    if len(y) < 193 + 60: lags = lags[:7]
    L, k = lags[-1], len(lags)
    mean = y.mean(); z = y - mean; goal = z[L:]
    X = np.c_[np.stack([z[L - l:len(z) - l] for l in lags], 1), np.ones(len(goal))]
    w = np.ones(len(goal)); b = None
    for i in range(6):
        if i:
            e = np.abs(goal - X @ b); bound = 1.5 * np.median(e); w = np.minimum(1, bound / np.maximum(e, 1e-300))
        ridge = np.sqrt(pull * w.sum() * goal.var()) * np.eye(k, k + 1)
        b = np.linalg.lstsq(np.r_[X * np.sqrt(w)[:, None], ridge], np.r_[goal * np.sqrt(w), np.zeros(k)], rcond=None)[0]
    lo, hi = y.min() - mean, y.max() - mean; room = .3 * (hi - lo); path = list(z)
    for _ in range(H // 4 + 1):
        path.append(np.clip(sum(c * path[-l] for c, l in zip(b, lags)) + b[-1], lo - room, hi + room))
    f = np.array(path[len(z):]) + mean
    if log: f = np.exp(f)
    g = f - np.tile(shape.reshape(24, -1).mean(1), 8)[:len(f)]
    return tile(shape) + np.interp((np.arange(H) + .5) / 4 - .5, np.arange(len(g)), g)


def rules(t):
    c = lambda v: np.full(H, v); fade = np.exp(-np.arange(1, H + 1) / (3 * M)); med = np.median
    dev = lambda p: med(t[-M:] - p[np.arange(-M, 0) % len(p)])
    d = {k: med(rows(t, k, M), 0) for k in (3, 7, 14, 28)}; n = {k: circ(v, NARROW) for k, v in d.items()}; h = {k: circ(v, HOUR) for k, v in d.items()}
    shape = circ(d[14], WIDE); week1 = week(t, shape, WIDE, 1); sharp = week(t, shape, WIDE, .3); smooth = week(t, h[14], TWO, 1)
    last, y = t[-W:], t[-M:]; before = t[-W - M:-W] if len(t) >= W + M else None
    change = med(y - before) if before is not None else 0
    four, two = rows(t, 4, W).mean(0), rows(t, 2, W).mean(0)
    return np.array([c(t[-1]), c(med(t[-M // 24:])), c(med(y)), c(med(t[-7 * M:])), c(med(t)), tile(y), last, circ(last, WIDE), circ(last, TWO),
                     tile(n[3]), tile(n[7]), tile(n[14]), tile(n[28]), tile(h[7]), tile(h[14]), tile(h[28]), week1, sharp,
                     smooth + dev(smooth) * fade, tile(n[14]) + dev(n[14]) * fade, week1 + dev(week1) * fade,
                     last + change, last + change * fade, four, four + dev(four), two, two + dev(two),
                     autoregression(t, shape, 1e-4), autoregression(t, shape, 1e-2), autoregression(t, shape, 1e-4, True)])


def held(P, t): room = (t.max() - t.min()) / len(t) ** .5; return np.clip(P, t.min() - room, t.max() + room)
def prune(w): w = np.where(w < .002, 0, w); return w / w.sum()


def middle(P, w):
    """mean of what lies between the shares 0.4 and 0.6 of the weight, by fine sampling of the quantile function"""
    out = []
    for col in P.T:
        i = np.argsort(col, kind="stable"); edges = np.r_[0, np.cumsum(w[i])]
        part = np.clip(edges[1:], .4, .6) - np.clip(edges[:-1], .4, .6)
        out.append(part @ col[i] / .2)
    return np.array(out)


def mix(P, near, far, anchor):
    s = np.clip((16 - np.arange(P.shape[1])) / 8, 0, 1)
    p = s * middle(P, near) + (1 - s) * middle(P, far)
    p = p + (1 - s) * anchor * (P[[10, 20]].mean(0) - p)
    return p, s * (near @ np.abs(P - p)) + (1 - s) * (far @ np.abs(P - p))


t = series(21 * M); C = rules(t); B = []
for back in BACK:
    if 21 - back < 7.3: continue
    e = len(t) - int(back * M); y = t[e:e + H]; B.append((held(rules(t[:e]), t[:e])[:, :len(y)], y))
newest = t[:len(t) - M]; unit = np.abs(newest[M:] - newest[:-M]).mean(); shares = []
for a, b in zip(EDGES, EDGES[1:]):
    err = np.concatenate([np.abs(P - y)[:, a:b] for P, y in B], 1).mean(1); s = (err / unit + .02) ** -6; shares.append(s / s.sum())
near, far = prune(shares[0]), prune(np.mean(shares, 0))
em = np.concatenate([np.abs(mix(P, near, far, 0)[0] - y) for P, y in B]).mean(); ep = np.concatenate([np.abs(P[[10, 20]].mean(0) - y) for P, y in B]).mean()
anchor = min(1, em / ep) ** 2 / 2; p, d = mix(C, near, far, anchor)
row = lambda a: "    [" + ", ".join(f"{float(v):.12g}" for v in a) + "],"
print("// Made by: python3 Fixtures/rules_reference.py > SeasonalRulesReference.swift\nenum SeasonalRulesReference {")
print("  /// Rule by rule: steps 0, 17, 100 and 671 ahead and the mean of a week.\n  static let rules: [[Double]] = [")
for r in C: print("    [" + ", ".join(f"{float(v):.12g}" for v in (r[0], r[17], r[100], r[671], r.mean())) + "],")
for name, w in (("The mix's weights", ("weights", far)), ("Its weights in the first hours", ("near", near))):
    print(f"  ]\n  /// {name}.\n  static let {w[0]}: [Double] = [")
    for v in w[1]: print(f"    {v:.10f},")
print(f"  ]\n  static let anchor = {anchor:.10f}")
print("  /// The mix and its disagreement at steps 0, 12, 100 and 671.\n  static let mix: [Double] = [" + ", ".join(f"{p[i]:.9f}" for i in (0, 12, 100, 671)) + "]")
print("  static let disagreement: [Double] = [" + ", ".join(f"{d[i]:.9f}" for i in (0, 12, 100, 671)) + "]\n}")
