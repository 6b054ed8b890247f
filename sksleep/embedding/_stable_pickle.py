"""Pickles of torch's objects that are the same wherever the objects lie in memory."""

import io
import pickle

import torch


def dump_by_value(attributes):
    """Return a pickle of objects with tensors, for skorch to load.

    torch would write the address of each tensor's memory into it. joblib hashes an
    estimator by its pickle, so a cached transform would never be found again.

    Parameters
    ----------
    attributes : dict of str to object

    Returns
    -------
    content : bytes
    """
    stream = io.BytesIO()
    _PicklerByValue(stream).dump(attributes)
    return stream.getvalue()


class _PicklerByValue(pickle.Pickler):
    def reducer_override(self, obj):
        if not isinstance(obj, torch.storage.TypedStorage):
            return NotImplemented
        stream = io.BytesIO()
        torch.save(obj, stream)
        return torch.storage._load_from_bytes, (stream.getvalue(),)
