"""How fast StagerNet trains and embeds on a processor or a GPU.

Measures windows per second of the fast path and of plain layers, in float32 and in
mixed precision, and the device's own rate of matrix products, all interleaved in one
run, so that what else the machine does touches them alike. The share is the arithmetic
that plain layers need, per second, over the rate of matrix products of that precision
measured in the same repetition; a method that needs less arithmetic may exceed 1.
On a processor the product is made in two ways, by ``torch.mm`` into a given array and
by a convolution of kernels of one step, which makes its own, and the faster counts:
torch has two libraries for them, of which MKL serves AMD's processors at half their
speed.

Run ``python benchmarks/bench_network.py``, with ``--device cuda --batch-size 2048`` for
a GPU; add ``--json PATH`` to keep the numbers.
"""

import copy
from functools import partial

import joblib
import numpy as np
import torch
from performance import at_least, interleave, make_parser, print_table, save, spread
from torch.nn import functional

from sksleep.nn import Encoder, StagerNet

# A batch of so many at least goes to oneDNN on one thread, too.
_N_IMAGES = 16
_MATRIX_SIZE = {"cpu": 1536, "cuda": 8192}
_PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Plain layers are fastest on a few windows; each is measured at its best.
_N_EMBEDDED_AT_ONCE = {"fast": 64, "plain": 16}
_N_EMBEDDED_AT_ONCE_ON_A_GPU = 2048


def main(argv=None):
    """Measure, print a table and write the numbers."""
    args = parse(argv)
    if args.device == "cuda":
        # A GPU's convolutions take TF32 for float32 by default: so must its products.
        torch.set_float32_matmul_precision("high")
    torch.manual_seed(0)
    network = StagerNet(args.n_channels, args.n_times)
    rows = [
        {"threads": threads} | row
        for threads in args.threads
        for row in measure(network, threads, args)
    ]
    print(
        f"{args.n_channels} channels x {args.n_times} samples, {args.device}, "
        f"{args.repetitions} repetitions.\n"
    )
    print_table(rows)
    save(args.json, __file__, args, rows)


def parse(argv):
    """Return the options of the command line."""
    parser = make_parser(__doc__, repetitions=9)
    add = parser.add_argument
    add("--device", choices=["cpu", "cuda"], default="cpu")
    add(
        "--threads",
        type=at_least(1),
        nargs="+",
        help="of the processor; default: one, and as many as it has cores",
    )
    add("--n-channels", type=at_least(1), default=11)
    add("--n-times", type=at_least(1), default=750, help="samples per window")
    add("--batch-size", type=at_least(1), default=256, help="windows per training step")
    add(
        "--matrix-size",
        type=at_least(_N_IMAGES),
        help=(
            "rows and columns of the matrices that are multiplied, a multiple of "
            f"{_N_IMAGES}; default: {_MATRIX_SIZE['cpu']}, on a GPU "
            f"{_MATRIX_SIZE['cuda']}"
        ),
    )
    args = parser.parse_args(argv)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no GPU here")
    args.matrix_size = args.matrix_size or _MATRIX_SIZE[args.device]
    if args.matrix_size % _N_IMAGES:
        parser.error(f"--matrix-size {args.matrix_size}: no multiple of {_N_IMAGES}")
    if args.threads is None:
        args.threads = sorted({1, joblib.cpu_count()}) if args.device == "cpu" else [1]
    return args


def measure(network, threads, args):
    """Return rates of all tasks on so many threads, as rows of the table."""
    torch.set_num_threads(threads)
    seconds = interleave(make_tasks(network, args), args.repetitions)
    return make_rows(seconds, args, n_operations(network, args))


