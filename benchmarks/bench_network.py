"""How fast StagerNet trains and embeds on this machine's processor.

Measures windows per second of the fast path and of plain layers, and the machine's
own rate of float32 matrix products, all interleaved in one run, so that what else the
machine does touches them alike. The share is the arithmetic that plain layers need,
per second, over the rate of matrix products measured in the same repetition; a method
that needs less arithmetic may exceed 1.

Run ``python benchmarks/bench_network.py --threads 1``; add ``--json PATH`` to keep the
numbers.
"""

import copy

import numpy as np
import torch
from performance import interleave, make_parser, print_table, save, spread

from sksleep.nn import StagerNet

_MATRIX_SIZE = 1536
_PRODUCT = "matrix product"
# Plain layers are fastest on a few windows; each is measured at its best.
_N_EMBEDDED_AT_ONCE = {"fast": 64, "plain": 16}


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = make_options().parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    fast = StagerNet(args.n_channels, args.n_times)
    seconds = interleave(make_tasks(fast, args), args.repetitions)
    rows = make_rows(seconds, args.batch_size, n_operations(fast, args))
    print(
        f"{args.n_channels} channels x {args.n_times} samples, {args.threads} threads, "
        f"{args.repetitions} repetitions.\n"
    )
    print_table(rows)
    save(args.json, __file__, args, rows)


def make_options():
    """Return the parser of the command line."""
    parser = make_parser(__doc__, repetitions=9)
    add = parser.add_argument
    add("--threads", type=int, default=1)
    add("--n-channels", type=int, default=11)
    add("--n-times", type=int, default=750, help="samples per window")
    add("--batch-size", type=int, default=256, help="windows per training step")
    return parser


def make_tasks(fast, args):
    """Return what is measured, by name."""
    plain = copy.deepcopy(fast)
    plain.fast_cpu = False
    networks = {"fast": fast, "plain": plain}
    windows = torch.randn(args.batch_size, args.n_channels, args.n_times)
    tasks = {_PRODUCT: multiply()}
    for name, network in networks.items():
        tasks[f"train, {name}"] = train(network, windows)
    for name, network in networks.items():
        tasks[f"embed, {name}"] = embed(network, windows, _N_EMBEDDED_AT_ONCE[name])
    return tasks


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


def make_rows(seconds, n_windows, n_embedding):
    """Return rates, shares of the products' rate, and how many times as fast."""
    seconds = {name: np.array(values) for name, values in seconds.items()}
    product = 2 * _MATRIX_SIZE**3 / seconds.pop(_PRODUCT)
    rows = [{"task": _PRODUCT, "rate": spread(product / 1e9), "unit": "GFLOP/s"}]
    for name, values in seconds.items():
        step = name.split(",")[0]
        # Gradients of signal and weights cost as much as the outputs, each.
        operations = n_embedding * (3 if step == "train" else 1)
        rate = n_windows / values
        rows.append(
            {
                "task": name,
                "rate": spread(rate),
                "unit": "windows/s",
                "share of matrix product": spread(rate * operations / product),
                "times plain layers": spread(seconds[f"{step}, plain"] / values),
                "seconds": values.tolist(),
            }
        )
    return rows


if __name__ == "__main__":
    main()
