"""One pretext task or several: their names, weights and parameters."""

from collections import Counter
from typing import NamedTuple

from sklearn.base import clone

from .._constraints import POSITIVE
from ..pretext import PretextTask, RelativePositioning


class WeightedTask(NamedTuple):
    """A pretext task, what it is called, and how much its loss counts."""

    name: str
    task: PretextTask
    weight: float


def name_tasks(tasks):
    """Name tasks after their classes; of the same class, with a number behind.

    Parameters
    ----------
    tasks : list of PretextTask

    Returns
    -------
    named : dict of str to PretextTask
    """
    classes = [type(task).__name__ for task in tasks]
    seen, named = Counter(), {}
    for task, name in zip(tasks, classes, strict=True):
        seen[name] += 1
        named[f"{name}-{seen[name]}" if classes.count(name) > 1 else name] = task
    return named


def weight_tasks(pretext, weights):
    """Return clones of the tasks to train on, checked; none for random weights.

    Parameters
    ----------
    pretext : PretextTask, list of PretextTask, "random" or None
        None is ``RelativePositioning()``.
    weights : list of float or None
        None gives every task the weight 1.

    Returns
    -------
    tasks : list of WeightedTask
    """
    if isinstance(pretext, str) and pretext == "random":
        return []
    tasks = _as_list(pretext)
    weights = [1.0] * len(tasks) if weights is None else list(weights)
    if len(weights) != len(tasks) or not all(map(POSITIVE.is_satisfied_by, weights)):
        raise ValueError(
            f"pretext_weights must be one positive number for each of {len(tasks)} "
            f"pretext tasks, got {weights!r}."
        )
    named = name_tasks([clone(task) for task in tasks])
    for task in named.values():
        task.check_params()
    return [
        WeightedTask(name, task, float(weight))
        for (name, task), weight in zip(named.items(), weights, strict=True)
    ]


class PretextParams:
    """Makes the parameters of tasks in a list reachable, as those of one task are.

    With ``pretext=[RelativePositioning(), TemporalShuffling()]`` a search can set
    ``pretext__TemporalShuffling__tau_pos``.
    """

    def get_params(self, deep=True):
        """Return the parameters, those of tasks in a list by their class names.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the tasks' parameters, too.

        Returns
        -------
        params : dict of str to object
        """
        params = super().get_params(deep=deep)
        if deep and _is_task_list(self.pretext):
            for name, task in name_tasks(self.pretext).items():
                params[f"pretext__{name}"] = task
                nested = task.get_params()
                params |= {f"pretext__{name}__{key}": nested[key] for key in nested}
        return params

    def set_params(self, **params):
        """Set parameters, those of tasks too, as ``pretext__tau_pos``.

        Parameters
        ----------
        **params
            By the names that `get_params` returns.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If there is no such parameter or pretext task.
        """
        pretext = params.get("pretext", self.pretext)
        if not _is_task_list(pretext):
            nested = [key for key in params if key.startswith("pretext__")]
            if nested and not hasattr(pretext, "set_params"):
                raise ValueError(
                    f"pretext={pretext!r} has no parameters to set, as {nested[0]} "
                    "would be; give a task, such as pretext=RelativePositioning()."
                )
            return super().set_params(**params)
        # Tasks first, then the parameters that they are to have.
        keys = sorted(params, key=lambda key: key.count("__"))
        nested = {key: params[key] for key in keys if key.startswith("pretext__")}
        super().set_params(**{key: params[key] for key in params.keys() - nested})
        named = name_tasks(self.pretext)
        for key, value in nested.items():
            name, _, parameter = key.removeprefix("pretext__").partition("__")
            if name not in named:
                raise ValueError(
                    f"No pretext task {name!r} in {type(self).__name__}; there are "
                    f"{', '.join(named)}."
                )
            if parameter:
                named[name].set_params(**{parameter: value})
            else:
                named[name] = value
        if nested:
            self.pretext = list(named.values())
        return self


def _as_list(pretext):
    if pretext is None:
        return [RelativePositioning()]
    tasks = list(pretext) if isinstance(pretext, list | tuple) else [pretext]
    if not tasks or not all(isinstance(task, PretextTask) for task in tasks):
        hint = f"; write {pretext.__name__}()" if isinstance(pretext, type) else ""
        raise ValueError(
            "pretext must be a pretext task, such as RelativePositioning(), or a list "
            f"of tasks, 'random' or None, got {pretext!r}{hint}."
        )
    return tasks


def _is_task_list(pretext):
    return isinstance(pretext, list | tuple) and all(
        isinstance(task, PretextTask) for task in pretext
    )