def make_tasks(network, args):
    """Return what is measured, by (what, layers, precision)."""
    windows = torch.randn(args.batch_size, args.n_channels, args.n_times)
    windows = windows.to(args.device)
    tasks = {
        ("multiply", way.__name__, name): way(args.matrix_size, dtype, args.device)
        for name, dtype in _PRECISIONS.items()
        for way in ((product, convolution) if args.device == "cpu" else (product,))
    }
    for what in (train, embed):
        for layers, precision in _variants(args.device):
            encoder = make_encoder(network, layers, precision).to(args.device)
            n_at_once = (
                _N_EMBEDDED_AT_ONCE[layers]
                if args.device == "cpu"
                else _N_EMBEDDED_AT_ONCE_ON_A_GPU
            )
            parts = windows.split(n_at_once if what is embed else len(windows))
            tasks[what.__name__, layers, precision] = what(encoder, parts)
    if args.device == "cuda":
        tasks = {key: partial(_to_its_end, task) for key, task in tasks.items()}
    return tasks


def _variants(device):
    """Return the layers and precisions that are compared."""
    variants = [("plain", "float32"), ("fast", "float32"), ("fast", "bfloat16")]
    # Plain layers in bfloat16 are many times slower than in float32 on processors.
    return variants if device == "cpu" else [*variants, ("plain", "bfloat16")]


def make_encoder(network, layers, precision):
    """Return the network as an embedder has it, without normalisation."""
    network = copy.deepcopy(network)
    network.fast_cpu = network.fast_gpu = layers == "fast"
    return Encoder(lambda: network, {}, normalize=False, precision=precision)


def _to_its_end(task):
    """Do a task and wait until the GPU has done it."""
    task()
    torch.cuda.synchronize()


def product(n, dtype, device):
    """Return a task: a product of two matrices of n rows and columns."""
    left, right = torch.randn(2, n, n, device=device).to(dtype)
    out = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=out)


def convolution(n, dtype, device):
    """Return a task: the same product as a convolution with kernels of one step."""
    shape = _N_IMAGES, n, 1, n // _N_IMAGES
    images = torch.randn(shape, device=device).to(dtype)
    kernels = torch.randn(n, n, 1, 1, device=device).to(dtype)
    images, kernels = (
        x.contiguous(memory_format=torch.channels_last) for x in (images, kernels)
    )
    return torch.inference_mode()(lambda: functional.conv2d(images, kernels))


def train(encoder, parts):
    """Return a task: a step of training with each part of the windows."""
    optimizer = torch.optim.Adam(encoder.parameters())

    def step():
        encoder.train()
        for windows in parts:
            optimizer.zero_grad()
            encoder(windows).square().mean().backward()
            optimizer.step()

    return step


def embed(encoder, parts):
    """Return a task: the embeddings of the windows, part by part."""

    @torch.inference_mode()
    def transform():
        encoder.eval()
        for windows in parts:
            encoder(windows)

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


def make_rows(seconds, args, n_embedding):
    """Return rates, shares of the products' rate, and how many times as fast."""
    seconds = {key: np.array(values) for key, values in seconds.items()}
    n_multiplied = 2 * args.matrix_size**3
    rows, products = [], {}
    for key in [key for key in seconds if key[0] == "multiply"]:
        rate = n_multiplied / seconds.pop(key)
        rows.append(_row(*key, rate / 1e9, "GFLOP/s"))
        products[key[2]] = np.maximum(products.get(key[2], 0), rate)
    for (what, layers, precision), values in seconds.items():
        # Gradients of signal and weights cost as much as the outputs, each.
        operations = n_embedding * (3 if what == "train" else 1)
        rate = args.batch_size / values
        plain = seconds[what, "plain", "float32"]
        rows.append(
            _row(what, layers, precision, rate, "windows/s")
            | {
                "share of matrix product": spread(
                    rate * operations / products[precision]
                ),
                "times plain float32": spread(plain / values),
                "times its float32": spread(seconds[what, layers, "float32"] / values),
                "seconds": values.tolist(),
            }
        )
    return rows


def _row(what, layers, precision, rate, unit):
    return {
        "task": what,
        "layers": layers,
        "precision": precision,
        "rate": spread(rate),
        "unit": unit,
    }


if __name__ == "__main__":
    main()
