import subprocess
import sys
from pathlib import Path

import pytest

import sksleep
from sksleep._optional import import_optional


def modules_after(code):
    """Return the names of all modules that a fresh interpreter has loaded."""
    code += "; import sys; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import sksleep",
        "import sksleep.datasets",
        "import sksleep.preprocessing",
        "import sksleep.features",
        "import sksleep.model_selection",
        "import sksleep.inspection",
    ],
)
def test_what_trains_no_network_waits_for_no_torch(code):
    modules = set(modules_after(code))
    assert not modules & {"torch", "skorch", "mne", "h5py", "matplotlib"}


def test_packages_are_there_without_a_second_import():
    code = "import sksleep; sksleep.embedding.StagerNetEmbedder()"
    assert "torch" in modules_after(code)
    assert set(sksleep._SUBPACKAGES) <= set(dir(sksleep))
    with pytest.raises(AttributeError, match="no attribute 'embeding'"):
        _ = sksleep.embeding


def test_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mne", None)
    with pytest.raises(ImportError, match=r'needs mne.*pip install "sksleep\[mne\]"'):
        import_optional("mne", "mne")


def test_tests_are_found_without_triton():
    """As on Windows and macOS, for which there is none."""
    code = "import pytest, sys; sys.modules['triton'] = None; sys.exit(pytest.main())"
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "sksleep/nn"]
    root = Path(__file__).parents[1]
    process = subprocess.run(
        [sys.executable, "-c", code, *options],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout
    assert "StagerNet" in process.stdout
