"""Packages that sksleep can do without until they are needed."""

from importlib import import_module


def import_optional(module, extra):
    """Import a package, or say which extra of sksleep brings it.

    Parameters
    ----------
    module : str
        What to import, for example ``"mne"`` or ``"matplotlib.pyplot"``.
    extra : str
        The extra of sksleep that installs it.

    Returns
    -------
    module : module
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if error.name not in (module, package):  # something that the package needs
            raise
        raise ImportError(
            f"This needs {package}, which is not installed: "
            f'pip install "sksleep[{extra}]".'
        ) from error
