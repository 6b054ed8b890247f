"""Learning curves drawn."""

from collections import Counter
from collections.abc import Mapping

from .._optional import import_optional
from .._warn import warn
from ._draw_curve import curves_on, draw_curve, finish_axes
from ._learning_curve import per_class_learning_curve


class PerClassLearningCurveDisplay:
    """Scores against the number of labels per class, one line per curve.

    Use :meth:`from_curves` or :meth:`from_estimator` to make one. The axis of label
    counts is logarithmic; "all" stands at its mean number of labels per class. A
    line joins means over folds and repeats. Where some folds have no value, their
    class being smaller than the limit, the mean over the others is hollow.

    Parameters
    ----------
    label_counts : dict of str to array-like of shape (n_limits,)
        For each curve, labels per class.
    scores : dict of str to array-like of shape (n_limits, n_folds, n_repeats)
        For each curve, its scores; NaN where there is none.
    all_counts : dict of str to float, default=None
        For curves that have it, the count that is labelled "all".
    score_name : str, default=None
        Label of the axis of scores.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        One per curve.

    Examples
    --------
    >>> from sksleep.model_selection import PerClassLearningCurveDisplay
    >>> counts = [1, 10, 40]
    >>> scores = [[[0.5], [0.6]], [[0.7], [0.8]], [[0.9], [0.9]]]  # of two folds
    >>> display = PerClassLearningCurveDisplay(
    ...     {"RP": counts}, {"RP": scores}, all_counts={"RP": 40}, score_name="Accuracy"
    ... ).plot(chance_level=1 / 3)
    >>> display.lines_[0].get_ydata()
    array([0.55, 0.75, 0.9 ])
    """

    def __init__(self, label_counts, scores, *, all_counts=None, score_name=None):
        self.label_counts = label_counts
        self.scores = scores
        self.all_counts = all_counts
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        groups=None,
        cv=None,
        samples_per_class=None,
        n_repeats=1,
        scoring=None,
        unlabelled="auto",
        params=None,
        n_jobs=None,
        random_state=None,
        verbose=0,
        name=None,
        ax=None,
        spread="band",
        chance_level=None,
    ):
        """Compute a learning curve and draw it.

        Parameters
        ----------
        estimator, X, y, groups, cv, samples_per_class, n_repeats, scoring, \
unlabelled, params, n_jobs, random_state, verbose
            As in :func:`per_class_learning_curve`; `scoring` gives a single score.
        name : str, default=None
            The curve's name in the legend. None takes the estimator's class.
        ax, spread, chance_level
            As in :meth:`plot`.

        Returns
        -------
        display : PerClassLearningCurveDisplay

        Raises
        ------
        ValueError
            As :func:`per_class_learning_curve` does, and if `scoring` gives several
            scores.
        ImportError
            If matplotlib is not installed; before any fit.
        """
        import_optional("matplotlib", "matplotlib")
        _check_spread(spread)
        _check_single(scoring)
        curve = per_class_learning_curve(
            estimator,
            X,
            y,
            groups=groups,
            cv=cv,
            samples_per_class=samples_per_class,
            n_repeats=n_repeats,
            scoring=scoring,
            unlabelled=unlabelled,
            params=params,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        name = type(estimator).__name__ if name is None else name
        return cls.from_curves(
            {name: curve}, ax=ax, spread=spread, chance_level=chance_level
        )

    @classmethod
    def from_curves(
        cls, curves, *, scoring=None, ax=None, spread="band", chance_level=None
    ):
        """Draw curves that were computed before, together.

        Parameters
        ----------
        curves : dict of str to PerClassLearningCurve
            Curves by their name in the legend.
        scoring : str, default=None
            Which of their scores. None will do where they have one.
        ax, spread, chance_level
            As in :meth:`plot`.

        Returns
        -------
        display : PerClassLearningCurveDisplay

        Raises
        ------
        ValueError
            If `curves` is no dict, or the curves have no score in common or several,
            of which `scoring` names none.
        ImportError
            If matplotlib is not installed.

        Warns
        -----
        UserWarning
            If a fold tests other groups, such as subjects, in one curve than in
            another: those curves differ by that, too.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sksleep.model_selection import (
        ...     PerClassLearningCurveDisplay, per_class_learning_curve
        ... )
        >>> X, y = load_iris(return_X_y=True)
        >>> curve = per_class_learning_curve(
        ...     LogisticRegression(max_iter=1000), X, y, scoring="accuracy"
        ... )
        >>> display = PerClassLearningCurveDisplay.from_curves({"iris": curve})
        >>> [label.get_text() for label in display.ax_.get_xticklabels()]
        ['1', '10', 'all']
        """
        import_optional("matplotlib", "matplotlib")
        if not isinstance(curves, Mapping):
            raise ValueError(
                "curves must be a dict of names and PerClassLearningCurves, got "
                f"{type(curves).__name__}; write {{name: curve}}."
            )
        chosen = {name: _choose(curve, scoring, name) for name, curve in curves.items()}
        if len(set(chosen.values())) != 1:
            raise ValueError(
                "Curves drawn together need a score in common, got "
                f"{', '.join(sorted(set(chosen.values()))) or 'no curve'}."
            )
        _warn_of_other_groups(curves)
        score_name = next(iter(chosen.values()))
        counts = {name: curve.mean_label_counts for name, curve in curves.items()}
        display = cls(
            counts,
            {name: curve.scores[score_name] for name, curve in curves.items()},
            all_counts={
                name: counts[name][-1]
                for name, curve in curves.items()
                if curve.samples_per_class[-1] == "all"
            },
            score_name=score_name.replace("_", " ").capitalize(),
        )
        return display.plot(ax=ax, spread=spread, chance_level=chance_level)

    def plot(self, ax=None, *, spread="band", chance_level=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure. Curves that are there already, drawn by another
            display, keep their colours and ticks.
        spread : {"band", "bar", None}, default="band"
            How to show the standard deviation over folds and repeats, if at all.
            Bars of several curves stand side by side.
        chance_level : float, default=None
            Where to draw a dashed line. Of balanced accuracy chance is 1 / n_classes
            where all test folds hold every class, as `test_label_counts` of the curve
            tells, and more where they do not.

        Returns
        -------
        self : PerClassLearningCurveDisplay

        Raises
        ------
        ValueError
            If `spread` is none of these.
        ImportError
            If matplotlib is not installed.
        """
        plt = import_optional("matplotlib.pyplot", "matplotlib")
        _check_spread(spread)
        if ax is None:
            _, ax = plt.subplots(layout="constrained", figsize=(4.8, 3.6))
        self.ax_, self.figure_ = ax, ax.figure
        all_counts = self.all_counts or {}
        n_before = len(curves_on(ax, but=getattr(self, "lines_", ())))
        self.lines_ = [
            draw_curve(
                ax,
                name,
                counts,
                self.scores[name],
                all_count=all_counts.get(name),
                position=position,
                n_curves=n_before + len(self.label_counts),
                spread=spread,
            )
            for position, (name, counts) in enumerate(
                self.label_counts.items(), n_before
            )
        ]
        if chance_level is not None:
            style = {"color": "0.4", "linestyle": "--", "linewidth": 1, "zorder": 1}
            ax.axhline(chance_level, label="chance", **style)
        finish_axes(ax, self.score_name)
        if n_before + len(self.lines_) > 1 or chance_level is not None:
            ax.legend(loc="best", frameon=False)
        return self


def _check_spread(spread):
    if spread not in ("band", "bar", None):
        raise ValueError(f"spread must be 'band', 'bar' or None, got {spread!r}.")


def _check_single(scoring):
    """Raise a ValueError if what is asked for is plainly not a single score."""
    if isinstance(scoring, (list, tuple, set, dict)) and len(scoring) != 1:
        raise ValueError(
            f"scoring must give a single score to draw, got {scoring!r}; compute the "
            "curve with per_class_learning_curve and draw each score with from_curves."
        )


def _choose(curve, scoring, name):
    """Return the name of the score to draw of a curve."""
    if scoring is None and len(curve.scores) == 1:
        return next(iter(curve.scores))
    if scoring in curve.scores:
        return scoring
    raise ValueError(
        f"Curve {name!r}: scoring must be one of {', '.join(curve.scores)}, "
        f"got {scoring!r}."
    )


def _warn_of_other_groups(curves):
    """Warn of curves whose folds test other groups than those of the first one."""
    # The order of folds makes no difference to what is drawn.
    grouped = {
        name: Counter(frozenset(map(str, groups)) for groups in curve.test_groups)
        for name, curve in curves.items()
        if curve.test_groups is not None
    }
    first = next(iter(grouped), None)
    others = [repr(name) for name in grouped if grouped[name] != grouped[first]]
    if others:
        warn(
            f"The folds of {', '.join(others)} test other groups than those of "
            f"{first!r}, so that scores differ by the groups, too; give all curves "
            "the same folds, for example cv=LeaveOneGroupOut()."
        )
