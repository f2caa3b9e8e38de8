import pytest

from tests.core.reading.limit_examples import LIMITS


@pytest.fixture
def limits():
    return LIMITS
