"""What a benchmark ran on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import torch

_PACKAGES = (
    *("sksleep", "scikit-learn", "torch", "skorch", "numpy", "scipy", "joblib"),
    *("mne", "h5py", "matplotlib", "triton"),
)


def find_versions():
    """Return the versions of Python and of the packages that are installed."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def describe_machine():
    """Return system, processor, cores that may be used, memory, and GPU if any."""
    about = {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _find_processor(),
        "cores": joblib.cpu_count(),
        "memory": _find_memory(),
    }
    if torch.cuda.is_available():
        about["GPU"] = torch.cuda.get_device_name()
    return about


def _find_processor():
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _find_memory():
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):
        return "unknown"
    n_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{n_bytes / 2**30:.1f} GiB"
