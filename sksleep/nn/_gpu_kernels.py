"""Kernels of convolutions with pooling and ReLU for a GPU, in Triton.

Each is one matrix product over blocks that it reads from the signal where they lie,
and what would be written between convolution and pooling, the largest arrays of all,
never leaves the processor's registers. The shapes are those of
:mod:`sksleep.nn._gpu_pooling`, which starts the kernels.

Signals lie batch first and filters last. A row of a product is a pooling window (or a
few steps) of a column, a channel of a window; of ``N`` columns of a product each is a
position in the pooling window (or a step) and a filter, the filters of a position
beside each other.
"""

import triton
import triton.language as tl

# Where no output was positive: what pooling passes on then is ReLU's zero.
NOWHERE = tl.constexpr(255)


@triton.jit
def n_seen_of_group(
    group, n_seen, n_window, N_GROUPS: tl.constexpr, GROUP_STRIDE: tl.constexpr
):
    """Return how many numbers of a pooling window's signal a group of outputs sees."""
    n_left = n_window - group * GROUP_STRIDE
    return n_left if N_GROUPS == 1 else tl.minimum(n_seen, n_left)


@triton.jit
def write_moments(
    values, rows, n_rows, moments, N_FILTERS: tl.constexpr, ROWS: tl.constexpr
):
    """Write a block's means, and its sums of squares about them."""
    is_row = (rows < n_rows)[:, None]
    n_here = tl.minimum(n_rows - tl.program_id(0) * ROWS, ROWS)
    mean = tl.sum(tl.where(is_row, values, 0.0), axis=0) / n_here
    apart = tl.where(is_row, values - mean[None, :], 0.0)
    place = moments + tl.program_id(0) * 2 * N_FILTERS + tl.arange(0, N_FILTERS)
    tl.store(place, mean)
    tl.store(place + N_FILTERS, tl.sum(apart * apart, axis=0))


@triton.jit
def pack(
    weight,
    packed,
    kernel_size,
    stride_a,
    stride_b,
    n_positions,
    packed_stride,
    A: tl.constexpr,
    B: tl.constexpr,
    IS_FLIPPED: tl.constexpr,
    SIZE: tl.constexpr,
):
    """Write a kernel once for each position, each time begun there.

    ``packed[(p, b), (v, a)]`` is the weight of a and b at the tap v - p, or, flipped,
    at the tap that is as far from the last.
    """
    element = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    row, column = element % packed_stride, element // packed_stride
    position = column // B
    tap = row // A - position
    if IS_FLIPPED:
        tap = kernel_size - 1 - tap
    is_there = (tap >= 0) & (tap < kernel_size) & (position < n_positions)
    place = row % A * stride_a + column % B * stride_b + tap
    values = tl.load(weight + place, mask=is_there, other=0.0)
    tl.store(packed + element, values.to(packed.dtype.element_ty))


