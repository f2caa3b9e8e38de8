import logging
import subprocess
import sys

import pytest

from data.errors import AppDatabaseError
from data.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ana:pa%20ss@db.example:5432/fab", "postgresql://ana:****@db.example:5432/fab"),
        ("postgresql+pg8000://ana:p@ss@db/fab is away", "postgresql+pg8000://ana:****@db/fab is away"),
        ("https://ana:geheim@mlflow.example/api", "https://ana:****@mlflow.example/api"),
        ("https://t0ken@mlflow.example", "https://****@mlflow.example"),
        ("https://x.example/?token=abc&page=2#a", "https://x.example/?token=****&page=2#a"),
        ("mailto://ana:geheim@mail.example?to=b@c.example", "mailto://****"),
        ("(slack://xoxb-1/T2/C3), then", "(slack://****), then"),
        ("json://ana:geheim@hook.example/path", "json://****"),
        ("two: tgram://1:A/2 and s3://key:secret@bucket/x", "two: tgram://**** and s3://key:****@bucket/x"),
        ("http://localhost:8501/wafer?lot=A", "http://localhost:8501/wafer?lot=A"),
        ("s3://bucket/lake", "s3://bucket/lake"),
        ("/data/ana@home/x.csv: nothing", "/data/ana@home/x.csv: nothing"),
        ("nosuch://bucket", "nosuch://bucket"),
        ("pbul://a76k3d0xq", "pbul://****"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
    ],
)
def test_secrets_of_addresses_are_hidden_and_the_rest_stays(text, shown):
    assert masked(text) == shown
    assert masked(shown) == shown


def test_errors_hide_them():
    error = AppDatabaseError("postgresql://ana:geheim@db/fab", "https://b:geheim@c failed", "Write USER:PASSWORD@HOST.")
    assert "geheim" not in str(error) + repr(error) + error.where + error.problem
    assert "USER:PASSWORD@HOST" in str(error)


LOGGING = """
import logging
from data.masking import mask_logs
mask_logs(); mask_logs()
logging.warning("to %s", "https://ana:geheim@x.example")
try:
    raise ValueError("slack://geheim/geheim")
except ValueError:
    logging.exception("failed")
raise KeyError("postgresql://ana:geheim@db/fab")
"""


def test_what_a_process_logs_and_dies_of_hides_them():
    said = subprocess.run([sys.executable, "-c", LOGGING], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "geheim" not in said.stderr + said.stdout
    for words in ("https://ana:****@x.example", "slack://****", "postgresql://ana:****@db/fab", "Traceback"):
        assert words in said.stderr


def test_a_log_of_words_that_do_not_fit_is_left_to_logging(caplog):
    from data import masking

    make = logging.getLogRecordFactory()
    try:
        masking.mask_logs()
        record = logging.getLogRecordFactory()("n", logging.INFO, "p", 1, "%d", ("x",), None)
        assert record.args == ("x",)
    finally:
        logging.setLogRecordFactory(make)
        sys.excepthook = sys.__excepthook__
