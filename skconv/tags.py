"""What scikit-learn may know of a net before it is fitted."""

from __future__ import annotations

from typing import Any

from sklearn.utils import ClassifierTags, RegressorTags, Tags

from .heads import numeric


class TagsMixin:
    """The tags of a net: a regressor where all its outputs are numbers, else a classifier."""

    regression: Any
    outputs: Any

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        if all(numeric(self.regression, self.outputs)):
            tags.estimator_type = "regressor"
            tags.regressor_tags = RegressorTags()
        else:
            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags(multi_label=True)
        return tags
