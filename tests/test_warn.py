import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sksleep import Recording, _warn
from sksleep.preprocessing import BandpassFilter, Windower

short = Recording(np.arange(20.0)[None] ** 2, 200, ["a"], "S1")


@pytest.mark.parametrize(
    "call",
    [
        lambda: BandpassFilter().fit_transform([short]),
        lambda: make_pipeline(BandpassFilter()).fit_transform([short]),
        lambda: make_pipeline(make_pipeline(BandpassFilter()), Windower(0.1)).fit(
            [short]
        ),
        lambda: Windower(0.1).fit_transform([short]).labelled(),
    ],
)
def test_a_warning_is_at_the_line_that_called(call):
    with pytest.warns(UserWarning, match="fewer than the filter|No window") as told:
        call()
    assert {each.filename for each in told} == {__file__}


def test_each_line_that_calls_is_told():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for _ in range(2):
            BandpassFilter().fit_transform([short])
        BandpassFilter().fit_transform([short])
    assert [each.filename for each in told] == [__file__] * 2


def test_without_a_caller_elsewhere_it_warns_all_the_same(monkeypatch):
    monkeypatch.setattr(_warn, "_package", lambda frame: "sksleep")
    with pytest.warns(UserWarning, match="told"):
        _warn.warn("told")


def test_a_thread_warns_as_of_our_line():
    code = compile("warn('told')", "ours", "exec")
    names = {"__name__": "sksleep.somewhere", "warn": _warn.warn}
    with ThreadPoolExecutor(1) as pool, pytest.warns(UserWarning, match="told") as told:
        pool.submit(exec, code, names).result()
    assert [each.filename for each in told] == ["ours"]
