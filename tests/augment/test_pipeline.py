import pytest

from skconv.augment import Brightness, OneOf, RandomFlip, Sometimes, TenCrop, TestTime
from skconv.augment.pipeline import (
    AugmentParameters,
    as_parameters,
    check_entries,
    check_test_augment,
    read_entries,
)
from skconv.errors import Problems

IDENTIFIERS = (
    "names in augment must be identifiers without double underscores, because they become part of "
    "keywords"
)
NAMED = [("flip", RandomFlip()), ("light", Brightness(0.1))]


def faults_of(augment):
    problems = Problems()
    check_entries(read_entries(augment), problems)
    return list(map(str, problems.found))


def test_every_form_has_names():
    assert read_entries(None) == []
    assert [e.name for e in read_entries(RandomFlip())] == ["0"]
    assert [e.name for e in read_entries([max, ("mine", min), RandomFlip()])] == ["0", "mine", "2"]
    assert [e.prefix for e in read_entries(NAMED)] == ["augment_flip", "augment_light"]


def test_messages_tell_name_and_class():
    labels = [e.label for e in read_entries([("mine", max), Brightness()])]
    assert labels == ["augment 'mine' (max)", "augment[1] (Brightness)"]


def test_keywords_reach_into_inner_transforms():
    (entry,) = read_entries(Sometimes(0.5, OneOf([Brightness(), max])))
    tuned = entry.with_keywords({"transform_transforms_0_strength": 0.9, "p": 0.1}).transform
    assert (tuned.p, tuned.transform.transforms[0].strength) == (0.1, 0.9)
    assert entry.transform.p == 0.5


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (
            [RandomFlip],
            "augment[0] (RandomFlip) must be an instance, got a class; write RandomFlip()",
        ),
        ([("a", max), ("a", min)], "names in augment must be unique, got 'a' twice"),
        ([("a__b", max)], f"{IDENTIFIERS}, got 'a__b'"),
        ([("1x", max)], f"{IDENTIFIERS}, got '1x'"),
        ([max, Brightness(-1)], "augment[1] (Brightness): strength must be a number between 0.0"),
        (
            [("tta", TenCrop())],
            "augment 'tta' (TenCrop) cannot transform batches; it is for test_augment",
        ),
    ],
)
def test_entries_that_cannot_be_are_told(augment, message):
    (error,) = faults_of(augment)
    assert error.startswith(message)


def test_good_entries_have_no_faults():
    assert not faults_of(NAMED)
    assert not faults_of([max, RandomFlip(0.1)])


class TestParameters:
    def test_transforms_and_their_fields_can_be_read(self):
        found = AugmentParameters(NAMED).get_params()
        assert found["flip"] is NAMED[0][1]
        assert (found["flip__p"], found["light__strength"]) == (0.5, 0.1)
        assert AugmentParameters([max]).get_params() == {"0": max}
        assert AugmentParameters(None).get_params() == {}

    def test_another_list_is_made_in_the_form_that_was_given(self):
        new = AugmentParameters(NAMED).set_params(light__strength=0.7, flip=max)
        assert new == [("flip", max), ("light", Brightness(0.7))]
        assert NAMED[0][1] == RandomFlip()
        one = AugmentParameters(Brightness()).set_params(**{"0__strength": 0.7})
        assert one == Brightness(0.7)
        assert AugmentParameters((max, min)).set_params(**{"1": abs}) == (max, abs)

    def test_a_transform_that_is_set_comes_before_its_fields(self):
        new = AugmentParameters(NAMED).set_params(flip__strength=0.7, flip=Brightness())
        assert new[0] == ("flip", Brightness(0.7))

    @pytest.mark.parametrize(
        ("augment", "name", "message"),
        [
            (NAMED, "flop__p", "augment has no transform 'flop'. Did you mean 'flip'?"),
            (NAMED, "0__p", "augment has no transform '0'. Valid names: flip, light."),
            (None, "0__p", r"augment has no transform '0'.$"),
            (3, "0__p", r"augment has no transform '0'.$"),
            (NAMED, "flip__q", r"augment 'flip' \(RandomFlip\): RandomFlip has no parameter 'q'."),
            ([max], "0__q", r"augment\[0\] \(max\): <built-in function max> has no parameter 'q'"),
        ],
    )
    def test_unknown_names_are_told(self, augment, name, message):
        with pytest.raises(ValueError, match=message):
            AugmentParameters(augment).set_params(**{name: 1})

    def test_those_of_a_tunable_are_its_fields(self):
        given = TestTime(TenCrop(pad=2))
        assert as_parameters(given).get_params()["transforms__pad"] == 2
        assert as_parameters(given).set_params(transforms__pad=3) == TestTime(TenCrop(pad=3))
        assert as_parameters(max) is max


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            TestTime(TenCrop(pad=-1)),
            r"test_augment \(TestTime\): transforms \(TenCrop\): pad must be a finite",
        ),
        (
            TenCrop(),
            r"test_augment must be a TestTime, got TenCrop; write TestTime\(TenCrop\(...\)\)",
        ),
        (RandomFlip(), r"a TestTime, got RandomFlip; write TestTime\(RandomFlip\(...\)\)"),
    ],
)
def test_what_cannot_predict_is_told(value, message):
    with pytest.raises(ValueError, match=message):
        check_test_augment(value)


def test_functions_and_none_may_predict():
    check_test_augment(None)
    check_test_augment(max)
    check_test_augment(TestTime(TenCrop()))
