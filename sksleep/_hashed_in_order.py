"""Estimators whose dicts are in an order that counts."""


class HashedInOrder:
    """Have joblib tell estimators apart by the order of their dicts, too.

    It is the order of their output, but joblib hashes dicts of any order alike: a
    cached Pipeline would give the output of another one.
    """

    def __getstate__(self):
        state = super().__getstate__()
        orders = [(k, list(v)) for k, v in sorted(state.items()) if isinstance(v, dict)]
        return state | {"_orders": orders}

    def __setstate__(self, state):
        super().__setstate__({k: v for k, v in state.items() if k != "_orders"})
