import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sksleep.pretext import embeddings_at


@given(st.data())
def test_is_indexing_with_its_gradient(data):
    n_windows = data.draw(st.integers(1, 8))
    shape = tuple(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=3)))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    positions = torch.randint(n_windows, shape, generator=generator)
    embeddings = torch.rand(n_windows, 3, generator=generator).requires_grad_()
    expected = embeddings[positions]
    chosen = embeddings_at(embeddings, positions)
    assert torch.equal(chosen, expected)
    weights = torch.rand(expected.shape, generator=generator)
    gradients = [
        torch.autograd.grad((out * weights).sum(), embeddings)[0]
        for out in (chosen, expected)
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_has_the_same_gradient_each_time_on_a_gpu():
    positions = torch.randint(32, (4096,), device="cuda")
    weights = torch.rand(4096, 100, device="cuda")
    embeddings = torch.rand(32, 100, device="cuda", requires_grad=True)

    def gradient():
        chosen = embeddings_at(embeddings, positions)
        return torch.autograd.grad((chosen * weights).sum(), embeddings)[0]

    first = gradient()
    assert all(torch.equal(gradient(), first) for _ in range(10))
