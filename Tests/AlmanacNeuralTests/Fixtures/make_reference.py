"""Reference figures for the tests of AlmanacNeural, in double precision.

Made with NumPy 2.4.6 and scikit-learn 1.9.1, from this folder, by

    python3 make_reference.py > reference.json

The network is written here from its equations, with gradients by reverse accumulation over plain Python steps,
and is checked against finite differences before anything is printed. Nothing is shared with the Swift code.
"""
import json
import sys

import numpy as np
from sklearn.mixture import GaussianMixture

rng = np.random.default_rng(20240501)


def figures(x):
    return [float(v) for v in np.asarray(x, dtype=np.float64).ravel()]


def single(x):
    """Numbers that a Float holds exactly."""
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


# --- GRU as PyTorch defines it: gates r, z, n; x (T, B), h (B, H)


def gru_step(w, x, h):
    H = h.shape[1]
    a = x[:, None] * w["ih"][None] + w["bih"]
    b = h @ w["hh"].T + w["bhh"]
    r = sigmoid(a[:, :H] + b[:, :H])
    z = sigmoid(a[:, H:2 * H] + b[:, H:2 * H])
    n = np.tanh(a[:, 2 * H:] + r * b[:, 2 * H:])
    return (1 - z) * n + z * h, (x, h, r, z, n, b[:, 2 * H:])


def gru_step_back(w, g, saved, dh):
    """Adds to g; returns the gradients by x and h."""
    x, h, r, z, n, q = saved
    da_n = dh * (1 - z) * (1 - n ** 2)
    da_z = dh * (h - n) * z * (1 - z)
    da_r = da_n * q * r * (1 - r)
    a = np.concatenate([da_r, da_z, da_n], 1)
    b = np.concatenate([da_r, da_z, da_n * r], 1)
    g["ih"] += x @ a
    g["hh"] += b.T @ h
    g["bih"] += a.sum(0)
    g["bhh"] += b.sum(0)
    return a @ w["ih"], b @ w["hh"] + dh * z


SHAPES = lambda H: {"ih": (3 * H,), "hh": (3 * H, H), "bih": (3 * H,), "bhh": (3 * H,)}


def unpack(flat, H):
    out, i = [], 0
    for _ in range(2):
        layer = {}
        for k, s in SHAPES(H).items():
            c = int(np.prod(s))
            layer[k] = flat[i:i + c].reshape(s)
            i += c
        out.append(layer)
    return out[0], out[1], {"w": flat[i:i + H], "b": flat[i + H:i + H + 1]}


def seq2seq(flat, H, windows, wanted, beta):
    """windows (B, W), wanted (B, K): predictions (B, K), mean loss, gradient (flat)"""
    enc, dec, head = unpack(flat, H)
    grad = np.zeros_like(flat)
    genc, gdec, ghead = unpack(grad, H)
    B, W = windows.shape
    K = wanted.shape[1]
    h = np.zeros((B, H))
    es, ds, hs, ys = [], [], [], []
    for t in range(W):
        h, s = gru_step(enc, windows[:, t], h)
        es.append(s)
    x = windows[:, -1]
    for k in range(K):
        h, s = gru_step(dec, x, h)
        x = h @ head["w"] + head["b"][0]
        ds.append(s), hs.append(h), ys.append(x)
    y = np.stack(ys, 1)
    e = y - wanted
    loss = np.where(np.abs(e) < beta, e ** 2 / (2 * beta), np.abs(e) - beta / 2).mean()
    dy = np.where(np.abs(e) < beta, e / beta, np.sign(e)) / e.size
    dh, dx = np.zeros((B, H)), np.zeros(B)
    for k in reversed(range(K)):
        d = dy[:, k] + dx
        ghead["w"] += d @ hs[k]
        ghead["b"] += d.sum()
        dx, dh = gru_step_back(dec, gdec, ds[k], dh + d[:, None] * head["w"])
    for t in reversed(range(W)):
        _, dh = gru_step_back(enc, genc, es[t], dh)
    return y, loss, grad


def check(flat, H, windows, wanted, beta):
    _, _, g = seq2seq(flat, H, windows, wanted, beta)
    for i in rng.choice(flat.size, 60, replace=False):
        d = np.zeros_like(flat)
        d[i] = 1e-6
        n = (seq2seq(flat + d, H, windows, wanted, beta)[1] - seq2seq(flat - d, H, windows, wanted, beta)[1]) / 2e-6
        assert abs(n - g[i]) < 1e-8 + 1e-5 * abs(g[i]), (i, n, g[i])