@triton.jit(do_not_specialize=["n_rows"])
def pool(
    signal,
    packed,
    bias,
    pooled,
    index,
    moments,
    n_rows,
    n_pools,
    n_seen,
    n_window,
    packed_stride,
    column_stride,
    POOL_SIZE: tl.constexpr,
    POOL_STRIDE: tl.constexpr,
    GROUP_STRIDE: tl.constexpr,
    N_GROUPS: tl.constexpr,
    N_POSITIONS: tl.constexpr,
    N_FILTERS: tl.constexpr,
    HAS_MOMENTS: tl.constexpr,
    PRECISION: tl.constexpr,
    ROWS: tl.constexpr,
    DEPTH: tl.constexpr,
):
    """Convolve, take the largest output of each pooling window, and rectify it.

    Writes, too, where in the window it was, and of the block the outputs' means and
    sums of squares about them.
    """
    N: tl.constexpr = N_POSITIONS * N_FILTERS
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    is_row = rows < n_rows
    begin = (rows // n_pools).to(tl.int64) * column_stride
    begin += rows % n_pools * POOL_STRIDE
    columns = tl.arange(0, N)
    best = tl.full((ROWS, N_FILTERS), float("-inf"), tl.float32)
    where = tl.zeros((ROWS, N_FILTERS), tl.int32)
    not_finite = tl.zeros((ROWS, N_FILTERS), tl.float32)
    for group in tl.range(N_GROUPS):
        outputs = tl.zeros((ROWS, N), tl.float32)
        n_here = n_seen_of_group(group, n_seen, n_window, N_GROUPS, GROUP_STRIDE)
        for first in range(0, n_seen, DEPTH):
            depth = first + tl.arange(0, DEPTH)
            block = tl.load(
                signal + begin[:, None] + group * GROUP_STRIDE + depth[None, :],
                mask=is_row[:, None] & (depth < n_here)[None, :],
                other=0.0,
            )
            kernel = tl.load(packed + columns[None, :] * packed_stride + depth[:, None])
            outputs = tl.dot(block, kernel, outputs, input_precision=PRECISION)
        outputs = tl.reshape(outputs, (ROWS, N_POSITIONS, N_FILTERS))
        position = group * N_POSITIONS + tl.arange(0, N_POSITIONS)
        # Comparisons lose NaN; this keeps it, and makes one of infinite outputs.
        not_finite += tl.sum(outputs * 0.0, axis=1)
        outputs = tl.where(position[None, :, None] < POOL_SIZE, outputs, float("-inf"))
        largest, place = tl.max(
            outputs, axis=1, return_indices=True, return_indices_tie_break_left=True
        )
        is_better = largest > best
        where = tl.where(is_better, place + group * N_POSITIONS, where)
        best = tl.where(is_better, largest, best)
    filters = tl.arange(0, N_FILTERS)
    best += tl.load(bias + filters)[None, :] + not_finite
    where = tl.where(best > 0, where, NOWHERE)
    best = tl.where(best <= 0, 0.0, best).to(pooled.dtype.element_ty)
    place = rows.to(tl.int64)[:, None] * N_FILTERS + filters[None, :]
    tl.store(pooled + place, best, mask=is_row[:, None])
    tl.store(index + place, where.to(tl.uint8), mask=is_row[:, None])
    if HAS_MOMENTS:
        write_moments(best.to(tl.float32), rows, n_rows, moments, N_FILTERS, ROWS)


@triton.jit(do_not_specialize=["n_rows"])
def pull_back_to_signal(
    gradient,
    index,
    packed,
    of_signal,
    n_rows,
    n_blocks,
    n_pools,
    n_seen,
    packed_stride,
    column_stride,
    kernel_size,
    POOL_SIZE: tl.constexpr,
    N_STEPS: tl.constexpr,
    N_INPUTS: tl.constexpr,
    N_FILTERS: tl.constexpr,
    PRECISION: tl.constexpr,
    ROWS: tl.constexpr,
    DEPTH: tl.constexpr,
):
    """Write the gradient of the signal, a few steps of a column a row."""
    N: tl.constexpr = N_STEPS * N_INPUTS
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column, block = (rows // n_blocks).to(tl.int64), rows % n_blocks
    first_step = block * N_STEPS - (kernel_size - 1)
    columns = tl.arange(0, N)
    result = tl.zeros((ROWS, N), tl.float32)
    for first in range(0, n_seen, DEPTH):
        depth = first + tl.arange(0, DEPTH)
        step = first_step[:, None] + (depth // N_FILTERS)[None, :]
        window = step // POOL_SIZE
        is_there = (step >= 0) & (window < n_pools) & (rows < n_rows)[:, None]
        place = (column[:, None] * n_pools + window) * N_FILTERS
        place += (depth % N_FILTERS)[None, :]
        where = tl.load(index + place, mask=is_there, other=NOWHERE).to(tl.int32)
        is_largest = where == step - window * POOL_SIZE
        passed = tl.load(gradient + place, mask=is_largest & is_there, other=0.0)
        kernel = tl.load(packed + columns[None, :] * packed_stride + depth[:, None])
        result = tl.dot(
            passed.to(kernel.dtype), kernel, result, input_precision=PRECISION
        )
    within = block[:, None] * N + columns[None, :]
    is_there = (within < column_stride) & (rows < n_rows)[:, None]
    place = column[:, None] * column_stride + within
    tl.store(of_signal + place, result.to(of_signal.dtype.element_ty), mask=is_there)


@triton.jit(do_not_specialize=["n_rows", "n_rows_each"])
def pull_back_to_weight(
    gradient,
    index,
    signal,
    parts,
    n_rows,
    n_rows_each,
    n_pools,
    n_seen,
    n_window,
    column_stride,
    depth_size,
    POOL_STRIDE: tl.constexpr,
    GROUP_STRIDE: tl.constexpr,
    N_GROUPS: tl.constexpr,
    N_POSITIONS: tl.constexpr,
    N_FILTERS: tl.constexpr,
    PRECISION: tl.constexpr,
    ROWS: tl.constexpr,
    DEPTH: tl.constexpr,
    POSITIONS: tl.constexpr,
):
    """Write the gradient of the packed kernel, a part for some of the rows."""
    COLUMNS: tl.constexpr = POSITIONS * N_FILTERS
    depth = tl.program_id(0) * DEPTH + tl.arange(0, DEPTH)
    position = tl.program_id(1) * POSITIONS + tl.arange(0, POSITIONS)
    filters = tl.arange(0, N_FILTERS)
    result = tl.zeros((COLUMNS, DEPTH), tl.float32)
    begin = tl.program_id(2) * n_rows_each
    end = tl.minimum(begin + n_rows_each, n_rows)
    for first in range(begin, end, ROWS):
        rows = first + tl.arange(0, ROWS)
        is_row = rows < end
        start = (rows // n_pools).to(tl.int64) * column_stride
        start += rows % n_pools * POOL_STRIDE
        place = rows.to(tl.int64)[:, None] * N_FILTERS + filters[None, :]
        where = tl.load(index + place, mask=is_row[:, None], other=NOWHERE)
        where = where.to(tl.int32)[:, None, :]
        slope = tl.load(gradient + place, mask=is_row[:, None], other=0.0)
        slope = slope.to(signal.dtype.element_ty)[:, None, :]
        for group in tl.range(N_GROUPS):
            n_here = n_seen_of_group(group, n_seen, n_window, N_GROUPS, GROUP_STRIDE)
            block = tl.load(
                signal + start[:, None] + group * GROUP_STRIDE + depth[None, :],
                mask=is_row[:, None] & (depth < n_here)[None, :],
                other=0.0,
            )
            here = (group * N_POSITIONS + position)[None, :, None]
            passed = tl.where(where == here, slope, 0.0)
            passed = tl.trans(tl.reshape(passed, (ROWS, COLUMNS)))
            result = tl.dot(passed, block, result, input_precision=PRECISION)
    columns = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    place = tl.program_id(2) * N_POSITIONS * N_FILTERS + columns
    tl.store(parts + place[:, None] * depth_size + depth[None, :], result)


@triton.jit(do_not_specialize=["n_rows"])
def pull_back_to_bias(
    gradient, index, parts, n_rows, N_FILTERS: tl.constexpr, ROWS: tl.constexpr
):
    """Write the gradient of the bias, a part for each block of rows."""
    rows = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    filters = tl.arange(0, N_FILTERS)
    place = rows.to(tl.int64)[:, None] * N_FILTERS + filters[None, :]
    is_row = (rows < n_rows)[:, None]
    where = tl.load(index + place, mask=is_row, other=NOWHERE)
    slope = tl.load(gradient + place, mask=is_row, other=0.0).to(tl.float32)
    passed = tl.where(where != NOWHERE, slope, 0.0)
    tl.store(parts + tl.program_id(0) * N_FILTERS + filters, tl.sum(passed, axis=0))
