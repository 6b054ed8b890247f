"""Adam without torch's compiler, whose import takes a second and 70 MB a process."""

from inspect import unwrap

import torch


class Adam(torch.optim.Adam):
    """torch's own, but for what concerns compiling.

    torch wraps some methods of its optimisers in what tells its compiler how to treat
    them, and imports the compiler for that at their first call. Here no one compiles a
    training: these are the same methods, unwrapped; and no step records gradients,
    whatever `differentiable` says.
    """

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    load_state_dict = unwrap(torch.optim.Adam.load_state_dict)
    state_dict = unwrap(torch.optim.Adam.state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
    zero_grad = unwrap(torch.optim.Adam.zero_grad)
