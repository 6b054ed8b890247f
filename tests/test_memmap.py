"""Recordings whose signal lies in a memory-mapped file."""

import copy
import errno
import mmap
import os
import pickle
import shutil
from collections import namedtuple
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksleep import Recording, Windows
from sksleep._checks import check_finite_array
from sksleep._memmap import locate, release
from sksleep._signal_store import SignalStore, check_store
from sksleep._take_rows import take_rows
from sksleep.embedding._reading import make_reader

SHAPE = (3, 20_000)


@pytest.fixture
def mapped(tmp_path):
    """A memory-mapped recording."""
    with SignalStore(tmp_path) as store:
        signals = [store.empty("S01", SHAPE)]
        signals[0][:] = np.random.default_rng(0).normal(size=SHAPE)
        [signal] = store.keep(signals)
        return Recording(signal, 100.0, ["a", "b", "c"], "S01")


def in_memory(recording):
    return recording.replace(data=np.array(recording.data))


def total(recording):
    return float(recording.data.sum(dtype=float))


def itself(recording):
    return recording


@pytest.mark.parametrize(
    "view",
    [
        np.s_[:],
        np.s_[1:],
        np.s_[:2, 100:15_000],
        np.s_[::2, ::3],
        np.s_[:1, -1:],
    ],
    ids=str,
)
def test_pickle_holds_the_place_and_not_the_signal(mapped, view):
    data = mapped.data[view]
    recording = mapped.replace(data=data, ch_names=list("abc")[: len(data)])
    pickled = pickle.dumps(recording)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert_array_equal(again.data, data)
    assert locate(again.data) == locate(data)
    assert not again.data.flags.writeable
    assert len(pickle.dumps(again)) < 1000
    assert again.ch_names == recording.ch_names


def test_pickle_of_a_fortran_ordered_map(tmp_path):
    data = np.memmap(tmp_path / "x", np.float32, "w+", 12, (3, 1000), order="F")
    data[:] = np.arange(3000).reshape(3, 1000)
    recording = Recording(data, 100.0, list("abc"), "S01")
    pickled = pickle.dumps(recording)
    assert len(pickled) < 1000
    assert_array_equal(pickle.loads(pickled).data, data)


@pytest.mark.parametrize("change", ["in memory", "copy on write", "reversed"])
def test_pickle_holds_the_signal_where_the_file_does_not(mapped, change):
    file = mapped.data.filename
    data = {
        "in memory": np.array(mapped.data),
        "copy on write": np.load(file, mmap_mode="c"),
        "reversed": mapped.data[:, ::-1],
    }[change]
    if change == "copy on write":
        data[0, 0] = 7
    pickled = pickle.dumps(mapped.replace(data=data))
    assert len(pickled) > mapped.data.nbytes
    assert_array_equal(pickle.loads(pickled).data, data)


def test_pick_copies_into_memory(mapped):
    picked = mapped.pick(["c", "a"])
    assert locate(picked.data) is None
    assert_array_equal(pickle.loads(pickle.dumps(picked)).data, mapped.data[[2, 0]])


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_copies_share_the_map(mapped, make_copy):
    copied = make_copy(mapped)
    assert type(copied.data) is np.memmap
    assert locate(copied.data) == locate(mapped.data)
    assert len(pickle.dumps(copied)) < 1000


def test_a_missing_or_short_file_is_named(mapped):
    pickled, file = pickle.dumps(mapped), Path(mapped.data.filename)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"'S01': .*{file.name}, is shorter"):
        pickle.loads(pickled)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=rf"'S01': .* gone: '.*{file.name}'"):
        pickle.loads(pickled)


@pytest.mark.parametrize("view", [np.s_[:], np.s_[:1, 5:9], np.s_[::2, ::3]], ids=str)
def test_a_file_with_another_signal_is_named(mapped, tmp_path, view):
    file, data = Path(mapped.data.filename), mapped.data[view]
    recording = mapped.replace(data=data, ch_names=list("abc")[: len(data)])
    pickled, content = pickle.dumps(recording), file.read_bytes()
    file.write_bytes(content)  # the same
    assert_array_equal(pickle.loads(pickled).data, data)
    # Another file in its place, while this one is still mapped.
    np.save(tmp_path / "other.npy", np.zeros(SHAPE, np.float32))
    os.replace(tmp_path / "other.npy", file)
    for each in (pickled, pickle.dumps(recording)):
        with pytest.raises(ValueError, match=rf"'S01': .*{file.name}, has changed and"):
            pickle.loads(each)


