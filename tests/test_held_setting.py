import threading

import pytest

from sksleep._held_setting import HeldSetting


@pytest.fixture
def value():
    return ["before"]


@pytest.fixture
def setting(value):
    def change():
        before, value[0] = value[0], "inside"

        def restore():
            value[0] = before

        return restore

    return HeldSetting(change)


def test_holds_inside_and_no_longer(setting, value):
    with setting:
        assert value == ["inside"]
        with setting:
            pass
        assert value == ["inside"]
    assert value == ["before"]


def test_decorates_functions(setting, value):
    assert setting(value.copy)() == ["inside"]
    assert value == ["before"]


def test_an_error_inside_restores_it(setting, value):
    with pytest.raises(ZeroDivisionError), setting:
        _ = 1 / 0
    assert value == ["before"]


def test_an_error_while_it_is_changed_is_not_taken_for_being_inside(value):
    def change():
        if value[0] == "before":
            value[0] = "tried"
            raise KeyboardInterrupt
        return value.clear

    setting = HeldSetting(change)
    with pytest.raises(KeyboardInterrupt), setting:
        pass
    with setting:
        assert value == ["tried"]
    assert value == []


def test_the_last_of_two_threads_restores_it(setting, value):
    first_is_in, second_is_in = threading.Event(), threading.Event()
    first_is_out, found = threading.Event(), []

    def stay_longer():
        first_is_in.wait()
        with setting:
            second_is_in.set()
            first_is_out.wait()
            found.extend(value)

    thread = threading.Thread(target=stay_longer)
    thread.start()
    with setting:
        first_is_in.set()
        second_is_in.wait()
    first_is_out.set()
    thread.join()
    assert found == ["inside"]
    assert value == ["before"]
