"""What the transformers share: recordings or an array, checked and told apart."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils.validation import check_is_fitted, validate_data

from .._checks import (
    check_finite,
    check_finite_array,
    check_not_flat,
    check_recordings,
    refuse_what_is_no_array,
)
from ..recording import Recording
from ..windows import Windows
from ._channel_names import array_ch_names, check_names_in, occurring_ch_names
from ._in_place import check_not_overwritten

# Where scikit-learn keeps what it makes a DataFrame of: whatever a transformer with
# feature names returns, recordings and windows, too, if they are not taken out here.
_WRAPPED = "_sklearn_auto_wrap_output_keys"


class RecordingTransformer(TransformerMixin, BaseEstimator):
    """A transformer of a list of recordings, or of an array of windows.

    A subclass says how each kind is checked and transformed, and whether `fit`
    learns something from them.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters against the data.

        Parameters
        ----------
        X : list of Recording or array-like
            Recordings, or an array of shape (n_windows, n_channels, n_times) or,
            for one channel, (n_windows, n_times).
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter cannot be, alone or with these signals, or a signal is
            unusable: empty, NaN or infinite, or, of a recording, of one value
            throughout. The message names recording and channel, or the row.
        OSError
            If the disk of `memmap_dir`, where there is such a parameter, has too little
            space.
        """
        for learnt in ("n_features_in_", "feature_names_in_", "_fitted_ndim", _WRAPPED):
            vars(self).pop(learnt, None)
        if are_recordings(X):
            X = self._check_recordings(X, reset=True)
            self._fit_recordings(X)
            self._ch_names_in = occurring_ch_names(X)
            self._fitted_ndim = None
        else:
            _refuse_other_types(X)
            X = self._check_array(X, reset=True)
            self._fit_array(X)
            self._ch_names_in = array_ch_names(X)
            self._fitted_ndim = X.ndim
        if self._fitted_ndim != 2:
            setattr(self, _WRAPPED, set())
        return self

    def transform(self, X):
        """Transform recordings or an array.

        Parameters
        ----------
        X : list of Recording or array-like
            What `fit` was given: recordings or an array, which has as many dimensions.

        Returns
        -------
        X_new : list of Recording or ndarray
            As many recordings, in their order, or as many rows.

        Raises
        ------
        ValueError, OSError
            As `fit` does; a ValueError also if `fit` was given the other kind.
        """
        check_is_fitted(self)
        if are_recordings(X):
            self._check_kind(True)
            X = self._check_recordings(X, reset=False)
            return self._transform_recordings(X)
        _refuse_other_types(X)
        self._check_kind(False)
        return self._transform_array(self._check_array(X, reset=False))

    def fit_transform(self, X, y=None):
        """Fit and transform, reading the signals for their check once, not twice.

        Parameters
        ----------
        X : list of Recording or array-like
            As for `fit`.
        y : None
            Ignored.

        Returns
        -------
        X_new : list of Recording, ndarray or Windows
            As `transform` returns it.

        Raises
        ------
        ValueError, OSError
            As `fit` and `transform` do.
        """
        self.fit(X, y)
        if are_recordings(X):
            return self._transform_recordings(list(X))
        return self.transform(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the channels that come out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored, but for a check that it fits what ``fit`` was given.

        Returns
        -------
        feature_names_out : ndarray of str of shape (n_channels,)

        Raises
        ------
        ValueError
            If `input_features` do not fit, or before ``fit``.
        """
        check_is_fitted(self)
        return self._name_channels(input_features)

    def _name_channels(self, input_features):
        """Return the names of the channels that come out, if those that come in fit."""
        ch_names = self._ch_names_in if self._fitted_ndim is None else None
        check_names_in(self, input_features, ch_names)
        return np.array(self._ch_names_out(), dtype=object)

    def _ch_names_out(self):
        return self._ch_names_in

    def _check_kind(self, recordings):
        kinds = {True: "recordings", False: "an array"}
        fitted_on_recordings = self._fitted_ndim is None
        if recordings != fitted_on_recordings:
            raise ValueError(
                f"This {type(self).__name__} was fitted on "
                f"{kinds[fitted_on_recordings]}, but transform got {kinds[recordings]}."
            )

    def _check_recordings(self, recordings, *, reset):
        recordings = check_recordings(recordings)
        for recording in recordings:
            check_not_overwritten(recording)
            self._check_setup(recording)
        self._check_output(recordings)
        for recording in recordings:
            self._check_signal(recording)
        return recordings

    def _check_setup(self, recording):
        """Check the parameters against a recording's rate, channels and length."""

    def _check_output(self, recordings):
        """Check that there is room for what recordings will be transformed into."""

    def _check_signal(self, recording):
        check_finite(recording)
        check_not_flat(recording)

    def _check_array(self, X, *, reset):
        X = validate_data(
            self,
            X,
            reset=reset,
            allow_nd=True,
            dtype=("float64", "float32"),
            ensure_all_finite=False,
        )
        check_finite_array(X)
        if X.size == 0:
            raise ValueError(
                "Expected windows of at least one channel and one sample, got an array "
                f"of shape {X.shape}."
            )
        if X.ndim > 3 or (not reset and X.ndim != self._fitted_ndim):
            fitted = "" if reset else f"; fit had {self._fitted_ndim} dimensions"
            raise ValueError(
                "Expected an array of shape (n_windows, n_channels, n_times) or "
                f"(n_windows, n_times), got {X.shape}{fitted}."
            )
        return X

    def _fit_recordings(self, recordings):
        n_channels = {len(recording.ch_names) for recording in recordings}
        if len(n_channels) == 1:
            self.n_features_in_ = n_channels.pop()

    def _fit_array(self, X):
        """Learn from an array what there is to learn."""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_fitted_ndim")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _refuse_other_types(X):
    """Raise a ValueError if X is neither recordings nor an array."""
    if isinstance(X, Windows):
        raise ValueError(
            "Expected recordings or an array, got Windows. Put Windower last: windows "
            "that are filtered have artefacts at their edges, and an array does not "
            "know subjects and times. np.asarray(windows) is one, if that is meant. A "
            "pipeline that cuts windows takes recordings; give Windows to the steps "
            "after that: pipeline[1:], if its first step cuts them."
        )
    refuse_what_is_no_array(X, "recordings")


class TableOutputMixin:
    """Names for the columns of 2-D arrays; put it before the mixin that makes them."""

    def get_feature_names_out(self, input_features=None):
        """Return the names of the channels, or after ``fit`` on a 2-D array of columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input's channels or columns.

        Returns
        -------
        feature_names_out : ndarray of str
            Of recordings with different channels all that occur, in their order; of a
            3-D array ``"ch0"``, ``"ch1"``, ...

        Raises
        ------
        ValueError
            If `input_features` are others than those of ``fit``, or before it.
        """
        if getattr(self, "_fitted_ndim", 2) == 2:
            return super().get_feature_names_out(input_features)
        return self._name_channels(input_features)

    def set_output(self, *, transform=None):
        """Choose the container of 2-D output; recordings stay what they are.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            As in scikit-learn.

        Returns
        -------
        self : object
        """
        # scikit-learn refuses where nothing is wrapped, but a later fit may be on a 2-D
        # array.
        wrapped = vars(self).pop(_WRAPPED, None)
        super().set_output(transform=transform)
        if wrapped is not None:
            setattr(self, _WRAPPED, wrapped)
        return self


def are_recordings(X):
    """Tell recordings from an array. An empty list counts as recordings."""
    if isinstance(X, list | tuple):
        return not X or any(isinstance(item, Recording) for item in X)
    return isinstance(X, Recording)