def test_hash_is_of_the_content(mapped, tmp_path):
    other = shutil.copy(mapped.data.filename, tmp_path / "other.npy")
    elsewhere = mapped.replace(data=np.load(other, mmap_mode="r+"))
    assert joblib.hash(mapped) == joblib.hash(elsewhere)
    assert joblib.hash(mapped) == joblib.hash(pickle.loads(pickle.dumps(mapped)))
    np.load(other, mmap_mode="r+")[1, 5] += 1
    assert joblib.hash(mapped) != joblib.hash(elsewhere)


def test_workers_get_the_place_and_give_back_what_lasts(mapped):
    recordings = [mapped, in_memory(mapped)]
    parallel = joblib.Parallel(n_jobs=2, max_nbytes=1000)
    assert parallel(joblib.delayed(total)(r) for r in recordings) == [total(mapped)] * 2
    returned = parallel(joblib.delayed(itself)(r) for r in recordings)
    assert locate(returned[0].data) == locate(mapped.data)
    for recording in returned:
        assert_array_equal(pickle.loads(pickle.dumps(recording)).data, mapped.data)


def test_workers_know_a_recording_by_its_hash(mapped):
    """Where joblib hands the signal to them in a file of its own."""
    recording = in_memory(mapped)
    parallel = joblib.Parallel(n_jobs=2, max_nbytes=1000)
    hashes = parallel(joblib.delayed(joblib.hash)(recording) for _ in range(2))
    assert hashes == [joblib.hash(recording)] * 2


def test_store_never_puts_a_file_in_another_ones_place(tmp_path):
    kept = []
    with SignalStore(tmp_path) as first, SignalStore(tmp_path) as second:
        for store, value in [(first, 1), (second, 1), (second, 2)]:
            signals = [store.empty("S/01:a.", SHAPE)]
            signals[0][:] = 0
            signals[0][0, -1] = value
            kept.append((store, signals))
        kept = [signal for store, signals in kept for signal in store.keep(signals)]
    assert [signal[0, -1] for signal in kept] == [1, 1, 2]
    assert len({signal.filename for signal in kept}) == 2
    assert (
        len(list(tmp_path.glob("S_01_a_-*.npy"))) == len(list(tmp_path.iterdir())) == 2
    )


def keep_ones(folder):
    with SignalStore(folder) as store:
        signals = [store.empty("S01", SHAPE)]
        signals[0][:] = 1
        return store.keep(signals)[0]


