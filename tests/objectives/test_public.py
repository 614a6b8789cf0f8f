from skconv import objectives


def test_the_public_losses():
    public = {name for name in vars(objectives) if callable(getattr(objectives, name))}
    losses = {
        name
        for name in public
        if name.endswith(("_crossentropy", "_loss", "_error", "_nll", "_deviance"))
    }
    others = {"binary_accuracy", "categorical_accuracy", "objective"}
    assert set(objectives.__all__) == losses | others
