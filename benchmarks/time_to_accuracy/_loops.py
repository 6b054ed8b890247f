"""The ways from recordings to embeddings, stopped at checkpoints."""

import argparse
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from performance import clock
from sklearn.pipeline import make_pipeline

from sksleep.embedding import StagerNetEmbedder
from sksleep.preprocessing import BandpassFilter, Resampler, Windower
from sksleep.pretext import RelativePositioning

from ._data import Split
from ._plain_loop import PlainLoop, draw_pairs

WINDOW = 3.0  # s
H_FREQ = 55.0  # Hz
TAU_POS, TAU_NEG = 30.0, 120.0  # s
# Of the published training. After 10,000 pairs of the first fold this had 0.57 with 10
# labels and 0.79 with all; a rate of 2e-3 had 0.55 and 0.78, batches of 16 pairs had
# 0.59 and 0.76.
_LR, _BATCH_SIZE = 1e-3, 32


class Result(NamedTuple):
    """What a user has who stops at a checkpoint.

    Attributes
    ----------
    done : int
        Pairs or epochs trained.
    seconds : dict of str to float
        Time to "prepare" the signal, "train" from the start, and "embed" once.
    embeddings : ndarray of shape (n_labelled, n_features)
    labelled : Windows
        The windows that were embedded.
    n_pairs, n_windows : int
        Pairs that were scored and windows that were embedded, in training.
    """

    done: int
    seconds: dict[str, float]
    embeddings: np.ndarray
    labelled: object
    n_pairs: int
    n_windows: int

    def rates(self):
        """Return pairs and windows per second of training, and of embedding."""
        train, embed = self.seconds["train"], self.seconds["embed"]
        return {
            "pairs/s": self.n_pairs / train,
            "windows/s in training": self.n_windows / train,
            "windows/s in embedding": len(self.labelled) / embed,
        }


def cut(recordings, sfreq, threads):
    """Bring recordings to a rate if they have not it, filter them, and cut windows.

    Parameters
    ----------
    recordings : list of Recording
    sfreq : float
        In Hz.
    threads : int

    Returns
    -------
    windows : Windows
        All of them, labelled or not.
    """
    steps = [
        BandpassFilter(h_freq=H_FREQ, n_jobs=threads),
        Windower(WINDOW, align="annotation"),
    ]
    if recordings[0].sfreq != sfreq:
        steps.insert(0, Resampler(sfreq, n_jobs=threads))
    return make_pipeline(*steps).fit_transform(recordings)


def run_published(recordings, split, args):
    """Train the published way at the recordings' own rate; yield at checkpoints."""
    torch.manual_seed(split.seed)
    sfreq = recordings[0].sfreq
    windows, prepare = clock(cut, recordings, sfreq, args.threads)
    labelled = windows.labelled()[0]
    windows = windows[split.is_train(windows)]
    loop = PlainLoop(
        *windows.shape[1:],
        lr=_LR,
        batch_size=_BATCH_SIZE,
        dropout=args.dropout,
        spatial_init=args.spatial_init,
    )
    rng = np.random.default_rng(split.seed)
    (pairs, targets), train = clock(
        draw_pairs, windows, args.pairs, TAU_POS, TAU_NEG, rng
    )
    for rows in np.array_split(np.arange(args.pairs), args.checkpoints):
        train += clock(loop.train, windows, pairs[rows], targets[rows])[1]
        embeddings, embed = clock(loop.embed, labelled)
        seconds = {"prepare": prepare, "train": train, "embed": embed}
        done = int(rows[-1]) + 1
        yield Result(done, seconds, embeddings, labelled, done, 2 * done)


def run_sksleep(recordings, split, args, precision, module_params=None):
    """Fit an embedder anew for each number of epochs; yield after each fit.

    It holds out no recordings, as it need not find out when to stop: the published
    training learns from all of them, too.
    """
    windows, prepare = clock(cut, recordings, args.sfreq, args.threads)
    labelled = windows.labelled()[0]
    windows = windows[split.is_train(windows)]
    for max_epochs in args.epochs:
        embedder = StagerNetEmbedder(
            RelativePositioning(TAU_POS, TAU_NEG),
            module_params=module_params,
            max_epochs=max_epochs,
            validation_fraction=None,
            device="cpu",
            precision=precision,
            n_jobs=args.threads,
            random_state=split.seed,
        )
        train = clock(embedder.fit, windows)[1]
        embeddings, embed = clock(embedder.transform, labelled)
        seconds = {"prepare": prepare, "train": train, "embed": embed}
        counts = _count_trained(embedder, windows)
        yield Result(max_epochs, seconds, embeddings, labelled, *counts)


def make_loops(args):
    """Return what is compared by name, the published training first."""
    loops = {"published": run_published}
    for precision in args.precisions:
        run = partial(run_sksleep, precision=precision)
        loops[f"sksleep, {precision}"] = run
        for dropout in args.more_dropouts:
            name = f"sksleep, {precision}, dropout {dropout:g}"
            loops[name] = partial(run, module_params={"dropout": dropout})
    return loops


def warm_up(recordings, args):
    """Run all loops for a moment, so that nothing is done for the first time later."""
    # Two recordings, both to train on, and the shortest training there is.
    recordings = recordings[:2]
    split = Split(frozenset(recording.subject for recording in recordings), seed=0)
    shortest = {"pairs": _BATCH_SIZE, "checkpoints": 1, "epochs": [1]}
    args = argparse.Namespace(**vars(args) | shortest)
    for run in make_loops(args).values():
        list(run(recordings, split, args))


def _count_trained(embedder, windows):
    """Return pairs scored, as the first epoch's plan has them, and windows embedded."""
    rng, task = np.random.default_rng(0), embedder.pretext
    batches = task.plan_epoch(
        windows.recording_index, windows.onsets, task.default_batch_size, rng
    )
    history = embedder.net_.history
    n_pairs = len(history) * sum(len(batch.tuples) for batch in batches)
    return n_pairs, sum(history[:, "train_windows"])
