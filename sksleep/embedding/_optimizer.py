"""Adam without torch's compiler, whose import takes a second and 70 MB a process."""

from inspect import unwrap

import torch
from torch.nn.parameter import is_lazy

# Settings that go with the device, not with the training.
_OF_DEVICE = "fused", "foreach", "capturable"


class Adam(torch.optim.Adam):
    """torch's own, but for what concerns compiling, and for its default on processors.

    torch wraps some methods of its optimisers in what tells its compiler how to treat
    them, and imports the compiler for that at their first call. Here no one compiles a
    training: these are the same methods, unwrapped; and no step records gradients. On
    a processor or a GPU a step is one pass over all parameters (fused), a third of the
    time of torch's default on a processor, or at least one operation for all of them
    (foreach). On a GPU it can be part of a CUDA graph (capturable).
    """

    def __init__(self, params, **kwargs):
        super().__init__(params, **kwargs)
        for group in self.param_groups:
            devices = {parameter.device.type for parameter in group["params"]}
            if devices <= {"cpu", "cuda"}:
                group["fused"] = all(map(_can_be_fused, group["params"]))
                group["foreach"] = not group["fused"]
            group["capturable"] = devices == {"cuda"}

    def load_state_dict(self, state_dict):
        """Load a state, which may come from another device."""
        groups = [
            saved | {name: own[name] for name in _OF_DEVICE}
            for saved, own in zip(
                state_dict["param_groups"], self.param_groups, strict=True
            )
        ]
        load = unwrap(torch.optim.Adam.load_state_dict)
        load(self, state_dict | {"param_groups": groups})

    add_param_group = unwrap(torch.optim.Adam.add_param_group)
    state_dict = unwrap(torch.optim.Adam.state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
    zero_grad = unwrap(torch.optim.Adam.zero_grad)


def _can_be_fused(parameter):
    if is_lazy(parameter):  # it takes its size from the first windows
        return False
    # In memory with gaps a fused step writes into the gaps.
    return parameter.is_floating_point() and parameter.is_contiguous()
