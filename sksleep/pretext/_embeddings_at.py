"""The embeddings that tuples speak of, with a gradient that is the same each time."""


def embeddings_at(embeddings, positions):
    """Return ``embeddings[positions]``, for the heads of pretext tasks.

    A batch's embeddings are each in many tuples, and the gradient sums over them. Plain
    indexing sums in no fixed order on several threads of a processor, and slowly: the
    weights would differ from training to training.

    Parameters
    ----------
    embeddings : tensor of shape (n_unique, n_features)
        Those of a batch's windows.
    positions : tensor of int of shape (n_tuples,) or (n_tuples, ...)
        Not negative.

    Returns
    -------
    chosen : tensor of shape (n_tuples, n_features) or (n_tuples, ..., n_features)

    Examples
    --------
    >>> import torch
    >>> from sksleep.pretext import embeddings_at
    >>> embeddings_at(torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([1, 1, 0]))
    tensor([[2., 3.],
            [2., 3.],
            [0., 1.]])
    """
    if embeddings.device.type != "cpu":
        # On a GPU it is the other way around: indexing has a fixed order.
        return embeddings[positions]
    chosen = embeddings.index_select(0, positions.flatten())
    return chosen.unflatten(0, positions.shape)
