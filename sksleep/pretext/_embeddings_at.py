"""The embeddings that tuples speak of, with a gradient that is the same each time."""


def embeddings_at(embeddings, positions):
    """Return ``embeddings[positions]``, for the heads of pretext tasks.

    A batch's embeddings are each in many tuples, and the gradient sums over them. That
    of plain indexing does so on several threads of a processor in no fixed order, so
    that weights differ from training to training, and slowly.

    Parameters
    ----------
    embeddings : tensor of shape (n_unique, n_features)
    positions : tensor of int of shape (n_tuples,) or (n_tuples, ...)

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
        # On a GPU it is the other way around: here the order is fixed.
        return embeddings[positions]
    chosen = embeddings.index_select(0, positions.flatten())
    return chosen.unflatten(0, positions.shape)
