import copy
import subprocess
import sys

import pytest
import torch

from sksleep.embedding._optimizer import Adam

# Of a fit, a transform and a copy by pickle, in a process of its own.
TRAINING = """
import pickle, sys
import numpy as np
from sksleep.embedding import StagerNetEmbedder
from sksleep.nn import _stager_net
from sksleep.pretext import RelativePositioning

_stager_net.bfloat16_pays = lambda n_times: True
windows = np.random.default_rng(0).standard_normal((24, 2, 700), dtype=np.float32)
for precision in ("float32", "bfloat16"):
    embedder = StagerNetEmbedder(
        RelativePositioning(4, 8), max_epochs=2, device="cpu", precision=precision
    )
    embedder.fit(windows)
    pickle.loads(pickle.dumps(embedder)).transform(windows)
print("compiler" if "torch._dynamo" in sys.modules else "no compiler")
"""


def test_a_training_never_imports_the_compiler():
    code = [sys.executable, "-c", TRAINING]
    done = subprocess.run(code, capture_output=True, text=True)
    assert done.stdout.strip() == "no compiler", done.stderr


def test_steps_are_those_of_torch():
    ours, theirs = _train(Adam), _train(torch.optim.Adam)
    torch.testing.assert_close(ours, theirs)
    assert all(map(torch.equal, ours, _train(torch.optim.Adam, fused=True)))


@pytest.mark.parametrize("columns", [4, 2])
def test_steps_with_parameters_that_are_a_part_of_an_array(columns):
    array = torch.zeros(3, 4)
    part = torch.nn.Parameter(array[:, :columns])
    optimizer = Adam([{"params": iter([part])}], lr=0.1)
    part.sum().backward()
    optimizer.step()
    assert optimizer.param_groups[0]["fused"] == (columns == 4)
    torch.testing.assert_close(array[:, :columns], torch.full((3, columns), -0.1))
    assert (array[:, columns:] == 0).all()


def test_steps_with_complex_parameters_too():
    ours, theirs = (
        _train(kind, dtype=torch.cfloat) for kind in (Adam, torch.optim.Adam)
    )
    assert all(map(torch.equal, ours, theirs))


def test_goes_on_from_its_state():
    layer = torch.nn.Linear(3, 2)
    optimizer = Adam(layer.parameters(), lr=0.1)
    layer(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    other = copy.deepcopy(layer)
    resumed = Adam(other.parameters(), lr=0.1)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for a_layer, an_optimizer in ((layer, optimizer), (other, resumed)):
        an_optimizer.zero_grad()
        a_layer(torch.ones(4, 3)).square().sum().backward()
        an_optimizer.step()
    assert torch.equal(layer.weight, other.weight)


def _train(kind, dtype=torch.float32, **kwargs):
    """Return the parameters after a few steps, each asked for by a closure."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2, dtype=dtype)
    groups = [{"params": [layer.weight], "lr": 0.2}, {"params": [layer.bias]}]
    optimizer = kind(groups, lr=0.1, weight_decay=0.01, **kwargs)
    windows = torch.randn(5, 3, dtype=dtype)

    def closure():
        optimizer.zero_grad()
        loss = layer(windows).abs().square().sum()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(5)]
    assert losses[-1] < losses[0]
    return list(layer.parameters())


def test_a_state_of_another_device_leaves_the_devices_settings():
    network = torch.nn.Linear(3, 2)
    optimizer = Adam(network.parameters(), lr=0.1)
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = copy.deepcopy(optimizer.state_dict())
    (group,) = state["param_groups"]
    group.update(fused=False, foreach=True, capturable=True, lr=0.2)
    optimizer.load_state_dict(state)
    (loaded,) = optimizer.param_groups
    assert (loaded["fused"], loaded["foreach"], loaded["capturable"]) == (
        True,
        False,
        False,
    )
    assert loaded["lr"] == 0.2
    optimizer.step()
