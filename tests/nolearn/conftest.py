import pytest

from .nets import X, make_image_net, make_net, make_regressor, y


@pytest.fixture(scope="session")
def fitted():
    """A fitted net, which tests leave as it is."""
    return make_net().fit(X, y)


@pytest.fixture(scope="session")
def image_net():
    """A convolutional net, which tests leave as it is."""
    return make_image_net().initialize()


@pytest.fixture(scope="session")
def regressor():
    """A fitted regressor, which tests leave as it is."""
    return make_regressor().fit(X, X[:, 0])
