import numpy as np

from data.formats.image_mixtures import values_of_their_own, with_rare

WHITE, GREEN, RED, PALE = (255, 255, 255), (0, 200, 0), (220, 0, 0), (128, 228, 128)


def test_a_thin_mixture_of_two_frequent_values_is_no_value():
    labels = np.zeros((40, 40), np.uint8)
    labels[:, 20:], labels[:, 20] = 1, 2
    assert values_of_their_own(np.array([WHITE, GREEN, PALE]), labels).tolist() == [True, True, False]


def test_a_mixture_that_fills_dies_is_a_value():
    labels = np.zeros((40, 40), np.uint8)
    labels[:, 20:] = 1
    labels[5:11, 5:11] = 2
    assert values_of_their_own(np.array([WHITE, GREEN, PALE]), labels).all()


def test_a_colour_between_no_two_values_is_a_value_however_thin():
    labels = np.zeros((40, 40), np.uint8)
    labels[:, 20:], labels[:, 20] = 1, 2
    assert values_of_their_own(np.array([WHITE, GREEN, RED]), labels).all()


def test_a_colour_of_a_few_pixels_is_added_and_mixtures_are_not():
    values = np.array([(*WHITE, 255), (*GREEN, 255)], np.uint8)
    found, unexplained = with_rare(values, np.array([WHITE, GREEN, PALE, RED]), np.array([900, 900, 60, 9]))
    assert found.tolist() == [[*WHITE, 255], [*GREEN, 255], [*RED, 255]]
    assert unexplained == 0
    found, unexplained = with_rare(values, np.array([WHITE, GREEN, PALE, RED]), np.array([900, 900, 60, 2]))
    assert (len(found), unexplained) == (2, 2)


def test_a_thin_line_all_around_is_a_rim_and_no_mixture():
    away = np.hypot(*(np.mgrid[:200, :200] - 99.5))
    labels = np.where(away < 80, 1, 0).astype(np.uint8)
    labels[(away >= 80) & (away < 81.5)] = 2
    assert values_of_their_own(np.array([WHITE, GREEN, PALE]), labels).all()
    labels[:100][labels[:100] == 2] = 0  # an arc is what smoothing leaves
    assert values_of_their_own(np.array([WHITE, GREEN, PALE]), labels).tolist() == [True, True, False]
