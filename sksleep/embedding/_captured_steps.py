"""Steps that a GPU replays from CUDA graphs.

A step of 32 windows is some 200 small operations. To start them one by one takes
the processor several times as long as the GPU takes for them; a CUDA graph, in which
they are captured once, starts them all at once.
"""

from collections import Counter
from contextlib import nullcontext, suppress
from functools import cache
from threading import Lock

import numpy as np
import torch

from ..nn._regular_sizes import regular_size
from ..pretext import NOT_ASKED, PretextTask

# How often batches of the same sizes come before their step is captured. Once, so that
# all that it needs is compiled and loaded, which a capture may not do; to capture a
# step takes no longer than to do it in turn.
_N_BEFORE = 1
_MOST_GRAPHS = 512
# Numbers in the signals of all graphs: 256 MB.
_MOST_NUMBERS = 1 << 26
# Numbers in a batch's signal up to which a step is captured: 8 MB, as each graph
# has a batch of its own. Larger ones keep a GPU busy long enough anyway.
_LARGEST_SIGNAL = 1 << 21
# Of an error that ended a capture.
_NOTE = (
    "This happened while a step of training was captured in a CUDA graph, when a "
    "pretext task with is_capturable = True looks at no number (see PretextTask). "
    "Start Python anew before you train on the GPU again; with "
    "module_params={'fast_gpu': False} nothing is captured."
)
_lock = Lock()


def one_at_a_time(device):
    """Return a context that on GPUs one thread is in at a time.

    While a step is captured, no other may draw from the generator of torch that all
    threads share, or capture on the same stream.

    Parameters
    ----------
    device : str or torch.device
    """
    return _lock if torch.device(device).type == "cuda" else nullcontext()


def can_be_captured(task):
    """Return whether a pretext task's steps are the same for batches of the same sizes.

    What a subclass makes anew it has to vouch for anew.

    Parameters
    ----------
    task : PretextTask
    """
    vouched, *others = (
        next(depth for depth, cls in enumerate(type(task).__mro__) if name in vars(cls))
        for name in ("is_capturable", "make_head", "loss", "accuracy", "prepare")
    )
    return task.is_capturable and vouched <= min(others)


def can_be_padded(task):
    """Return whether a pretext task's batches may get tuples that ask nothing.

    A `prepare` of its own gets them as planned.

    Parameters
    ----------
    task : PretextTask
    """
    return can_be_captured(task) and type(task).prepare is PretextTask.prepare


def pad_tuples(batch):
    """Pad a batch to one of few numbers of tuples, with some that ask nothing.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    batch : Batch
        Its last tuples are copies of the first, with targets of -100. The same batch
        where targets cannot be -100, as they are boolean or unsigned.
    """
    tuples, targets = batch.tuples, np.asarray(batch.targets)
    if targets.dtype.kind not in "if":
        return batch
    n_more = regular_size(len(tuples)) - len(tuples)
    again = np.repeat(tuples[:1], n_more, axis=0)
    not_asked = np.full((n_more, *targets.shape[1:]), NOT_ASKED, targets.dtype)
    return batch._replace(
        tuples=np.concatenate([tuples, again]),
        targets=np.concatenate([targets, not_asked]),
    )


class CapturedSteps:
    """A step of training or validation, captured for each size of batch that returns.

    Parameters
    ----------
    step : callable
        From a batch's signal and questions to a tensor. For batches of the same sizes
        it does the same operations, all on the GPU, on the same parameters; what the
        random generator of torch gives is new each time.
    """

    def __init__(self, step):
        self._step = step
        self._n_seen = Counter()
        self._graphs = {}
        self._n_numbers = 0
        self._has_memory = True
        self._memory = torch.cuda.graph_pool_handle()

    def __call__(self, signal, questions):
        """Return what the step does, in memory that no other step writes to."""
        inputs = _tensors_of(signal, questions)
        key = tuple(questions), *((tensor.shape, tensor.dtype) for tensor in inputs)
        if key not in self._graphs:
            self._n_seen[key] += 1
            if self._pays(key, signal):
                self._capture(key, signal, questions)
        if key in self._graphs:
            return self._graphs[key].replay(inputs)
        return self._step(signal, questions)

    def forget(self):
        """Give the graphs' memory back."""
        self._graphs.clear()

    def _capture(self, key, signal, questions):
        """Capture a step, if there is memory for it."""
        if not self._graphs:
            # A capture cannot take what torch keeps for later.
            torch.cuda.empty_cache()
        try:
            self._graphs[key] = _CapturedStep(
                self._step, signal, questions, self._memory
            )
        except torch.cuda.OutOfMemoryError:
            self._has_memory = False
            return
        self._n_numbers += signal.numel()

    def _pays(self, key, signal):
        return (
            self._has_memory
            and self._n_seen[key] > _N_BEFORE
            and len(self._graphs) < _MOST_GRAPHS
            and signal.numel() <= _LARGEST_SIGNAL
            and self._n_numbers + signal.numel() <= _MOST_NUMBERS
        )


class _CapturedStep:
    """The operations of a step, with places for its inputs and what it returns."""

    def __init__(self, step, signal, questions, memory):
        signal = signal.clone()
        questions = {
            key: {name: tensor.clone() for name, tensor in question.items()}
            for key, question in questions.items()
        }
        self._inputs = _tensors_of(signal, questions)
        self._graph = torch.cuda.CUDAGraph()
        here = torch.cuda.current_stream(signal.device)
        aside = _stream_aside(signal.device)
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            # Another thread reads the next batch to the GPU meanwhile.
            self._graph.capture_begin(memory, capture_error_mode="thread_local")
            try:
                self._output = step(signal, questions)
            except BaseException as error:
                # To end what has failed fails again, and says nothing more.
                with suppress(RuntimeError):
                    self._graph.capture_end()
                if not isinstance(error, KeyboardInterrupt):
                    error.add_note(_NOTE)
                raise
            self._end_capture()
        here.wait_stream(aside)

    def _end_capture(self):
        try:
            self._graph.capture_end()
        except RuntimeError as error:
            # Where the driver has no memory for the graph torch says so in words alone.
            if "out of memory" not in str(error):
                raise
            raise torch.cuda.OutOfMemoryError(str(error)) from error

    def replay(self, inputs):
        for place, tensor in zip(self._inputs, inputs, strict=True):
            place.copy_(tensor)
        self._graph.replay()
        return self._output.clone()


def _tensors_of(signal, questions):
    return [signal, *(t for q in questions.values() for t in q.values())]


@cache
def _stream_aside(device):
    """Return a stream to capture on, always the same: cuBLAS keeps memory for each."""
    return torch.cuda.Stream(device)
