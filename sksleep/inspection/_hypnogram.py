"""States of one recording over time, as known and as predicted."""

import numpy as np
from sklearn.base import ClusterMixin, DensityMixin
from sklearn.pipeline import Pipeline

from .._labels import UNLABELLED
from .._optional import import_optional
from ..windows import Windows
from ._draw_hypnogram import check_hypnogram, draw_probabilities, draw_states


class HypnogramDisplay:
    """True and predicted states of one recording over time.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one. The first
    class stands at the top. Bars show the true states, a line the predicted ones;
    stretches without a true label are hatched, and where there is no window there is
    neither bar nor line. A second panel stacks the predicted probabilities.

    Parameters
    ----------
    y_pred : array-like of shape (n_windows,)
        Predicted states; where one is -1 there is no line.
    onsets : array-like of shape (n_windows,)
        When the windows begin, in s, in any order.
    duration : float
        How long a window is, in s.
    y_true : array-like of shape (n_windows,), default=None
        True states; -1 is unlabelled. None draws the prediction alone.
    y_proba : array-like of shape (n_windows, n_classes), default=None
        Predicted probabilities, in the order of the classes.
    class_names : sequence of str, default=None
        Names of the classes; states are then positions in it. None names the classes
        by their labels, sorted.
    name : str, default=None
        Title, usually the recording's name.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The panel of states.
    proba_ax_ : matplotlib Axes or None
        The panel of probabilities.
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        The predicted states, and the thin line that joins them.

    Examples
    --------
    >>> from sksleep.inspection import HypnogramDisplay
    >>> display = HypnogramDisplay(
    ...     [0, 1, 1], onsets=[0, 30, 60], duration=30, y_true=[0, 0, 1],
    ...     y_proba=[[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]],
    ...     class_names=["wake", "REM"], name="S01",
    ... ).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['wake', 'REM']
    >>> display.proba_ax_.get_ylabel()
    'Probability'
    """

    def __init__(
        self,
        y_pred,
        *,
        onsets,
        duration,
        y_true=None,
        y_proba=None,
        class_names=None,
        name=None,
    ):
        self.y_pred = y_pred
        self.onsets = onsets
        self.duration = duration
        self.y_true = y_true
        self.y_proba = y_proba
        self.class_names = class_names
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, windows, *, recording=None, ax=None):
        """Predict the states of one recording's windows and draw them.

        Parameters
        ----------
        estimator : fitted classifier
            Its classes are positions in ``windows.class_names``.
        windows : Windows
            Those of the other recordings are left out.
        recording : int or str, default=None
            Which recording: its position in ``windows.recordings`` or its name. None
            will do where all windows are of one recording.
        ax : matplotlib Axes or pair of Axes, default=None
            As in :meth:`plot`.

        Returns
        -------
        display : HypnogramDisplay

        Raises
        ------
        ValueError
            If `windows` are no Windows, `recording` fits none of their recordings or
            several, or the estimator predicts what is no position in their
            `class_names`.
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from sksleep import Recording
        >>> from sksleep.features import BandPower
        >>> from sksleep.inspection import HypnogramDisplay
        >>> from sksleep.preprocessing import Windower
        >>> noise = np.random.default_rng(0).normal(size=(1, 12_000))
        >>> recording = Recording(
        ...     noise, 200, ["Cz"], "S01",
        ...     annotations=[(0, 30, "wake"), (30, 30, "REM")],
        ... )
        >>> windows = Windower(3.0).fit_transform([recording])
        >>> model = make_pipeline(BandPower(), LogisticRegression())
        >>> display = HypnogramDisplay.from_estimator(
        ...     model.fit(windows, windows.y), windows
        ... )
        >>> display.ax_.get_title(loc="left")
        'S01'
        """
        import_optional("matplotlib", "matplotlib")
        position = _find_recording(windows, recording)
        windows = windows[windows.recording_index == position]
        y_pred, proba = _predict(estimator, windows)
        return cls(
            y_pred,
            onsets=windows.onsets,
            duration=windows.n_times / windows.sfreq,
            y_true=windows.y,
            y_proba=proba,
            class_names=windows.class_names,
            name=windows.recordings[position].name,
        ).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        onsets,
        duration,
        y_proba=None,
        class_names=None,
        name=None,
        ax=None,
    ):
        """Draw states that were predicted before, for example by cross-validation.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_windows,)
            States; -1 in `y_true` is unlabelled. `y_true` may be None.
        onsets, duration, y_proba, class_names, name
            As in :class:`HypnogramDisplay`.
        ax : matplotlib Axes or pair of Axes, default=None
            As in :meth:`plot`.

        Returns
        -------
        display : HypnogramDisplay

        Raises
        ------
        ValueError, ImportError
            As :meth:`plot` does.

        Examples
        --------
        >>> from sksleep.inspection import HypnogramDisplay
        >>> display = HypnogramDisplay.from_predictions(
        ...     ["wake", "wake", "sleep"], ["wake", "sleep", "sleep"],
        ...     onsets=[0, 30, 60], duration=30,
        ... )
        >>> display.ax_.get_xlabel()
        'Time (s)'
        """
        return cls(
            y_pred,
            onsets=onsets,
            duration=duration,
            y_true=y_true,
            y_proba=y_proba,
            class_names=class_names,
            name=name,
        ).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes or pair of Axes, default=None
            One is for the states alone; of two, the second is for the probabilities.
            None makes a new figure, with both where there are probabilities.

        Returns
        -------
        self : HypnogramDisplay

        Raises
        ------
        ValueError
            If there is no window, two begin at one time, `onsets` or `duration` cannot
            be, the arrays differ in length, states are no positions in `class_names`,
            where there are such, or `y_proba` has not a column per class, or without
            `class_names` not in the order of the labels.
        ImportError
            If matplotlib is not installed.
        """
        hypnogram = check_hypnogram(self)
        self.ax_, self.proba_ax_ = self._make_axes(ax, len(hypnogram.class_names))
        self.figure_ = self.ax_.figure
        self.lines_ = draw_states(self.ax_, hypnogram)
        lowest = self.ax_
        if self.proba_ax_ is not None:
            draw_probabilities(self.proba_ax_, hypnogram)
            lowest = self.proba_ax_
            self.ax_.tick_params(labelbottom=False)
        lowest.set_xlabel(f"Time ({hypnogram.unit})")
        if self.name is not None:
            self.ax_.set_title(self.name, loc="left")
        return self

    def _make_axes(self, ax, n_classes):
        if ax is not None:
            states, *others = np.atleast_1d(np.asarray(ax, dtype=object))
            if others and self.y_proba is None:
                raise ValueError(
                    "The second axes are for probabilities, of which there are none; "
                    "give one."
                )
            return states, others[0] if others else None
        plt = import_optional("matplotlib.pyplot", "matplotlib")
        n_panels = 1 if self.y_proba is None else 2
        _, axes = plt.subplots(
            n_panels,
            sharex=True,
            squeeze=False,
            layout="constrained",
            figsize=(7.5, 1 + 0.3 * n_classes + 1.4 * (n_panels - 1)),
            height_ratios=[0.3 * n_classes, 1.2][:n_panels],
        )
        return axes[0, 0], axes[1, 0] if n_panels == 2 else None


def _predict(estimator, windows):
    """Return predicted states, and their probabilities or None."""
    classes = _check_classes(estimator, windows.class_names)
    X = windows
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        # Embeddings serve both.
        X, estimator = estimator[:-1].transform(windows), estimator[-1]
    if classes is None or not hasattr(estimator, "predict_proba"):
        return estimator.predict(X), None
    proba = np.zeros((len(windows), len(windows.class_names)))
    known = classes != UNLABELLED
    proba[:, classes[known]] = estimator.predict_proba(X)[:, known]
    return estimator.predict(X), proba


def _check_classes(estimator, class_names):
    """Return what an estimator predicts, positions in class_names or -1, or raise.

    None if it does not say.
    """
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(last, ClusterMixin | DensityMixin):
        raise ValueError(
            f"{type(last).__name__} numbers clusters in an order of its own, which "
            "is not that of the windows' class_names; draw them with "
            "HypnogramDisplay.from_predictions."
        )
    if not hasattr(estimator, "classes_"):
        return None
    classes = np.asarray(estimator.classes_)
    positions = range(UNLABELLED, len(class_names))
    if classes.dtype.kind not in "iu" or not set(classes) <= set(positions):
        raise ValueError(
            f"{type(estimator).__name__} predicts the classes "
            f"{', '.join(map(repr, classes.tolist()))}, which are no positions in the "
            f"windows' class_names, {tuple(class_names)}; fit it on Windows.y, cut the "
            "windows with the Windower of the training, or draw its predictions with "
            "HypnogramDisplay.from_predictions."
        )
    return classes


def _find_recording(windows, recording):
    """Return the position of the recording that is asked for."""
    if not isinstance(windows, Windows):
        raise ValueError(
            f"Expected Windows, got {type(windows).__name__}; of a Pipeline that takes "
            "recordings give model[1:] and model[0].transform(recordings), where the "
            "first step cuts windows, and draw predictions for an array with "
            "HypnogramDisplay.from_predictions."
        )
    if not len(windows):
        raise ValueError("There is no window to draw.")
    used = np.unique(windows.recording_index)
    names = {position: windows.recordings[position].name for position in used}
    if recording is None:
        found = list(used)
    else:
        found = [p for p in used if recording == names[p] or recording == p]
    if len(found) != 1:
        raise ValueError(
            f"recording={recording!r} fits {len(found)} of the windows' recordings; "
            f"choose one of {', '.join(map(repr, names.values()))}, or its position."
        )
    return int(found[0])
