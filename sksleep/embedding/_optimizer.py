"""Adam without torch's compiler, whose import takes a second and 70 MB a process."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """torch's own, but for what concerns compiling.

    torch wraps some methods of its optimisers in what tells its compiler how to treat
    them, and imports the compiler for that at their first call. Here no one compiles a
    training: these are the same methods, unwrapped; and no step records gradients,
    whatever `differentiable` says. A step is one pass over all parameters (fused), a
    third of the time of torch's default, but where that cannot be: with complex ones.
    """

    def __init__(self, params, **kwargs):
        params = list(params)
        super().__init__(params, fused=_are_real(params), **kwargs)

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    load_state_dict = unwrap(torch.optim.Adam.load_state_dict)
    state_dict = unwrap(torch.optim.Adam.state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
    zero_grad = unwrap(torch.optim.Adam.zero_grad)


def _are_real(params):
    """Tell whether all parameters, or those of all groups, are real numbers."""
    groups = [p["params"] if isinstance(p, dict) else [p] for p in params]
    return all(p.is_floating_point() for group in groups for p in group)
