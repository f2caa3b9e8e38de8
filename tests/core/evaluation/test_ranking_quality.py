import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score
from sklearn.neighbors import KNeighborsClassifier

from core.evaluation.ranking_quality import measure_ranking
from tests.core.embedding_examples import unit

LABELS = np.array(["edge", "none", "ring"])


@pytest.fixture(scope="module")
def spaces():
    rng = np.random.default_rng(4)
    centres = rng.standard_normal((3, 16))

    def drawn(count):
        kind = rng.integers(3, size=count)
        return unit(centres[kind] + 1.4 * rng.standard_normal((count, 16))), LABELS[kind]

    return (*drawn(300), *drawn(500))


def test_precision_is_counted_by_hand(spaces):
    queries, labels, gallery, held = spaces
    found = measure_ranking(queries, labels, gallery, held)
    agreed = np.array(
        [
            (held[np.argsort(-(gallery @ query))[:10]] == label).mean()
            for query, label in zip(queries, labels, strict=True)
        ]
    )
    assert found.precision_at_10 == pytest.approx(agreed.mean(), rel=1e-9)
    for label in LABELS:
        assert found.precision_by_label[label] == pytest.approx(agreed[labels == label].mean(), rel=1e-9)
    assert found.macro_precision == pytest.approx(np.mean(list(found.precision_by_label.values())))


def test_average_precision_is_scikit_learn_s(spaces):
    queries, labels, gallery, held = spaces
    found = measure_ranking(queries, labels, gallery, held)
    for label in LABELS:
        expected = [average_precision_score(held == label, gallery @ query) for query in queries[labels == label]]
        assert found.average_precision[label] == pytest.approx(np.mean(expected), rel=1e-5)


def test_knn_f1_is_scikit_learn_s_where_votes_are_not_tied(spaces):
    queries, labels, gallery, held = spaces
    model = KNeighborsClassifier(10, metric="cosine").fit(gallery, held)
    votes = np.sort(model.predict_proba(queries), axis=1)
    clear = votes[:, -1] > votes[:, -2] + 1e-9
    found = measure_ranking(queries[clear], labels[clear], gallery, held)
    expected = f1_score(labels[clear], model.predict(queries[clear]), labels=LABELS, average=None)
    assert [found.knn_f1[label] for label in LABELS] == pytest.approx(expected.tolist(), rel=1e-9)
    assert found.knn_macro_f1 == pytest.approx(expected.mean())


def test_of_tied_votes_the_nearer_label_wins():
    gallery = unit(np.array([[1, 0.1], [1, 0.2], [1, 0.3], [1, 0.4]]))
    found = measure_ranking(unit(np.array([[1.0, 0.0]])), ["b"], gallery, ["b", "a", "a", "b"])
    assert found.knn_f1 == {"b": 1.0}


def test_a_label_that_the_gallery_lacks_has_no_average_precision():
    gallery = unit(np.array([[1, 0.1], [1, 0.2]]))
    found = measure_ranking(unit(np.array([[1.0, 0.0], [1.0, 0.0]])), ["x", "a"], gallery, ["a", "a"])
    assert np.isnan(found.average_precision["x"])
    assert found.mean_average_precision == 1.0
    assert found.precision_by_label == {"a": 1.0, "x": 0.0}
