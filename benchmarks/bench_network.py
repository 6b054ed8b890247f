"""How fast StagerNet trains and embeds on this machine's processor.

Measures windows per second of the fast path and of plain layers, and the machine's
own rate of float32 matrix products, all interleaved in one run, so that what else the
machine does touches them alike. The share is the arithmetic that plain layers need,
per second, over the rate of matrix products measured in the same repetition; a method
that needs less arithmetic may exceed 1.

Run ``python benchmarks/bench_network.py --threads 1``; add ``--json PATH`` to keep the
numbers.
"""

import argparse
import copy
import json
import time

import numpy as np
import torch

from sksleep.nn import StagerNet

_MATRIX_SIZE = 1536
# Plain layers are fastest on a few windows; each is measured at its best.
_N_EMBEDDED_AT_ONCE = {"fast": 64, "plain": 16}


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_parser().parse_args(argv)
    if args.repetitions < 5:
        raise SystemExit("--repetitions must be at least 5")
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    results = measure(args)
    print_table(args, results)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(vars(args) | {"torch": torch.__version__} | results, file)


def make_parser():
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--threads", type=int, default=1)
    add("--n-channels", type=int, default=11)
    add("--n-times", type=int, default=750, help="samples per window")
    add("--batch-size", type=int, default=256, help="windows per training step")
    add("--repetitions", type=int, default=9, help="at least 5")
    add("--json", metavar="PATH")
    return parser


def measure(args):
    """Return each repetition's rates and shares."""
    fast = StagerNet(args.n_channels, args.n_times)
    plain = copy.deepcopy(fast)
    plain.fast_cpu = False
    windows = torch.randn(args.batch_size, args.n_channels, args.n_times)
    tasks = {"matrix product": multiply()}
    for name, network in {"fast": fast, "plain": plain}.items():
        tasks[f"train, {name}"] = train(network, windows)
    for name, network in {"fast": fast, "plain": plain}.items():
        tasks[f"embed, {name}"] = embed(network, windows, _N_EMBEDDED_AT_ONCE[name])
    seconds = {name: [] for name in tasks}
    for repetition in range(1 + args.repetitions):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            if repetition:  # the first one warms up
                seconds[name].append(time.perf_counter() - begin)
    return to_rates(seconds, args.batch_size, n_operations(fast, args))


def multiply():
    """Return a task: a product of two matrices."""
    left, right = torch.randn(2, _MATRIX_SIZE, _MATRIX_SIZE)
    out = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=out)


def train(network, windows):
    """Return a task: a step of training."""
    optimizer = torch.optim.Adam(network.parameters())

    def step():
        network.train()
        optimizer.zero_grad()
        network(windows).square().mean().backward()
        optimizer.step()

    return step


def embed(network, windows, n_at_once):
    """Return a task: the embeddings of all windows."""

    @torch.inference_mode()
    def transform():
        network.eval()
        for part in windows.split(n_at_once):
            network(part)

    return transform


def n_operations(network, args):
    """Return additions and multiplications to embed a window with plain layers."""
    total = args.n_channels**2 * args.n_times
    n_steps = args.n_times
    for layer, pool in zip(
        (network.temporal1, network.temporal2), network.pool_sizes, strict=True
    ):
        n_steps = (n_steps - layer.kernel_size[0] + 1) // pool
        total += args.n_channels * n_steps * pool * layer.weight.numel()
    return 2 * (total + network.linear.weight.numel())


def to_rates(seconds, n_windows, n_embedding):
    """Turn the times of all repetitions into rates, and shares of the products'."""
    seconds = {name: np.array(values) for name, values in seconds.items()}
    product = 2 * _MATRIX_SIZE**3 / seconds.pop("matrix product")
    results = {"matrix product, GFLOP/s": {"rate": (product / 1e9).tolist()}}
    for name, values in seconds.items():
        # Gradients of signal and weights cost as much as the outputs, each.
        operations = n_embedding * (3 if name.startswith("train") else 1)
        rate = n_windows / values
        share = rate * operations / product
        results[name] = {"rate": rate.tolist(), "share": share.tolist()}
    return {"results": results}


def print_table(args, results):
    """Print minimum, median and maximum over the repetitions."""
    print(
        f"{args.n_channels} channels x {args.n_times} samples, "
        f"{args.threads} threads, {args.repetitions} repetitions"
    )
    header = f"{'windows/s':>24} {'min':>8} {'median':>8} {'max':>8}"
    print(f"{header}   share of matrix-product rate: min median max")
    for name, values in results["results"].items():
        line = " ".join(f"{number:8.0f}" for number in spread(values["rate"]))
        share = " ".join(f"{number:6.0%}" for number in spread(values.get("share", [])))
        print(f"{name:>24} {line}   {share}")


def spread(values):
    """Return minimum, median and maximum, or nothing of nothing."""
    return np.quantile(values, [0, 0.5, 1]) if len(values) else ()


if __name__ == "__main__":
    main()