def gru_case():
    H, B, T = 5, 3, 4
    w = {k: single(rng.uniform(-0.8, 0.8, s)) for k, s in SHAPES(H).items()}
    x, h0, dlast = (single(rng.normal(size=s)) for s in ((T, B), (B, H), (B, H)))
    h, saved, states = h0, [], []
    for t in range(T):
        h, s = gru_step(w, x[t], h)
        saved.append(s), states.append(h)
    g = {k: np.zeros(s) for k, s in SHAPES(H).items()}
    dh, dx = dlast, np.zeros((T, B))
    for t in reversed(range(T)):
        dx[t], dh = gru_step_back(w, g, saved[t], dh)
    order = list(SHAPES(H))
    return {"hidden": H, "batch": B, "steps": T, "weights": figures(np.concatenate([w[k].ravel() for k in order])),
            "inputs": figures(x), "start": figures(h0), "lastGradient": figures(dlast), "states": figures(states),
            "gradients": figures(np.concatenate([g[k].ravel() for k in order])), "inputGradient": figures(dx),
            "startGradient": figures(dh)}


def seq2seq_case():
    H, B, W, K, beta = 6, 4, 9, 5, 0.3
    flat = single(rng.uniform(-0.6, 0.6, 2 * (3 * H * H + 9 * H) + H + 1))
    windows, wanted = single(rng.normal(size=(B, W))), single(rng.normal(size=(B, K)))
    check(flat, H, windows, wanted, beta)
    y, loss, g = seq2seq(flat, H, windows, wanted, beta)
    return {"hidden": H, "window": W, "steps": K, "beta": beta, "weights": figures(flat), "windows": figures(windows),
            "wanted": figures(wanted), "predicted": figures(y), "loss": float(loss), "gradients": figures(g)}


def one_cycle(peak, total):
    """learning rate and beta1 of each step, as torch.optim.lr_scheduler.OneCycleLR with its defaults"""
    cos = lambda a, b, p: b + (a - b) / 2 * (1 + np.cos(np.pi * p))
    top, start, end = 0.3 * total - 1, peak / 25, peak / 25 / 1e4
    for t in range(total):
        if t <= top:
            yield cos(start, peak, t / top), cos(0.95, 0.85, t / top)
        else:
            p = (t - top) / (total - 1 - top)
            yield cos(peak, end, p), cos(0.85, 0.95, p)


def adam_case():
    count, total, peak, decay, eps = 12, 20, 0.05, 0.1, 1e-8
    v, m, s = single(rng.normal(size=count)), np.zeros(count), np.zeros(count)
    start, grads, rates, betas = v.copy(), single(rng.normal(size=(total, count))), [], []
    for t, (rate, beta1) in enumerate(one_cycle(peak, total), 1):
        g = grads[t - 1]
        v = v * (1 - rate * decay)
        m = beta1 * m + (1 - beta1) * g
        s = 0.999 * s + 0.001 * g * g
        v = v - rate / (1 - beta1 ** t) * m / (np.sqrt(s) / np.sqrt(1 - 0.999 ** t) + eps)
        rates.append(rate), betas.append(beta1)
    return {"steps": total, "peak": peak, "decay": decay, "start": figures(start), "gradients": figures(grads),
            "rates": rates, "betas": betas, "end": figures(v)}


def mixture_case():
    """Three planted clusters; standardised columns, so that scikit-learn's reg_covar is a share of each variance."""
    planted = [(220, [0, 0], [[1, 0.5], [0.5, 1.5]]), (120, [6, 1], [[0.5, -0.2], [-0.2, 0.4]]), (60, [2, 7], [[2, 0], [0, 0.3]])]
    x = np.concatenate([rng.multivariate_normal(m, c, n) for n, m, c in planted])
    x = np.round((x - x.mean(0)) / x.std(0), 6)
    x = (x - x.mean(0)) / x.std(0)
    floor = 1e-4
    out = {"rows": figures(x), "dimensions": 2, "floor": floor, "bics": []}
    for k in range(1, 6):
        g = GaussianMixture(k, tol=1e-10, max_iter=2000, n_init=10, reg_covar=floor, random_state=0).fit(x)
        out["bics"].append(float(g.bic(x)))
        if k == 3:
            order = np.argsort(-g.weights_)
            out |= {"weights": figures(g.weights_[order]), "means": figures(g.means_[order]),
                    "covariances": figures(g.covariances_[order]), "logLikelihood": figures(g.score_samples(x)),
                    "components": [int(np.where(order == c)[0][0]) for c in g.predict(x)]}
    return out


json.dump({"gru": gru_case(), "seq2seq": seq2seq_case(), "adam": adam_case(), "mixture": mixture_case()}, sys.stdout)
print()
