"""Stand-ins for Lasagne, nolearn and Theano, with which old scripts run as they are.

``python -m skconv.compat script.py`` runs a script. In a notebook, write in the first cell::

    import skconv.compat

    skconv.compat.install()

Old names then have old meanings: nets, iterators and layers have nolearn's and Lasagne's defaults.
What cannot have them raises an error that says what to write.
"""

from .installation import install, installed, uninstall

__all__ = ["install", "installed", "uninstall"]
