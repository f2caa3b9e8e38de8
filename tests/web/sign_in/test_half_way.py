import time

from web.sign_in.half_way import MOST, HalfWays


def test_what_was_written_is_kept_for_the_code():
    half_ways = HalfWays()
    key = half_ways.keep("ana@fab.example", "right horse", "/wafers")
    found = half_ways.look(key)
    assert (found.email, found.password, found.way_back) == ("ana@fab.example", "right horse", "/wafers")
    assert "right horse" not in repr(found)
    half_ways.forget(key)
    assert half_ways.look(key) is None
    assert half_ways.look("") is None


def test_it_is_forgotten_after_a_while_and_never_grows():
    short = HalfWays(seconds=0.02)
    key = short.keep("a", "b", "/")
    time.sleep(0.05)
    assert short.look(key) is None
    many = HalfWays()
    keys = [many.keep("a", "b", "/") for _ in range(MOST + 5)]
    assert many.look(keys[0]) is None
    assert many.look(keys[-1]).email == "a"
