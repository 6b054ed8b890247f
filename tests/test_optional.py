import sys

import pytest

from sksleep._optional import import_optional


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch):
    for module in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"needs matplotlib.*sksleep\[matplotlib\]"):
        import_optional("matplotlib.pyplot", "matplotlib")


def test_what_a_package_misses_itself_is_not_taken_for_it(monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text("import not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'not_there'$"):
        import_optional("broken", "broken")


def test_a_package_that_is_broken_is_not_taken_for_missing(monkeypatch, tmp_path):
    (tmp_path / "half.py").write_text("from math import not_there")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="cannot import name 'not_there'"):
        import_optional("half", "half")
