import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sksleep.embedding import _reading
from sksleep.embedding._reading import (
    HostReader,
    ResidentReader,
    make_reader,
    read_ahead,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("reader", [HostReader, ResidentReader])
@given(rows=st.lists(st.integers(0, 99), min_size=1, max_size=20))
def test_readers_cut_the_windows_of_the_rows(windows, reader, rows):
    some = windows[np.random.default_rng(0).permutation(len(windows))[:100]]
    array = np.asarray(some)
    for X in (some, array):
        read = reader(X, CPU)(rows)
        np.testing.assert_array_equal(read, array[rows])
        assert read.is_contiguous()


def test_recordings_without_a_window_stay_away_from_the_device(windows):
    one = windows[windows.recording_index == 3]
    reader = ResidentReader(one, CPU)
    n_starts = one.recordings[3].n_times - one.n_times + 1
    assert reader.windows.shape == (n_starts, *one.shape[1:])
    np.testing.assert_array_equal(reader([5]), np.asarray(one)[[5]])


def test_signals_stay_where_they_are_without_a_gpu(windows):
    assert isinstance(make_reader(windows, "cpu"), HostReader)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_signals_that_fit_lie_on_the_gpu(windows):
    reader = make_reader(windows, "cuda")
    assert isinstance(reader, ResidentReader)
    np.testing.assert_array_equal(reader([7, 2]).cpu(), np.asarray(windows)[[7, 2]])


def test_what_does_not_fit_on_a_gpu_after_all_is_copied_batch_by_batch(
    windows, monkeypatch
):
    def refuse(X, device):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(_reading, "_free_memory", lambda device: 1 << 40)
    monkeypatch.setattr(_reading, "ResidentReader", refuse)
    assert isinstance(make_reader(windows, "cuda"), HostReader)


def test_reads_on_the_stream_of_whoever_uses_it(monkeypatch):
    def items():
        yield streams.get(threading.current_thread())

    streams = {threading.current_thread(): "the user's"}
    monkeypatch.setattr(
        torch.cuda,
        "current_stream",
        lambda device: streams[threading.current_thread()],
    )
    monkeypatch.setattr(
        torch.cuda,
        "set_stream",
        lambda stream: streams.update({threading.current_thread(): stream}),
    )
    assert list(read_ahead(items(), torch.device("cuda"))) == ["the user's"]


def test_reads_one_item_ahead_and_no_further():
    begun = []

    def items():
        for number in range(4):
            begun.append(number)
            yield number, threading.current_thread()

    reading = read_ahead(items(), CPU)
    first, thread = next(reading)
    assert first == 0
    assert thread is not threading.current_thread()
    second, _ = next(reading)
    assert second == 1
    assert 3 not in begun
    assert [number for number, _ in reading] == [2, 3]


def test_there_are_two_batches_at_most(make_embedder, windows, monkeypatch):
    """The one that is computed, and the next, which is read from then on."""
    read, n_alive = [], set()

    class Reader(HostReader):
        def __call__(self, rows):
            signal = super().__call__(rows)
            read.append(weakref.ref(signal))
            return signal

    class Pool(ThreadPoolExecutor):
        def submit(self, *args):
            n_alive.add(sum(signal() is not None for signal in read))
            return super().submit(*args)

    monkeypatch.setattr(_reading, "HostReader", Reader)
    monkeypatch.setattr(_reading, "ThreadPoolExecutor", Pool)
    embedder = make_embedder(max_epochs=2).fit(windows)
    assert n_alive == {0, 1}
    n_alive.clear()
    embedder.transform(windows)
    assert n_alive == {0, 1}


def test_an_error_while_reading_arrives_at_its_item():
    def items():
        yield 1
        raise OSError("disk gone")

    reading = read_ahead(items(), CPU)
    assert next(reading) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(reading)


def test_leaving_early_ends_the_thread():
    n_threads = threading.active_count()
    for _ in read_ahead(range(10), CPU):
        break
    assert threading.active_count() == n_threads


def test_one_thread_speaks_to_a_device_that_may_not_stand_two():
    threads = (threading.current_thread() for _ in range(3))
    read = list(read_ahead(threads, torch.device("mps")))
    assert read == 3 * [threading.current_thread()]


@pytest.mark.parametrize(
    "arrange", [np.asfortranarray, lambda X: X.swapaxes(1, 2).copy().swapaxes(1, 2)]
)
def test_the_layout_of_an_array_changes_no_weight(
    windows, make_embedder, weights, arrange
):
    """joblib hands large arrays to its workers in an order of its own."""
    X, groups = np.asarray(windows), windows.groups
    arranged = arrange(X)
    assert not arranged.flags.c_contiguous
    fitted = make_embedder().fit(X, groups=groups, onsets=windows.onsets)
    other = make_embedder().fit(arranged, groups=groups, onsets=windows.onsets)
    assert weights(other) == weights(fitted)
