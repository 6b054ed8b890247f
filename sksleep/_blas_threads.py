"""One thread for each of BLAS' products, while any of our threads needs that.

Unless another's thread holds a limit of threadpoolctl, which from 3.8 on goes first.
"""

import threadpoolctl

from ._held_setting import HeldSetting


def _limit():
    """Limit BLAS to one thread, and return what restores its number."""
    limits = threadpoolctl.threadpool_limits(1, user_api="blas")

    def restore():
        _give_up_control()
        limits.restore_original_limits()
        _give_up_control()

    return restore


def _give_up_control():
    """Let any thread change the number.

    From version 3.8 on, threadpoolctl does nothing for another thread than the one that
    changed it first, and says nothing.
    """
    controller = getattr(threadpoolctl, "OpenBLASController", None)
    if hasattr(controller, "clear_controlling_thread"):
        controller.clear_controlling_thread(force=True)


one_blas_thread = HeldSetting(_limit)