def test_a_file_that_is_mapped_is_left_where_it_is(tmp_path):
    """On a network file system the map of another job would break."""
    first = keep_ones(tmp_path)
    number = Path(first.filename).stat().st_ino
    second = keep_ones(tmp_path)
    assert second.filename == first.filename
    assert Path(first.filename).stat().st_ino == number
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_file_is_replaced(tmp_path):
    file = Path(keep_ones(tmp_path).filename)
    file.write_bytes(file.read_bytes()[:-4] + bytes(4))
    assert_array_equal(keep_ones(tmp_path), np.ones(SHAPE))


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSPC])
def test_a_file_system_need_not_reserve_space(tmp_path, monkeypatch, code):
    def refuse(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    if code != errno.ENOSPC:
        keep_ones(tmp_path)
        return
    with pytest.raises(OSError, match="No space left"):
        keep_ones(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("mapped_files_stay")
def test_an_error_is_told_although_its_traceback_holds_a_map(tmp_path):
    def fill(signal):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), SignalStore(tmp_path) as store:
        fill(store.empty("S01", SHAPE))


def test_store_leaves_no_unfinished_file(tmp_path):
    with SignalStore(tmp_path) as store:
        store.empty("S01", SHAPE)
    assert not list(tmp_path.iterdir())


def test_checks_of_the_folder_name_the_numbers(tmp_path, monkeypatch):
    check_store(None, [SHAPE])
    check_store(tmp_path / "new" / "folder", [SHAPE])
    assert not list((tmp_path / "new" / "folder").iterdir())
    usage = namedtuple("usage", "free")(479_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(OSError, match=r"need 480,000 bytes .* 479,999 are free") as e:
        check_store(tmp_path, [SHAPE, SHAPE])
    assert e.value.errno == errno.ENOSPC
    check_store(tmp_path, [SHAPE])


@pytest.mark.parametrize("folder", ["file", "file/folder"])
def test_refuses_a_folder_that_cannot_be(tmp_path, folder):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"memmap_dir='.*file.* cannot be written to"):
        check_store(tmp_path / folder, [])


def test_reading_windows_of_a_large_corpus_leaves_no_pages_behind(
    tmp_path, monkeypatch, resident_pages_of_files
):
    monkeypatch.setattr("sksleep.windows.MAY_STAY", 1 << 24)
    shape = 2, 4_000_000  # 32 MB
    with SignalStore(tmp_path) as store:
        [data] = store.keep([store.empty("S01", shape)])
    recording = Recording(data, 100.0, ["a", "b"], "S01")
    windows = Windows([recording], np.zeros(100, int), np.arange(100) * 40_000, 40_000)
    before = resident_pages_of_files()
    for begin in range(0, 100, 10):
        windows.take(np.arange(begin, begin + 10))
    assert resident_pages_of_files() - before < 8e6
    data.sum()
    assert resident_pages_of_files() - before > 24e6
    release(recording.data)
    assert resident_pages_of_files() - before < 8e6


def test_rows_of_a_large_array_in_a_file_leave_no_pages_behind(
    tmp_path, monkeypatch, resident_pages_of_files
):
    monkeypatch.setattr("sksleep._take_rows.MAY_STAY", 1 << 24)
    expected = np.random.default_rng(0).normal(size=(80, 2, 50_000)).astype(np.float32)
    np.save(tmp_path / "windows.npy", expected)  # 32 MB
    array = np.load(tmp_path / "windows.npy", mmap_mode="r")
    reader = make_reader(array, "cpu")
    before = resident_pages_of_files()
    check_finite_array(array)
    assert resident_pages_of_files() - before < 8e6
    for row in range(0, 80, 10):
        rows = np.arange(row, row + 10)
        assert_array_equal(reader(rows), expected[rows])
    assert resident_pages_of_files() - before < 8e6
    monkeypatch.setattr("sksleep._take_rows.MAY_STAY", 1 << 26)
    take_rows(array, np.arange(80))
    assert resident_pages_of_files() - before > 24e6


@pytest.mark.parametrize("mode", ["c", "r+"])
def test_release_keeps_what_was_written(tmp_path, mode):
    np.save(tmp_path / "signal.npy", np.zeros((2, 5000), np.float32))
    data = np.load(tmp_path / "signal.npy", mmap_mode=mode)
    data[:] = 1
    release(data[:, 10:])
    assert data.min() == 1


def test_what_numpy_computes_of_a_map_is_in_memory(tmp_path):
    """Although it has the class of one."""
    np.zeros((2, 50)).tofile(tmp_path / "signal")
    signal = np.memmap(tmp_path / "signal", np.float64, "r", shape=(2, 50))
    recording = Recording(signal, 250.0, ["Fpz", "Cz"], "S01")
    assert locate(recording.data) is None
    release(recording.data)
    assert (recording.data == 0).all()


@pytest.mark.parametrize("buffer", [None, mmap.mmap(-1, 12)], ids=["memory", "mmap"])
def test_release_leaves_arrays_alone(buffer):
    data = np.ndarray(3, np.float32, buffer)
    data[:] = 1
    release(data)
    assert_array_equal(data, 1)


@pytest.mark.parametrize("kind", ["relative", "link"])
def test_folders_may_be_named_as_the_user_likes(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    folder = "folder"
    if kind == "link":
        folder = tmp_path / "link"
        folder.symlink_to("folder", target_is_directory=True)
    with SignalStore(folder) as store:
        signals = [store.empty("S01", (2, 3))]
        signals[0][:] = 1
        [kept] = store.keep(signals)
    assert_array_equal(kept, np.ones((2, 3)))
    assert [path.suffix for path in Path("folder").iterdir()] == [".npy"]


def test_names_of_any_length_and_script_make_files(tmp_path):
    with SignalStore(tmp_path) as store:
        [kept] = store.keep([store.empty("眠" * 300, (2, 3))])
    assert Path(kept.filename).name.startswith("眠眠眠")


def test_an_array_that_was_pickled_as_one_of_a_file_is_in_memory(mapped):
    data = pickle.loads(pickle.dumps(np.load(mapped.data.filename, mmap_mode="r")))
    assert isinstance(data, np.memmap)
    release(data)
    assert locate(data) is None
    assert_array_equal(data, mapped.data)


@pytest.fixture
def few_files():
    """Let this process open ten files more."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_open = len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (n_open + 10, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_files")
def test_too_many_open_files_are_explained(tmp_path):
    kept = []

    def keep_many():
        with SignalStore(tmp_path) as store:
            for number in range(20):
                signals = [store.empty("S01", (1, 4))]
                signals[0][:] = number
                kept.extend(store.keep(signals))

    with pytest.raises(OSError, match=r"each memory-mapped .* `ulimit -n`.*S01-"):
        keep_many()
    assert kept
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("place", [(0, 0), (1, 10_000), (2, -1)])
def test_a_file_whose_signal_differs_in_one_place_is_named(mapped, tmp_path, place):
    file, pickled = Path(mapped.data.filename), pickle.dumps(mapped)
    changed = np.array(mapped.data)
    changed[place] += 1
    np.save(tmp_path / "other.npy", changed)
    os.replace(tmp_path / "other.npy", file)
    with pytest.raises(ValueError, match=rf"'S01': .*{file.name}, has changed and"):
        pickle.loads(pickled)
