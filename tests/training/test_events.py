import itertools

from skconv.training.events import Handlers, Pace


def test_calls_grow_until_they_take_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("skconv.training.events.time.perf_counter", lambda: now[0])
    pace, found = Pace(), []
    for start, stop in pace.cut(40):
        now[0] += 0.03 * (stop - start)
        found.append(stop - start)
    assert found == [1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1]
    assert [stop - start for start, stop in pace.cut(10)] == [8, 2]


def test_steps_are_cut_without_gaps():
    for total in (1, 2, 7, 100):
        pieces = list(Pace(3).cut(total))
        assert pieces[0][0] == 0
        assert pieces[-1][1] == total
        assert all(one[1] == other[0] for one, other in itertools.pairwise(pieces))


def test_handlers_are_added_for_each_epoch_or_for_new_rows():
    handlers = Handlers([], [], [], [])
    handlers.add(len, each_epoch=True)
    handlers.add(max, each_epoch=False)
    assert (handlers.on_epoch_finished, handlers.on_rows) == ([len], [max])


def test_the_pace_depends_on_the_time_that_counts():
    pace = Pace()
    list(pace.cut(4, lambda seconds: 1.0))
    assert pace.steps == 1
    list(pace.cut(4, lambda seconds: 0.0))
    assert pace.steps > 1
