import pytest

from web.sign_in.underway import SECONDS, begin, go_on

TOKEN, OTHER = "t" * 43, "o" * 43


def test_a_journey_is_found_again_by_the_browser_that_began_it():
    journey = begin(TOKEN, "fab", "/wafers?lot=Ä")
    assert go_on(TOKEN, "fab", journey.state) == journey
    assert TOKEN not in repr(journey)
    assert journey.verifier not in journey.state
    assert len({journey.nonce, journey.verifier, journey.state, begin(TOKEN, "fab", "/").nonce}) == 4


def test_of_two_journeys_of_one_browser_both_come_back():
    one, two = begin(TOKEN, "fab", "/a"), begin(TOKEN, "fab", "/b")
    assert [go_on(TOKEN, "fab", each.state).way_back for each in (one, two)] == ["/a", "/b"]


@pytest.mark.parametrize(("token", "provider"), [(OTHER, "fab"), ("", "fab"), (TOKEN, "other")])
def test_no_other_browser_and_no_other_provider_goes_on_with_it(token, provider):
    assert go_on(token, provider, begin(TOKEN, "fab", "/").state) is None


@pytest.mark.parametrize("age", [-1, SECONDS + 1])
def test_it_ends(age):
    journey = begin(TOKEN, "fab", "/", clock=lambda: 1000.0)
    assert go_on(TOKEN, "fab", journey.state, clock=lambda: 1000.0 + age) is None
    assert go_on(TOKEN, "fab", journey.state, clock=lambda: 1000.0 + SECONDS) == journey


def test_whatever_is_changed_of_a_state_it_is_none():
    state = begin(TOKEN, "fab", "/wafers").state
    for place in range(len(state)):
        changed = state[:place] + ("A" if state[place] != "A" else "B") + state[place + 1 :]
        assert go_on(TOKEN, "fab", changed) is None


def test_a_way_back_to_another_website_is_the_first_page():
    assert begin(TOKEN, "fab", "https://evil.example/").way_back == "/"
    assert go_on(TOKEN, "fab", begin(TOKEN, "fab", "//evil.example").state).way_back == "/"
