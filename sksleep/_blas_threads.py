"""One thread for each of BLAS' products, while any of our threads needs that.

Unless another's thread holds a limit of threadpoolctl, which from 3.8 on goes first.
"""

import threadpoolctl

from ._held_setting import HeldSetting


def _limit():
    """Limit BLAS to one thread, and return what restores its number."""
    limits = threadpoolctl.threadpool_limits(1, user_api="blas")

    def restore():
        # From version 3.8 on, threadpoolctl does nothing for another thread than the
        # one that set the limit, and says nothing.
        controller = getattr(threadpoolctl, "OpenBLASController", None)
        if hasattr(controller, "clear_controlling_thread"):
            controller.clear_controlling_thread(force=True)
        limits.restore_original_limits()
        if hasattr(controller, "clear_controlling_thread"):
            controller.clear_controlling_thread(force=True)

    return restore


one_blas_thread = HeldSetting(_limit)
